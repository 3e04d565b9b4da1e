"""Timing of short calls on a machine that other processes use too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns, thread_time_ns

import torch

LEAST, MOST = 3, 14
"""How often a call is repeated in a row at the least and at the most."""
PATIENCE_NS = 20_000_000
"""After so long, and the least repeats, it is enough."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Picoseconds of a call: a tenth of its repeats were faster. `spread` is how far the median lies above
    that, as a share of it.

    Whatever else runs on a machine only ever adds time, so what is fast is nearer to the truth than a mean
    or median; unlike the minimum, the first decile is no single lucky repeat.
    """

    ps: int
    spread: float


def timing(times_ns: Sequence[float]) -> Timing:
    """The Timing of repeats, one or more, in nanoseconds."""
    ordered = sorted(times_ns)
    low, middle = ordered[len(ordered) // 10], ordered[len(ordered) // 2]
    return Timing(max(1, round(low * 1000)), (middle - low) / low if low else 0.0)


def clock(device: torch.device) -> Callable[[], int]:
    """What tells the nanoseconds.

    With one CPU thread it is the thread's own clock, which stands still while others have the core.
    """
    return thread_time_ns if device.type == "cpu" and torch.get_num_threads() == 1 else perf_counter_ns


def synchronise(device: torch.device) -> None:
    """Waits until the device has done what it was told; a CPU has by then."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def repeated(
    call: Callable[[], object],
    device: torch.device,
    *,
    least: int = LEAST,
    most: int = MOST,
    before: Callable[[], object] | None = None,
) -> list[float]:
    """Nanoseconds of each of some calls, after two for nothing; `before` runs ahead of each, uncounted."""
    times: list[float] = []
    spent, now = 0, clock(device)
    for number in range(most + 2):
        if before is not None:
            before()
            synchronise(device)
        start = now()
        call()
        synchronise(device)
        took = now() - start
        if number >= 2:
            times.append(took)
            spent += took
            if len(times) >= least and spent >= PATIENCE_NS:
                break
    return times
