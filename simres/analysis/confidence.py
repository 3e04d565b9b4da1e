"""Confidence intervals of a mean by Student's t distribution."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan, cos, pi, sin, sqrt
from statistics import fmean, stdev

_HALVINGS = 200


def within(t: float, freedom: int) -> float:
    """The probability that Student's t lies between -t and t, for `freedom` degrees of freedom.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(3 if odd else 2, freedom - 1, 2):
        term *= cos(angle) ** 2 * (step - 1) / step
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


def quantile(confidence: float, freedom: int) -> float:
    """The t at which `within` equals `confidence`, by bisection."""
    low, high = 0.0, 1.0
    while within(high, freedom) < confidence:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return high


def interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """The mean of independent values and the half-width of its confidence interval; 0 for a single value."""
    if len(values) < 2:
        return fmean(values), 0.0
    return fmean(values), quantile(confidence, len(values) - 1) * stdev(values) / sqrt(len(values))
