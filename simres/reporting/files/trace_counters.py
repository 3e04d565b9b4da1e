"""Counters of a trace over time: memory by tensor, bandwidth, power.

The unit is part of a counter's name. A tensor is a counter of its own: it is said again only when it
changes, which a counter with several values would have to do for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simres.analysis.energy import by_task, power_uw
from simres.analysis.occupancy import by_tensor, occupancy
from simres.analysis.rates import bandwidth, power
from simres.result import Result

_TENSORS = 8
"""Tensors of a memory that are told apart, those with the most bytes x time; all others are one."""
OTHERS = "(others)"

Sample = tuple[int, str, str, int]
"""A moment in picoseconds, a counter's name, its unit, and the value from then on."""


def counters(result: Result) -> Iterator[Sample]:
    """Every counter of a result with a full record, each in order of time."""
    for memory in result.record.memories:
        for moment, held in occupancy(result.stays, memory):
            yield moment, f"{memory} (bytes)", "bytes", held
        before: Mapping[str, int] = {}
        for moment, tensors in by_tensor(result.stays, memory, _TENSORS, OTHERS):
            for tensor, held in tensors.items():
                if held != before.get(tensor):
                    yield moment, f"{memory}: {tensor} (bytes)", "bytes", held
            before = tensors
    for bus, rates in bandwidth(result.program, result.record).items():
        for moment, rate in rates:
            yield moment, f"{bus} (bytes/s)", "bytes/s", rate
    if result.energy.total_fj:
        costs = {name: engine.energy for name, engine in result.chip.items()}
        task_fj = [sum(fj for _, fj in parts) for parts in by_task(result.program, result.scheduled, costs)]
        static_uw = power_uw(sum(result.energy.static_fj.values()), result.makespan_ps)
        for moment, taken in power(result.record, task_fj, static_uw):
            yield moment, "power (uW)", "uW", taken
