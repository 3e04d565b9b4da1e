"""Engines as tables and sentences speak of them: the equal units of a component are one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simres.program.names import EngineName
from simres.program.record import EngineTotals
from simres.result.data import EngineDescription


@dataclass(frozen=True, slots=True)
class EngineRow:
    """An engine, or the equal units of one component (for a tenant: its views of them), under one `name`.

    `totals` are of the engine; of several units, times are the mean and add up to the makespan, tasks and
    bytes the sum.
    """

    name: str
    engines: tuple[str, ...]
    totals: EngineTotals

    @property
    def label(self) -> str:
        """The name in tables, with the number of units if there are several."""
        return labelled(self.name, len(self.engines))


def labelled(name: str, units: int) -> str:
    """The name of a component in tables: `matrix`, or `matrix x2` for two equal units."""
    return f"{name} x{units}" if units > 1 else name


def row_names(chip: Mapping[str, EngineDescription]) -> Mapping[str, str]:
    """The name of the row of each engine: the component's for equal units, the engine's own for any other.

    The channels of a bus share its rate and take turns, so that each of them has a row.
    """
    found = {}
    for engine, described in chip.items():
        name = EngineName.parse(engine)
        unit = name.channel is not None and described.role != "bus"
        found[engine] = str(EngineName(name.component, tenant=name.tenant)) if unit else engine
    return found


def engine_rows(names: Mapping[str, str], engines: Mapping[str, EngineTotals]) -> Mapping[str, EngineRow]:
    """The rows by name, in the order of the engines; `names` are those of `row_names`."""
    grouped: dict[str, list[str]] = {}
    for engine in engines:
        grouped.setdefault(names.get(engine, engine), []).append(engine)
    return {
        name: EngineRow(name, tuple(members), _mean([engines[member] for member in members]))
        for name, members in grouped.items()
    }


def _mean(units: Sequence[EngineTotals]) -> EngineTotals:
    first, count = units[0], len(units)
    if count == 1:
        return first
    causes = dict.fromkeys(cause for unit in units for cause in unit.waiting_ps)
    working = sum(unit.working_ps for unit in units) // count
    waiting = {cause: sum(unit.waiting_ps.get(cause, 0) for unit in units) // count for cause in causes}
    return EngineTotals(
        tasks=sum(unit.tasks for unit in units),
        working_ps=working,
        waiting_ps=waiting,
        idle_ps=first.accounted_ps - working - sum(waiting.values()),
        moved_bytes=sum(unit.moved_bytes for unit in units),
    )
