"""Arrival times of requests in picoseconds: the same for a seed on every machine.

No mathematical library is asked for a logarithm. An exponential variate is drawn by comparing uniform ones
(von Neumann, *Various techniques used in connection with random digits*, 1951). These come from
`random.Random.random()`, for which Python promises the same series for a seed: multiples of 2^-53, held as
integers here. A series is therefore exact, and one seed gives the same series at every rate, only stretched.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from itertools import count

from simres.units import PS_PER_S

_ONE = 1 << 53
"""The denominator of a uniform variate."""
PER_KS = 1000 * PS_PER_S
"""Picoseconds in a thousand seconds, the unit of time of rates."""


def uniform(seed: int, *names: object) -> Callable[[], int]:
    """Returns a source of integers from 0 up to, not including, 2^53, for a seed and distinguishing names."""
    text = "/".join(map(str, (seed, *names)))
    chance = random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))
    return lambda: int(chance.random() * _ONE)


def exponential(draw: Callable[[], int]) -> int:
    """An exponential variate of mean 1, in units of 2^-53.

    Uniform variates are drawn while they decrease. The event that their number is odd, with the first at x,
    has the density exp(-x); each time the number is even, the variate grows by one.
    """
    whole = 0
    while True:
        first = last = draw()
        odd = True
        while (following := draw()) < last:
            last = following
            odd = not odd
        if odd:
            return whole + first
        whole += _ONE


def poisson(per_ks: int, draw: Callable[[], int]) -> Iterator[int]:
    """Independent arrivals, on average `per_ks` in a thousand seconds."""
    units = 0
    while True:
        units += exponential(draw)
        yield units * PER_KS // (per_ks * _ONE)


def periodic(per_ks: int) -> Iterator[int]:
    """Arrivals at equal intervals, the first at 0."""
    return (number * PER_KS // per_ks for number in count())


def bursty(per_ks: int, burst: int, draw: Callable[[], int]) -> Iterator[int]:
    """Bursts of `burst` arrivals at one instant, the bursts as in `poisson`; `per_ks` arrivals on average."""
    units = 0
    while True:
        units += burst * exponential(draw)
        at = units * PER_KS // (per_ks * _ONE)
        for _ in range(burst):
            yield at
