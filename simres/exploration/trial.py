"""Simulates a scenario on chips that have more or less of one resource.

Every change is simulated twice: the same Program replayed on the changed chip, and a new Program that the
scheduler makes for it. The faster of the two counts, since a schedule that still fits can be kept. For the
same reason the schedules made for chips with less are tried on the chip as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from pydantic import ValidationError

from simres.analysis.unlimited import UnlimitedReplay
from simres.errors import SimresError
from simres.exploration.program_replay import ProgramDoesNotFit, fit, replay
from simres.exploration.whatif_outcomes import Adopted, Change, How, RunSummary, outcome
from simres.hardware.resources import Resource, with_value
from simres.hardware.specs import MemorySpec
from simres.planning.crew import Crew, plan_crew
from simres.planning.handed_on import moved
from simres.planning.plan import chip_of
from simres.plugins.registry import Registry
from simres.program.names import EngineName
from simres.program.record import Record
from simres.program.tasks import Program
from simres.program.tenants import view_name
from simres.scenario.model import Scenario
from simres.sharing.recent import RecentCache
from simres.sharing.workbench import Workbench
from simres.workload.graph import Ledger, Workload

MIB = 1 << 20

KEPT_TASKS = 1 << 17
"""Schedules of up to this many tasks in total are cached: some 100 MB."""


class Trial:
    """A scenario with its crew, planned and ready to be simulated on other chips.

    Where requests arrive over time, each network instead runs `images` times.
    """

    def __init__(
        self, scenario: Scenario, workloads: Mapping[str, Workload | Ledger], registry: Registry
    ) -> None:
        """Raises as `plan_crew` does for the scenario as it is, whose `expect` is not checked."""
        self.scenario = replace(scenario.without_requests(), expect=(), overridden=True)
        self.workloads = workloads
        self.registry = registry
        self.adopted: Adopted | None = None
        self._crews: RecentCache[Crew] = RecentCache(
            KEPT_TASKS, lambda crew: sum(len(program.tasks) for program in crew.programs.values())
        )
        self.bench = Workbench()
        self._use(plan_crew(self.scenario, workloads, registry, self.bench))

    def _use(self, crew: Crew) -> None:
        self.crew = crew
        self.program: Program
        self.record: Record
        self.program, self.record = replay(crew)
        self.base = outcome(self.program, self.record)

    def adopt(self) -> None:
        """Takes the schedule made for half of a resource (twice a delay) if that is faster on the chip as it
        is, so that no chip with less is faster than this one."""
        own_ps = self.base.makespan_ps
        for component, resource in self.resources:
            value = self.value(component, resource, How.DOUBLED if resource.is_delay else How.HALVED)
            assert value is not None
            try:
                crew = moved(self.planned(component, resource, value), self.scenario, self.registry)
                took = outcome(*replay(crew))
            except SimresError:
                continue
            if took.makespan_ps < self.base.makespan_ps:
                self.adopted = Adopted(component, resource, value, own_ps)
                self._use(crew)

    @property
    def resources(self) -> list[tuple[str, Resource]]:
        """Returns the resources of the chip that can change, each with its component."""
        return [(name, one) for name, spec in self.scenario.hardware.items() for one in spec.resources()]

    def changed(self, component: str, resource: Resource, value: int | None) -> Scenario:
        """Returns the scenario with another value of a resource; tenants keep their shares of a memory.

        Raises `SimresError` if the component does not exist.
        """
        scenario = self.scenario
        try:
            spec = with_value(scenario.hardware[component], resource, value)
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise SimresError(f"invalid `{component}`: {said}") from None
        tenants = scenario.tenants
        shared = resource.field == "capacity" and component == self._largest_memory
        if shared and value is not None:
            tenants = {
                name: replace(tenant, sram=max(1, tenant.sram * value // resource.value))
                for name, tenant in tenants.items()
            }
        return replace(scenario, hardware={**scenario.hardware, component: spec}, tenants=tenants)

    @cached_property
    def _largest_memory(self) -> str:
        """Returns the memory that is divided between tenants by their stated shares."""
        memories = {
            name: spec.capacity
            for name, spec in self.scenario.hardware.items()
            if isinstance(spec, MemorySpec)
        }
        return max(memories, key=lambda name: memories[name], default="")

    def value(self, component: str, resource: Resource, how: How) -> int | None:
        """Returns the value of a resource after a change; for an unlimited memory, room for everything."""
        if how is How.DOUBLED:
            return 2 * resource.value
        if how is How.HALVED:
            return max(0 if resource.is_delay else 1, resource.value // 2)
        spec = self.scenario.hardware[component]
        if resource.field == "capacity" and isinstance(spec, MemorySpec):
            return max(resource.value, round_up(self._everything(spec, component)))
        return resource.unlimited

    def _everything(self, spec: MemorySpec, name: str) -> int:
        """Returns bytes for all tensors, and for all buffers of all launches: no buffer is ever full then."""
        most = 0
        for tenant, member in self.crew.members.items():
            whole = _stated_bytes(member.schedule.workload, spec)
            reserved = sum(
                spec.occupied(buffer.nbytes)
                for program, _ in member.starts
                for buffer in program.buffers
                if buffer.memory == name
            )
            share = max(1, self.record.memories[view_name(name, tenant)].capacity)
            most = max(most, -(-max(whole, reserved) * spec.capacity // share))
        return most

    def replay(self, scenario: Scenario) -> RunSummary:
        """Replays the schedule on the chip of `scenario`. Raises `ProgramDoesNotFit`, or `SimresError`."""
        crew = moved(self.crew, scenario, self.registry)
        fit(crew, self.record)
        return outcome(*replay(crew))

    def planned(self, component: str, resource: Resource, value: int | None) -> Crew:
        """Returns new schedules for another value of a resource, on that chip.

        Raises `SimresError`, `AnswerIsNo` if none fits.
        """

        def make() -> Crew:
            changed = self.changed(component, resource, value)
            return plan_crew(changed, self.workloads, self.registry, self.bench)

        return self._crews.get((component, resource.field, value), make)

    def change(self, component: str, resource: Resource, how: How) -> Change:
        """Simulates one change. An unlimited resource can have the schedule made for twice as much of it."""
        value = self.value(component, resource, how)
        found = self.with_value(component, resource, value, how)
        if how is not How.FREE:
            return found
        if found.scheduled is not None:
            found = replace(found, scheduled=self._no_slower(found.scheduled, component, resource, value))
        if found.replayed is not None and found.replayed.makespan_ps > self.base.makespan_ps:
            found = replace(found, in_order_ps=self.in_order_ps(component, resource))
        return found

    def _no_slower(
        self, run: RunSummary, component: str, resource: Resource, value: int | None
    ) -> RunSummary:
        """The faster of a run with this value and one of the schedule for twice as much as there is now."""
        twice = self.value(component, resource, How.HALVED if resource.is_delay else How.DOUBLED)
        assert twice is not None
        if value is not None and not resource.better(value, twice):
            return run
        try:
            crew = self.planned(component, resource, twice)
            crew = moved(crew, self.changed(component, resource, value), self.registry)
            return _fastest(run, outcome(*replay(crew)))
        except SimresError:
            return run

    def with_value(self, component: str, resource: Resource, value: int | None, how: How) -> Change:
        """Simulates a resource with this value; `how` is the name of the change."""
        refused: list[str] = []
        replayed = scheduled = None
        try:
            scenario = self.changed(component, resource, value)
            chip_of(scenario, self.registry)
        except SimresError as error:
            return Change(component, resource, how, value, None, None, (error.message,))
        try:
            replayed = self.replay(scenario)
        except ProgramDoesNotFit as error:
            refused.append(f"the same schedule does not fit: {error}")
        except SimresError as error:
            refused.append(f"the same schedule does not run: {error.message}")
        try:
            scheduled = outcome(*replay(self.planned(component, resource, value)))
        except SimresError as error:
            refused.append(f"there is no new schedule: {error.message}")
        else:
            scheduled = _fastest(scheduled, replayed)
        return Change(component, resource, how, value, replayed, scheduled, tuple(refused))

    def in_order_ps(self, component: str, resource: Resource) -> int:
        """Returns the makespan where a component takes no time (a memory: has room for everything) and every
        grant keeps its order: at most that of the scenario as it is."""
        relaxed = UnlimitedReplay(self.program, self.record)
        if resource.field == "capacity":
            return relaxed.makespan_ps(memories=_belonging(component, self.record.memories))
        return relaxed.makespan_ps(_belonging(component, self.record.engines))


def _fastest(run: RunSummary, other: RunSummary | None) -> RunSummary:
    """Returns the faster run; the first on a tie."""
    return run if other is None or run.makespan_ps <= other.makespan_ps else other


def _belonging(component: str, names: Iterable[str]) -> list[str]:
    """Returns the engines or memories that belong to a component."""
    return [name for name in names if EngineName.parse(name).component == component]


def round_up(nbytes: int) -> int:
    """Rounds up to whole KiB, or above a few MiB to whole MiB."""
    step = MIB if nbytes > 8 * MIB else 1 << 10
    return -(-nbytes // step) * step


def _stated_bytes(workload: Workload | Ledger, spec: MemorySpec) -> int:
    """Returns the bytes in memory of all that a workload has."""
    if isinstance(workload, Workload):
        return sum(spec.occupied(tensor.nbytes) for tensor in workload.tensors.values())
    rows = workload.rows
    return sum(spec.occupied(row.coefficient_bytes + row.ifmap_bytes + row.ofmap_bytes) for row in rows)
