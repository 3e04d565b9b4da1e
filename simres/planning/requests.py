"""Streams of requests: arrival times, capacity of the chip, and refusal of overload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import islice
from math import ceil
from typing import Any

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.program.record import RecordLevel
from simres.program.tasks import Program
from simres.scenario.arrivals import Load
from simres.simulation import arrival_times
from simres.simulation.run import run_stream
from simres.simulation.stream import Stream
from simres.units import format_arrivals, format_duration

TRIAL = 16
"""Launches one after the other from which it is worked out what the chip can serve."""
_HINT = "`simres saturate SCENARIO --target p99=5ms` finds the rate up to which a latency is kept"


def stream_of(
    load: Load, programs: Mapping[int, Program], start_ps: int = 0, tenant: str = "", replication: int = 0
) -> Stream:
    """The stream of requests that a load describes, for Programs by size of batch.

    Tenants and replications draw arrivals of their own, the same ones at every rate.
    """
    return Stream(
        programs,
        partial(_arrivals, load, tenant, replication),
        load.images,
        load.warmup,
        start_ps,
        load.deadline_ps,
        load.timeout_ps,
    )


def _arrivals(load: Load, tenant: str, replication: int) -> Iterator[int]:
    draw = arrival_times.uniform(load.seed, tenant, replication)
    match load.arrivals:
        case "poisson":
            return arrival_times.poisson(load.per_ks, draw)
        case "periodic":
            return arrival_times.periodic(load.per_ks)
        case "bursty":
            return arrival_times.bursty(load.per_ks, load.burst, draw)
        case "trace":
            return islice(load.trace, None)


def capacity_per_ks(
    programs: Mapping[int, Program],
    first: Sequence[tuple[Program, int]],
    chip: Chip,
    behaviours: Mapping[str, Any],
) -> int:
    """Requests in a thousand seconds that the chip serves when they never run out; 0 where they take no time.

    From `TRIAL` launches of the largest batch, of which the second half counts. A queue is stable at rates
    below that, and at no rate above it (the saturation rule: Baccelli and Foss, 1995).
    """
    size = max(programs)
    starts = [*first, *[(programs[size], 0)] * TRIAL]
    record, _ = run_stream(starts, chip, behaviours, RecordLevel.NONE)
    ends = [launched.end_ps for launched in record.launches[len(first) :]]
    took = ends[-1] - ends[TRIAL // 2 - 1]
    return size * (TRIAL - TRIAL // 2) * arrival_times.PER_KS // took if took else 0


def alone_ps(
    starts: Sequence[tuple[Program, int]],
    request: Program | None,
    chip: Chip,
    behaviours: Mapping[str, Any],
) -> int:
    """How long `starts` take with nobody else on the chip; where there is a `request`, how long that takes
    once they are done."""
    ready = run_stream(starts, chip, behaviours, RecordLevel.NONE)[0].makespan_ps if starts else 0
    if request is None:
        return ready
    record, _ = run_stream([*starts, (request, ready)], chip, behaviours, RecordLevel.NONE)
    return record.makespan_ps - ready


def refuse_mixed(programs: Mapping[int, Program]) -> None:
    """Raises `AnswerIsNo` where Programs by size of batch do not find the same in memory, and leave it there,
    so that one could not follow the other."""
    kept = {size: _kept(program) for size, program in programs.items()}
    first = min(programs)
    for size in programs:
        if kept[size] != kept[first]:
            raise AnswerIsNo(
                f"the Programs for batches of {first} and of {size} images keep different weights on "
                "chip, so that one cannot follow the other",
                "smaller batches (`load.batch.most`), or more on-chip memory",
            )


def _kept(program: Program) -> list[tuple[str, int, str]]:
    """What a Program finds in memory, and leaves there."""
    held = (program.buffers[number] for number in program.resident_in)
    return sorted((buffer.tensor, buffer.nbytes, str(buffer.box)) for buffer in held)


def refuse_overload(load: Load, capacity: int) -> None:
    """Raises `AnswerIsNo` where requests come faster than the chip can serve them, whatever the queue."""
    if not capacity or load.arrivals == "trace":
        return
    if load.per_ks > capacity or (load.per_ks == capacity and load.arrivals != "periodic"):
        together = f" in batches of {load.sizes[-1]}" if load.sizes[-1] > 1 else ""
        raise AnswerIsNo(
            f"load.rate: {format_arrivals(load.per_ks)} is more than the chip can serve: one after the other"
            f"{together}, images come to {format_arrivals(capacity)}, so the queue would grow without end",
            _HINT,
        )


def busy_shares(
    loads: Mapping[str, Load], programs: Mapping[str, Mapping[int, Program]], chip: Chip
) -> dict[str, Fraction]:
    """The share of the time for which tenants' loads, by name, keep each engine busy; that of a trace is not
    known and does not count. Each tenant has Programs by size of batch."""
    shares = dict.fromkeys(chip.engines, Fraction(0))
    for tenant, load in loads.items():
        if load.arrivals == "trace":
            continue
        size = load.sizes[-1]
        program = programs[tenant][size]
        for name, spec in chip.engines.items():
            tasks = [task.work for task in program.tasks if task.engine == name]
            took = ceil(spec.in_a_row_ps(tasks, [spec.duration_ps(work) for work in tasks]))
            shares[name] += Fraction(took * load.per_ks, size * arrival_times.PER_KS)
    return shares


def refuse_overload_together(
    loads: Mapping[str, Load], programs: Mapping[str, Mapping[int, Program]], chip: Chip
) -> None:
    """The same for tenants: an engine may have more work than there is time; see `busy_shares`."""
    shares = busy_shares(loads, programs, chip)
    name = max(shares, key=lambda name: shares[name], default="")
    if name and shares[name] >= 1:
        asked = ", ".join(f"{tenant} {format_arrivals(load.per_ks)}" for tenant, load in loads.items())
        a_second = format_duration(int(shares[name] * 10**12))
        raise AnswerIsNo(
            f"the tenants' loads ({asked}) are more than the chip can serve: they keep `{name}` busy for "
            f"{a_second} of every second, so the queue would grow without end",
            "lower a `rate`, or give the chip a faster engine of that kind",
        )
