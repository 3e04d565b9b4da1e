"""Compares results: totals, engines, critical paths and layers.

Layers and causes are compared by the time they have on the critical path. These times add up to the
makespan, so the differences add up to the difference of the makespans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_uppercase
from typing import Any, NamedTuple

from simres.analysis.critical_path import Stretch, critical_path, summed
from simres.errors import SimresError
from simres.program.record import RecordLevel
from simres.result import Result

MOST = len(ascii_uppercase)
"""The most results that can be compared: one per letter."""
_UNSAID = ("name", "description", "expect", "schema_version")
NOWHERE = ""
"""The layer name for time in which no layer was active."""


class Measure(StrEnum):
    """The unit of a row's values: picoseconds, femtojoules, bytes, square micrometres, or a count."""

    TIME = "ps"
    ENERGY = "fJ"
    SIZE = "B"
    AREA = "um2"
    COUNT = "count"


class ComparisonRow(NamedTuple):
    """One item in every result: its value in each, None where a result lacks the item.

    `part` qualifies `name` where needed: for an engine, its state.
    """

    name: str
    part: str
    measure: Measure
    values: tuple[int | None, ...]

    @property
    def effect(self) -> int:
        """The largest difference from the first result."""
        first, *others = (value or 0 for value in self.values)
        return max((abs(other - first) for other in others), default=0)


class Setting(NamedTuple):
    """A value that differs between the scenarios: its dotted path, and its text in each, None where a
    scenario lacks it."""

    path: str
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Results by letter, and rows of values in that order.

    `settings` are the differences between the scenarios, other than names and expectations.

    `path` and `layers` are times on the critical path, largest difference first; each adds up to the
    makespans. They are empty unless all Records are full.
    """

    results: Mapping[str, Result]
    settings: tuple[Setting, ...]
    totals: tuple[ComparisonRow, ...]
    engines: tuple[ComparisonRow, ...]
    path: tuple[ComparisonRow, ...]
    layers: tuple[ComparisonRow, ...]


def compare(results: Sequence[Result]) -> Comparison:
    """Compares results side by side, the first as A. Raises `SimresError` for fewer than two, or too many."""
    if not 2 <= len(results) <= MOST:
        raise SimresError(
            f"{len(results)} result{'' if len(results) == 1 else 's'} to compare: give 2 to {MOST}",
            "`simres compare A B` takes stored results and scenarios",
        )
    full = all(result.record.level is RecordLevel.FULL for result in results)
    paths = [critical_path(result.program, result.record) for result in results] if full else []

    def rows(key: Callable[[Result, Stretch], tuple[str, str]]) -> tuple[ComparisonRow, ...]:
        sums = []
        for result, path in zip(results, paths, strict=True):
            sums.append(summed((key(result, stretch), stretch.took_ps) for stretch in path))
        return tuple(sorted(_rows(sums, Measure.TIME), key=lambda row: -row.effect))

    return Comparison(
        results=dict(zip(ascii_uppercase, results, strict=False)),
        settings=tuple(_settings(results)),
        totals=tuple(_totals(results)),
        engines=tuple(_rows([_engines(result) for result in results], Measure.TIME)),
        path=rows(lambda result, stretch: (result.row_of(stretch.engine), stretch.cause.value))
        if full
        else (),
        layers=rows(lambda result, stretch: (_layer(result, stretch), "")) if full else (),
    )


def _settings(results: Sequence[Result]) -> Iterator[Setting]:
    stated = [dict(_flat(result.origin.scenario)) for result in results]
    for path in dict.fromkeys(path for each in stated for path in each):
        values = tuple(each.get(path) for each in stated)
        if len(set(values)) > 1 and path.partition(".")[0] not in _UNSAID:
            yield Setting(path, values)


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields the leaves of a document by dotted path; a list is one text."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", ", ".join(map(str, value)) or "none"
        elif value is not None:
            yield f"{prefix}{key}", str(value)


def _rows(sums: Sequence[Mapping[tuple[str, str], int]], measure: Measure) -> list[ComparisonRow]:
    """Returns a row for each name that any of the results has, in order of first appearance."""
    names = dict.fromkeys(name for found in sums for name in found)
    return [ComparisonRow(*name, measure, tuple(found.get(name) for found in sums)) for name in names]


def _totals(results: Sequence[Result]) -> list[ComparisonRow]:
    rows = [ComparisonRow("makespan", "", Measure.TIME, tuple(result.makespan_ps for result in results))]
    if len({result.images for result in results}) > 1:
        rows.append(ComparisonRow("images", "", Measure.COUNT, tuple(result.images for result in results)))
        each = tuple(result.makespan_ps // result.images for result in results)
        rows.append(ComparisonRow("time per inference", "", Measure.TIME, each))
    energy = tuple(result.energy.total_fj for result in results)
    if any(energy):
        rows.append(ComparisonRow("energy", "", Measure.ENERGY, energy))
    areas = tuple(result.area.um2 if result.area else None for result in results)
    if len(set(areas)) > 1:
        rows.append(ComparisonRow("area", "", Measure.AREA, areas))
    read = tuple(sum(layer.read_bytes for layer in result.layers) for result in results)
    written = tuple(sum(layer.written_bytes for layer in result.layers) for result in results)
    rows.append(ComparisonRow("read from DRAM", "", Measure.SIZE, read))
    rows.append(ComparisonRow("written to DRAM", "", Measure.SIZE, written))
    memories = dict.fromkeys(name for result in results for name in result.record.memories)
    for name in memories:
        held = [result.record.memories.get(name) for result in results]
        rows.append(
            ComparisonRow(
                f"{name}, fullest", "", Measure.SIZE, tuple(each.peak if each else None for each in held)
            )
        )
    rows.append(
        ComparisonRow("tasks", "", Measure.COUNT, tuple(len(result.program.tasks) for result in results))
    )
    return rows


def _engines(result: Result) -> dict[tuple[str, str], int]:
    """Returns the busy time, the stall time by cause and the idle time of every engine that had work; of
    equal units the mean."""
    found: dict[tuple[str, str], int] = {}
    for name, row in result.engine_rows.items():
        engine = row.totals
        if engine.tasks:
            found[name, "working"] = engine.working_ps
            for cause, ps in engine.waiting_ps.items():
                if ps:
                    found[name, cause.value] = ps
            found[name, "idle"] = engine.idle_ps
    return found


def _layer(result: Result, stretch: Stretch) -> str:
    return NOWHERE if stretch.layer < 0 else result.program.layers[stretch.layer].name
