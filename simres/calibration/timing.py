"""Times short calls on a machine that also runs other processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns, thread_time_ns

import torch

LEAST, MOST = 3, 14
"""The least and the greatest number of repeats of a call in a row."""
PATIENCE_NS = 20_000_000
"""No more repeats after this time and the least number of repeats."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Picoseconds of a call: the first decile of its repeats. `spread` is the distance of the median from it,
    as a share of it.

    Other activity on a machine only ever adds time, so a fast repeat is nearer to the truth than a mean or
    median; unlike the minimum, the first decile is not a single lucky repeat.
    """

    ps: int
    spread: float


def timing(times_ns: Sequence[float]) -> Timing:
    """Returns the Timing of one or more repeats in nanoseconds."""
    ordered = sorted(times_ns)
    low, middle = ordered[len(ordered) // 10], ordered[len(ordered) // 2]
    return Timing(max(1, round(low * 1000)), (middle - low) / low if low else 0.0)


def clock(device: torch.device) -> Callable[[], int]:
    """Returns a clock in nanoseconds.

    With one CPU thread it is the thread's own clock, which stops while other threads have the core.
    """
    return thread_time_ns if device.type == "cpu" and torch.get_num_threads() == 1 else perf_counter_ns


def synchronise(device: torch.device) -> None:
    """Waits until the device has finished its work; a CPU already has."""
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
    """Returns nanoseconds of several calls, after two warm-up calls; `before` runs untimed before each."""
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
