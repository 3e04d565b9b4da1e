"""How long a call takes, on a machine that others use too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns, thread_time_ns

import torch

LEAST, MOST = 7, 40
"""How often a call is repeated at the least and at the most."""
PATIENCE_NS = 50_000_000
"""After so long, and the least repeats, it is enough."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Picoseconds of a call: the lower quartile of its repeats, and how far the upper one lies above it.

    Whatever else runs on a machine only ever adds time, so the lower quartile is nearer to the truth than
    the median or the mean; unlike the minimum it is no single lucky repeat. `spread` is a share of it.
    """

    ps: int
    spread: float


def quartiles(times_ns: Sequence[float]) -> Timing:
    """The Timing of repeats, one or more, in nanoseconds."""
    ordered = sorted(times_ns)
    low, high = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    return Timing(max(1, round(low * 1000)), (high - low) / low if low else 0.0)


def clock(device: torch.device) -> Callable[[], int]:
    """What tells the nanoseconds.

    With one CPU thread it is the thread's own clock, which stands still while others have the core.
    """
    return thread_time_ns if device.type == "cpu" and torch.get_num_threads() == 1 else perf_counter_ns


def synchronise(device: torch.device) -> None:
    """Waits until the device has done what it was told; a CPU has by then."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(
    call: Callable[[], object],
    device: torch.device,
    *,
    least: int = LEAST,
    most: int = MOST,
    before: Callable[[], object] | None = None,
) -> Timing:
    """Calls it again and again, after twice for nothing; `before` runs ahead of each and is not counted."""
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
    return quartiles(times)
