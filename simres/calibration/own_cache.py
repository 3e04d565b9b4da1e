"""The part of the last-level cache that this machine has to itself.

A virtual machine is told the whole cache of its host, most of which other machines use. Its own share shows
in the rate of repeated reads: cached data is read faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from simres.calibration.machine import Machine
from simres.calibration.timing import repeated, timing

NO_FASTER = 1.1
"""A read up to this many times as fast as memory counts as a read from memory."""
BEYOND = 4
"""Memory is read in an array this many times as large as the cache, ..."""
MOST_BYTES = 512 << 20
"""... and at most of this size."""


def own(stated: Machine, device: torch.device) -> Machine:
    """The machine with the cache that it has: halved as long as half of it is read no faster than memory."""
    if device.type != "cpu" or not stated.cache_known:
        return stated
    memory = _read_rate(min(BEYOND * stated.cache, MOST_BYTES), device)
    return replace(stated, cache=share(stated.cache, lambda nbytes: _read_rate(nbytes, device) / memory))


def share(cache: int, faster: Callable[[int], float]) -> int:
    """So many bytes of `cache` are there; `faster` says how many times as fast as memory bytes are read."""
    least = 1 << 20
    while cache > 2 * least and faster(cache // 2) <= NO_FASTER:
        cache //= 2
    return cache


def _read_rate(nbytes: int, device: torch.device) -> float:
    """Bytes a second at which an array is read again and again."""
    array = torch.ones(nbytes // 4, device=device)
    return nbytes / timing(repeated(array.sum, device)).ps
