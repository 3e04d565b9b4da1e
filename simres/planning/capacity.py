"""Capacity of a chip for requests, and refusal of overload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.planning.crew import Crew, Member
from simres.program.record import RecordLevel
from simres.scenario.arrivals import RequestLoad
from simres.simulation import arrival_times
from simres.simulation.run import run_stream
from simres.units import format_arrivals, format_duration

TRIAL = 16
"""Consecutive launches from which the capacity of the chip is measured."""


def served_per_ks(member: Member, behaviours: Mapping[str, Any]) -> int:
    """Requests per thousand seconds that a member alone on its part of the chip serves under saturation; 0 if
    they take no time.

    Measured over the second half of `TRIAL` launches of the largest batch. A queue is stable at rates below
    that, and at no rate above it (the saturation rule: Baccelli and Foss, 1995).
    """
    first, sizes = member.schedule.starts, member.schedule.sizes
    size = max(sizes)
    starts = [*first, *[(sizes[size], 0)] * TRIAL]
    record, _ = run_stream(starts, member.chip, behaviours, RecordLevel.NONE)
    ends = [launched.end_ps for launched in record.launches[len(first) :]]
    took = ends[-1] - ends[TRIAL // 2 - 1]
    return size * (TRIAL - TRIAL // 2) * arrival_times.PER_KS // took if took else 0


def capacity_per_ks(crew: Crew) -> int:
    """Requests per thousand seconds that a crew of one serves. 0 without requests, and for several members,
    whose capacity depends on the mix of requests."""
    if len(crew.members) > 1 or not crew.loads:
        return 0
    (member,) = crew.members.values()
    return served_per_ks(member, crew.behaviours)


def busy_shares(members: Iterable[Member], chip: Chip) -> dict[str, Fraction]:
    """The share of the time for which the requests of these members keep each engine busy; that of a trace is
    unknown and does not count."""
    shares = dict.fromkeys(chip.engines, Fraction(0))
    for member in members:
        load = member.load
        if load is None or load.arrivals == "trace":
            continue
        size = load.sizes[-1]
        program = member.schedule.sizes[size]
        for name, spec in chip.engines.items():
            tasks = [task.work for task in program.tasks if task.engine == name]
            took = ceil(spec.in_a_row_ps(tasks, [spec.duration_ps(work) for work in tasks]))
            shares[name] += Fraction(took * load.per_ks, size * arrival_times.PER_KS)
    return shares


def refuse_overload(crew: Crew, capacity: int) -> None:
    """Raises `AnswerIsNo` if requests arrive faster than the chip can serve them, whatever the queue.

    They do if a rate is above the `capacity` (see `capacity_per_ks`) or, if that is unknown, if an engine has
    more work than time (see `busy_shares`).
    """
    if len(crew.members) > 1:
        _refuse_work(crew)
    for load in crew.loads.values():
        _refuse_rate(load, capacity)


def _refuse_rate(load: RequestLoad, capacity: int) -> None:
    if not capacity or load.arrivals == "trace":
        return
    if load.per_ks > capacity or (load.per_ks == capacity and load.arrivals != "periodic"):
        together = f" in batches of {load.sizes[-1]}" if load.sizes[-1] > 1 else ""
        raise AnswerIsNo(
            f"load.rate: {format_arrivals(load.per_ks)} is more than the chip can serve: back to back"
            f"{together}, inferences reach {format_arrivals(capacity)}, so the queue would "
            "grow without limit",
            "`simres saturate SCENARIO --target p99=5ms` finds the highest rate that meets a latency",
        )


def _refuse_work(crew: Crew) -> None:
    shares = busy_shares(crew.members.values(), crew.chip)
    name = max(shares, key=lambda name: shares[name], default="")
    if name and shares[name] >= 1:
        asked = ", ".join(f"{name} {format_arrivals(load.per_ks)}" for name, load in crew.loads.items())
        a_second = format_duration(int(shares[name] * 10**12))
        raise AnswerIsNo(
            f"the tenants' loads ({asked}) are more than the chip can serve: they keep `{name}` busy for "
            f"{a_second} of every second, so the queue would grow without limit",
            "lower a `rate`, or give the chip a faster engine of that kind",
        )
