"""Confidence intervals of what a simulation measured, worked out from the run itself."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def mean_wait(waits, confidence=0.999):
    """The mean of successive waits in a queue, and half the width of its confidence interval.

    Waits are not independent, but what happens between one request that finds the server free and the next
    such is (regenerative method, Crane and Iglehart, 1975).
    """
    cycles = []
    for wait in waits:
        if not wait:
            cycles.append([])
        cycles[-1].append(wait)
    cycles.pop()  # it may not have ended
    requests = sum(map(len, cycles))
    mean = sum(map(sum, cycles)) / requests
    deviation = sqrt(sum((sum(c) - mean * len(c)) ** 2 for c in cycles) / (len(cycles) - 1))
    return mean, NormalDist().inv_cdf((1 + confidence) / 2) * deviation * sqrt(len(cycles)) / requests
