"""Arrival times of requests in picoseconds: the same for a seed on every machine.

Nothing here asks a logarithm of anybody's mathematical library. An exponential variate is drawn by comparing
uniform ones (von Neumann, *Various techniques used in connection with random digits*, 1951), which are
`random.Random.random()`, for which Python promises the same series for a seed: multiples of 2^-53, which are
whole numbers here. So a series is exact, and one seed gives the same series at every rate, stretched.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from itertools import count

from simres.units import PS_PER_S

_ONE = 1 << 53
"""What a uniform variate is a multiple of one part of."""
PER_KS = 1000 * PS_PER_S
"""Picoseconds in a thousand seconds, for which rates are stated."""


def uniform(seed: int, *names: object) -> Callable[[], int]:
    """Draws whole numbers from 0 up to, not including, 2^53, for a seed and whatever tells it apart."""
    text = "/".join(map(str, (seed, *names)))
    chance = random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))
    return lambda: int(chance.random() * _ONE)


def exponential(draw: Callable[[], int]) -> int:
    """An exponential variate of mean 1, in units of 2^-53.

    Uniform variates are drawn as long as they fall. That there are an odd number of them, the first at x, has
    the density exp(-x); each time there are not, the variate is larger by one.
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
    """Arrivals that know nothing of each other, so many in a thousand seconds on average."""
    units = 0
    while True:
        units += exponential(draw)
        yield units * PER_KS // (per_ks * _ONE)


def periodic(per_ks: int) -> Iterator[int]:
    """One arrival after the other in equal steps, the first at once."""
    return (number * PER_KS // per_ks for number in count())


def bursty(per_ks: int, burst: int, draw: Callable[[], int]) -> Iterator[int]:
    """Bursts of so many at one instant, the bursts as in `poisson`; `per_ks` arrivals on average in all."""
    units = 0
    while True:
        units += burst * exponential(draw)
        at = units * PER_KS // (per_ks * _ONE)
        for _ in range(burst):
            yield at
