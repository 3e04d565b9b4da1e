"""The row of figures of one design point, or the reason for its failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simres.errors import InvariantViolation, PluginFailure, SimresError
from simres.exploration.study import Study
from simres.hardware.specs import BusSpec, MemorySpec
from simres.planning.evaluate import evaluate
from simres.plugins.registry import Registry
from simres.program.record import RecordLevel
from simres.result import Result
from simres.scenario.model import Scenario

Cell = int | float | str | None
"""A row's value in a column: a figure, a text, or None."""

FigureRow = dict[str, Cell]
"""A point's values by column: its key, the knobs, the figures."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of figures: its name, which ends with the unit, and its description."""

    name: str
    meaning: str


FIGURES = (
    Figure("network", "what ran; several tenants with `+` between them"),
    Figure("program", "by which scheduler the fastest Program is"),
    Figure("makespan_ps", "time of the whole run"),
    Figure("image_ps", "time an image: the makespan over the images, rounded up"),
    Figure("energy_fj", "energy of the whole run"),
    Figure("image_fj", "energy an image, rounded up"),
    Figure("power_uw", "average power"),
    Figure("moved_bytes", "bytes over the buses, of the whole run"),
    Figure("capacity_bytes", "on-chip memory there is"),
    Figure("peak_bytes", "on-chip memory used at the fullest"),
    Figure("bandwidth_bytes_per_s", "bandwidth of all buses"),
    Figure("bound_ps", "the tightest lower bound"),
    Figure("bound", "what binds: an engine, or a term of the lower bound"),
    Figure("tasks", "tasks of the Program"),
    Figure("accuracy", "share of test images that the network gets right, if it says so"),
)
"""Every column other than the key, the knobs and `error`."""


def outcome(study: Study, point: int, registry: Registry) -> FigureRow:
    """Returns the row of a point. Any error there is put into its column `error`; none is raised."""
    try:
        scenario = study.scenario(point, registry)
        result = evaluate(scenario, study.networks(scenario), registry, RecordLevel.NONE)
        return _row(study, point, figures_of(result, scenario), None)
    except (InvariantViolation, PluginFailure) as failure:
        return failed(study, point, f"internal error: {failure.message}")
    except SimresError as failure:
        return failed(study, point, failure.message)
    except Exception as failure:
        return failed(study, point, f"internal error: {type(failure).__name__}: {failure}")


def failed(study: Study, point: int, reason: str) -> FigureRow:
    """Returns the row of a point that failed."""
    return _row(study, point, {}, " ".join(reason.split()))


def columns(study: Study) -> list[str]:
    """Returns the columns of a study's table, in order."""
    return ["key", *study.head, *(figure.name for figure in FIGURES), "error"]


def _row(study: Study, point: int, figures: Mapping[str, Cell], error: str | None) -> FigureRow:
    places = study.space.places(point)
    row: FigureRow = {"key": study.key(point)}
    row |= {key: values[at] for (key, values), at in zip(study.head.items(), places, strict=True)}
    row |= {figure.name: figures.get(figure.name) for figure in FIGURES}
    row["error"] = error
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
