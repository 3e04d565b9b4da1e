"""The row of figures of one design point, or the reason for its failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from simres.errors import InvariantViolation, PluginFailure, SimresError
from simres.exploration.study import Study
from simres.hardware.specs import BusSpec, MemorySpec
from simres.planning.crew import Crew, plan_crew
from simres.planning.evaluate import evaluate
from simres.planning.handed_on import handed_on
from simres.plugins.registry import Registry
from simres.program.record import RecordLevel
from simres.result import Result
from simres.scenario.model import Scenario
from simres.sharing.workbench import Workbench

Cell = int | float | str | None
"""A row's value in a column: a figure, a text, or None."""

FigureRow = dict[str, Cell]
"""A point's values by column: its key, the knobs, the figures."""

Evaluation = Callable[[Study, Iterable[int], int], Iterator[list[FigureRow]]]
"""Evaluates points: takes a study, points, and the number of points; yields rows on completion."""

SOURCE = "schedule_from"
"""The column with the key of the point whose schedule a point uses; None if it has its own."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of figures: its name, which ends with the unit, and its description."""

    name: str
    meaning: str


FIGURES = (
    Figure("network", "what ran; several tenants with `+` between them"),
    Figure("program", "scheduler of the fastest Program"),
    Figure("makespan_ps", "time of the whole run"),
    Figure("image_ps", "time per inference: the makespan over the images, rounded up"),
    Figure("energy_fj", "energy of the whole run"),
    Figure("image_fj", "energy per inference, rounded up"),
    Figure("power_uw", "average power"),
    Figure("area_um2", "area of the chip"),
    Figure("cost_uusd", "cost of the chip, in millionths of a dollar"),
    Figure("moved_bytes", "bytes over the buses, of the whole run"),
    Figure("capacity_bytes", "capacity of on-chip memory"),
    Figure("peak_bytes", "peak of on-chip memory"),
    Figure("bandwidth_bytes_per_s", "bandwidth of all buses"),
    Figure("bound_ps", "the tightest lower bound"),
    Figure("bound", "bottleneck: an engine, or a term of the lower bound"),
    Figure("tasks", "tasks of the Program"),
    Figure("accuracy", "accuracy on the test images, if the workload states it"),
)
"""Every column other than the key, the knobs, `error` and `schedule_from`."""


def outcomes(
    study: Study, points: Iterable[int], registry: Registry, bench: Workbench
) -> Iterator[FigureRow]:
    """Yields the rows of points. Any error there is put into the column `error`; none is raised.

    Consecutive points that take the schedule of one and the same point share it.
    """
    planned: dict[int, tuple[Scenario, Crew]] = {}
    for point in points:
        if study.sources.get(point) not in planned:
            planned.clear()
        yield _outcome(study, point, registry, bench, planned)


def _outcome(
    study: Study, point: int, registry: Registry, bench: Workbench, planned: dict[int, tuple[Scenario, Crew]]
) -> FigureRow:
    """The row of a point; the schedule that it takes from another is added to `planned`."""
    try:
        scenario = study.scenario(point, registry, bench)
        crew = None
        if (source := study.sources.get(point)) is not None:
            if source not in planned:
                planned[source] = _planned(study, source, registry, bench)
            other, made = planned[source]
            crew = handed_on(made, other, scenario, registry)
        result = evaluate(scenario, study.networks(scenario), registry, RecordLevel.NONE, crew, bench)
        return _row(study, point, figures_of(result, scenario), None)
    except (InvariantViolation, PluginFailure) as failure:
        return failed(study, point, f"internal error: {failure.message}")
    except SimresError as failure:
        return failed(study, point, failure.message)
    except Exception as failure:
        return failed(study, point, f"internal error: {type(failure).__name__}: {failure}")


def _planned(study: Study, point: int, registry: Registry, bench: Workbench) -> tuple[Scenario, Crew]:
    scenario = study.scenario(point, registry, bench)
    brief = not scenario.tenants
    return scenario, plan_crew(scenario, study.networks(scenario), registry, bench, brief=brief)


def failed(study: Study, point: int, reason: str) -> FigureRow:
    """Returns the row of a point that failed."""
    return _row(study, point, {}, " ".join(reason.split()))


def columns(study: Study) -> list[str]:
    """Returns the columns of a study's table, in order."""
    return ["key", *study.head, *(figure.name for figure in FIGURES), "error", SOURCE]


def reader(study: Study) -> Callable[[FigureRow], int | None]:
    """Returns a function that finds the point of a row; None if the row is not one of this study."""
    places = [{value: at for at, value in enumerate(values)} for values in study.head.values()]

    def point_of(row: FigureRow) -> int | None:
        found = [known.get(row.get(key)) for key, known in zip(study.head, places, strict=True)]  # type: ignore[arg-type]
        if None in found:
            return None
        point = study.space.point([at for at in found if at is not None])
        return point if study.key(point) == row.get("key") else None

    return point_of


def _row(study: Study, point: int, figures: Mapping[str, Cell], error: str | None) -> FigureRow:
    places = study.space.places(point)
    row: FigureRow = {"key": study.key(point)}
    row |= {key: values[at] for (key, values), at in zip(study.head.items(), places, strict=True)}
    row |= {figure.name: figures.get(figure.name) for figure in FIGURES}
    row["error"] = error
    source = study.sources.get(point)
    row[SOURCE] = None if source is None else study.key(source)
    return row


def figures_of(result: Result, scenario: Scenario) -> Mapping[str, Cell]:
    """Returns the figures of a result, by the names in `FIGURES`."""
    spent = result.energy
    memories = [spec for spec in scenario.hardware.values() if isinstance(spec, MemorySpec)]
    buses = [spec for spec in scenario.hardware.values() if isinstance(spec, BusSpec)]
    networks = result.workloads.values()
    accuracies = [getattr(workload, "accuracy", None) for workload in networks]
    return {
        "network": "+".join(workload.name for workload in networks),
        "program": "+".join(tenant.scheduler for tenant in result.tenants.values())
        or result.program.scheduler,
        "makespan_ps": result.makespan_ps,
        "image_ps": -(-result.makespan_ps // result.images),
        "energy_fj": spent.total_fj,
        "image_fj": -(-spent.total_fj // result.images),
        "power_uw": spent.average_power_uw,
        "area_um2": result.area.um2 if result.area else None,
        "cost_uusd": result.area.uusd if result.area else None,
        "moved_bytes": sum(
            engine.moved_bytes
            for name, engine in result.record.engines.items()
            if result.chip[name].role == "bus"
        ),
        "capacity_bytes": sum(memory.capacity for memory in memories),
        "peak_bytes": sum(memory.peak for memory in result.record.memories.values()),
        "bandwidth_bytes_per_s": sum(bus.bandwidth for bus in buses),
        "bound_ps": result.bounds.makespan,
        "bound": result.bounds.tightest,
        "tasks": len(result.program.tasks),
        "accuracy": accuracies[0] if len(accuracies) == 1 else None,
    }
