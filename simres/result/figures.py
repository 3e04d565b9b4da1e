"""The figures of a finished run, derived from its Program and Record when first read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from simres.analysis.bounds import least_work
from simres.analysis.breakdown import LayerTotals, by_layer
from simres.analysis.energy import Energy, energy
from simres.analysis.reference_times import Reference, at_the_roof_ps
from simres.analysis.unused import unused
from simres.program.names import EngineName
from simres.program.tasks import TaskKind
from simres.program.tenants import ONLY
from simres.result.data import EngineDescription, Run
from simres.result.engine_rows import EngineRow, engine_rows, row_names
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    from simres.analysis.evictions import Eviction
    from simres.analysis.occupancy import Stay
    from simres.analysis.pipeline import Pipeline
    from simres.analysis.traffic_estimate import Estimate


class Figures(Run):
    """The makespan of a workload on a chip, and its causes."""

    @property
    def scheduled(self) -> Workload | Ledger:
        """The workload that the Program was made from."""
        return self.workload if self.rewritten is None else self.rewritten

    @property
    def makespan_ps(self) -> int:
        """Picoseconds from the start to the last task's end."""
        return self.record.makespan_ps

    @property
    def images(self) -> int:
        """The number of inferences."""
        if self.tenants:
            return sum(tenant.images for tenant in self.tenants.values())
        return self.repeats * _batch(self.scheduled)

    @property
    def inference(self) -> str:
        """What one inference is called: an image, or where nothing is a batch, a run."""
        if self.trace is not None:
            return "run"
        return "image" if not isinstance(self.workload, Workload) or self.workload.batched else "run"

    @property
    def workloads(self) -> Mapping[str, Workload | Ledger]:
        """The workloads of the run: that of each tenant by name; a single network has the empty name."""
        return {name: tenant.workload for name, tenant in self.tenants.items()} or {ONLY: self.workload}

    @property
    def above_lower_bound(self) -> float | None:
        """How far the makespan is above what no schedule can beat, as a share of that; None if that is 0."""
        return self.makespan_ps / self.bounds.makespan - 1 if self.bounds.makespan else None

    @cached_property
    def unused(self) -> Mapping[str, int]:
        """The components without a task or a buffer, and how many units of each."""
        roles = {name: engine.role for name, engine in self.chip.items()}
        return unused(self.program, roles, self.record.memories)

    @cached_property
    def layers(self) -> tuple[LayerTotals, ...]:
        """Totals by layer, in order."""
        return by_layer(self.program, self.record)

    @cached_property
    def tensor_bytes(self) -> tuple[int, int]:
        """The bytes loaded and stored, as they lie on chip: more than the bus moved where it compresses."""
        found = dict.fromkeys(TaskKind, 0)
        tasks = self.program.tasks
        for task, times in zip(tasks, self.record.repeats(len(tasks)), strict=True):
            found[task.kind] += times * task.work.held_bytes
        return found[TaskKind.LOAD], found[TaskKind.STORE]

    @cached_property
    def stays(self) -> tuple[Stay, ...]:
        """The buffers in on-chip memory, with their times."""
        from simres.analysis.occupancy import stays

        return stays(self.program, self.record)

    @cached_property
    def energy(self) -> Energy:
        """Joules by component and layer."""
        costs = {name: engine.energy for name, engine in self.chip.items()}
        repeats = self.record.repeats(len(self.program.tasks))
        return energy(self.program, self.scheduled, costs, self.makespan_ps, repeats)

    @cached_property
    def pipeline(self) -> Pipeline | None:
        """The throughput of a stream of inferences; None if the workload ran once."""
        if self.repeats < 2 or self.record.streams:
            return None
        from simres.analysis.pipeline import pipeline

        return pipeline(self.program, self.record, _batch(self.scheduled))

    @cached_property
    def evictions(self) -> tuple[Eviction, ...]:
        """The bytes that crossed the bus again, by tensor; empty for a ledger."""
        if not isinstance(self.scheduled, Workload) or self.record.streams:
            return ()
        from simres.analysis.evictions import evictions

        return evictions(self.program, self.scheduled, self.record)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """LB0, LB1 and the roofline, as far as they are defined for this chip."""
        found = []
        bus = [names for names in self.bounds.engines if self.role(names) == "bus"]
        if bus:
            found.append(Reference("LB0", self.bounds.engines[bus[0]], self._least_bytes, True))
        if self.estimate is not None:
            found.append(Reference("LB1", self.estimate.bus_ps, self.estimate.bus_bytes, False))
        layers = [
            (layer.read_bytes + layer.written_bytes, layer.macs, layer.vector_ops) for layer in self.layers
        ]
        roofline = at_the_roof_ps(layers, self.peak("bus"), self.peak("matrix"), self.peak("host"))
        if roofline:
            found.append(Reference("roofline", roofline, None, False))
        return tuple(found)

    @property
    def _least_bytes(self) -> int:
        """The bytes that any schedule must move over the bus."""
        parts: list[tuple[Workload | Ledger, int]]
        parts = [(tenant.scheduled, tenant.repeats) for tenant in self.tenants.values()]
        parts = parts or [(self.scheduled, self.repeats)]
        works = [least_work(workload, self.program, repeats) for workload, repeats in parts]
        return sum(work.nbytes for each in works for work in each)

    def peak(self, role: str) -> int:
        """Bytes or operations per second of the components of that role together; 0 if none is stated."""
        parts: dict[EngineName, int] = {}
        for text, engine in self.chip.items():  # the channels of a bus share its rate, tenants an engine's
            if engine.role == role and engine.peak_per_s:
                name = EngineName.parse(text).shared
                parts.setdefault(EngineName(name.component) if role == "bus" else name, engine.peak_per_s)
        return sum(parts.values())

    @cached_property
    def engine_rows(self) -> Mapping[str, EngineRow]:
        """The engines with their times, by name; the equal units of a component are one."""
        return engine_rows(self._row_names, self.record.engines)

    @cached_property
    def _row_names(self) -> Mapping[str, str]:
        return row_names(self.chip)

    def row_of(self, engine: str) -> str:
        """The name of an engine's row in `engine_rows`; any other name as it is."""
        return self._row_names.get(engine, engine)

    def units(self, name: str) -> int:
        """The number of equal units of the component of an engine or of a row; 1 for any other name."""
        return self._units.get(EngineName.parse(name).component, 1) if name else 1

    @cached_property
    def _units(self) -> Mapping[str, int]:
        found: dict[str, set[EngineName]] = {}
        for engine, row in self._row_names.items():
            if row != engine:
                name = EngineName.parse(engine).shared
                found.setdefault(name.component, set()).add(name)
        return {component: len(engines) for component, engines in found.items()}

    def role(self, names: str) -> str:
        """The role of an engine, of a component, or of several that share one (`a+b`); empty if unknown."""
        first = names if names in self.chip else names.split("+")[0]
        found = self.chip.get(first)
        if found is None and first:
            found = self._by_component.get(EngineName.parse(first).component)
        return found.role if found else ""

    @cached_property
    def _by_component(self) -> Mapping[str, EngineDescription]:
        """The first engine of each component: it may have several, and each tenant has a view of each."""
        found: dict[str, EngineDescription] = {}
        for name, engine in self.chip.items():
            found.setdefault(EngineName.parse(name).component, engine)
        return found

    @cached_property
    def estimate(self) -> Estimate | None:
        """LB1: the bus traffic of layer-by-layer schedules.

        None without graph, memory or bus peak, for a workload that ran several times, and for tenants.
        """
        if self.repeats > 1 or self.tenants:
            return None
        capacity = max((memory.capacity for memory in self.record.memories.values()), default=0)
        if not isinstance(self.scheduled, Workload) or not capacity or not self.peak("bus"):
            return None
        from simres.analysis.traffic_estimate import estimate
        from simres.passes.fuse_epilogues import fuse_epilogues

        return estimate(fuse_epilogues(self.scheduled), capacity, self.peak("bus"))

    @property
    def met(self) -> bool:
        """Whether all expectations are met."""
        return all(expectation.met for expectation in self.expectations)


def _batch(workload: Workload | Ledger) -> int:
    return workload.images if isinstance(workload, Workload) else 1
