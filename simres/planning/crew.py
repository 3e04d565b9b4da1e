"""A crew: the networks that share a chip, planned and run together. One network is a crew of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.planning.plan import Schedule, behaviours_of, chip_of, plan
from simres.plugins.registry import Registry
from simres.program.record import Record, RecordLevel
from simres.program.tasks import Program
from simres.program.tenants import ONLY, combined_program, combined_record
from simres.sharing.workbench import Workbench
from simres.simulation.run import RunningTenant, run_stream, run_tenants
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    from simres.scenario.arrivals import RequestLoad
    from simres.scenario.model import Scenario
    from simres.simulation.stream import Stream


@dataclass(frozen=True)
class Member:
    """One network of a crew: its part of the chip, its schedule, and when and how often it runs.

    It runs `images` times from `start_ps` on, or on each request of `load`. If several tasks wait for an
    engine, those of a higher `priority` go first. `chip` need not be the one that the schedule was made for.
    """

    chip: Chip
    schedule: Schedule
    images: int
    load: RequestLoad | None = None
    start_ps: int = 0
    priority: int = 0

    @property
    def starts(self) -> Sequence[tuple[Program, int]]:
        """The Programs launched at set times in picoseconds; requests follow them."""
        return [(program, self.start_ps + at_ps) for program, at_ps in self.schedule.starts]

    @property
    def repeats(self) -> int:
        """The number of runs of the network."""
        return self.images if self.load is None else self.load.images

    @property
    def tried(self) -> tuple[Record, int] | None:
        """The result of trying the kept Program in planning, if that is the run of this member alone."""
        moved = self.chip is not self.schedule.chip or self.start_ps
        return None if moved or self.load is not None else self.schedule.ran

    def stream(self, name: str, replication: int = 0) -> Stream | None:
        """Its stream of requests under this name, as drawn for a replication; None without requests."""
        if self.load is None:
            return None
        from simres.planning.requests import stream_of

        return stream_of(self.load, self.schedule.sizes, self.start_ps, name, replication)


@dataclass(frozen=True)
class Crew:
    """A chip and the networks on it, by name; the network of a crew of one has the empty name.

    `behaviours` gives the behaviour of each component in time.
    """

    chip: Chip
    behaviours: Mapping[str, Any]
    members: Mapping[str, Member]

    @cached_property
    def programs(self) -> Mapping[str, Program]:
        """Everything that each member launches, as one Program per member."""
        return {name: member.schedule.joined for name, member in self.members.items()}

    @cached_property
    def program(self) -> Program:
        """The Programs of all members in one."""
        return combined_program(self.programs)

    @property
    def loads(self) -> Mapping[str, RequestLoad]:
        """The requests over time, by member; members that run at set times are left out."""
        return {name: member.load for name, member in self.members.items() if member.load is not None}


def plan_crew(
    scenario: Scenario,
    workloads: Mapping[str, Workload | Ledger],
    registry: Registry,
    bench: Workbench | None = None,
    *,
    brief: bool = False,
) -> Crew:
    """Plans the best Program for each network of a scenario in its part of the chip.

    `workloads` are by tenant; a single network has the empty name. Raises `SimresError` for a tenant that is
    a ledger, and like `simres.planning.plan.plan`, which explains `brief`
    and `bench`.
    """
    bench = bench or Workbench()
    members = {}
    for name, own in scenario.parts().items():
        workload = workloads[name]
        if name != ONLY and isinstance(workload, Ledger):
            raise SimresError(
                f"tenant `{name}` is the ledger `{workload.name}`, and tenants must be traced networks",
                "a ledger has no graph, so its use of memory is unknown",
            )
        schedule = plan(own, workload, registry, bench, brief=brief)
        tenant = scenario.tenants.get(name)
        start_ps, priority = (tenant.start_ps, tenant.priority) if tenant else (0, 0)
        members[name] = Member(schedule.chip, schedule, own.images, own.load, start_ps, priority)
    chip = chip_of(scenario, registry)
    return Crew(chip, behaviours_of(chip, registry), members)


def run_crew(
    crew: Crew, level: RecordLevel = RecordLevel.FULL, *, replication: int = 0
) -> dict[str, tuple[Record, int]]:
    """Runs all members at once; returns for each what `simres.simulation.run.run_tenants` returns.

    Requests arrive as drawn for the `replication` of that number. If planning already made the Record of this
    very run, that one is returned.
    """
    if level is RecordLevel.NONE and len(crew.members) == 1:
        ((name, member),) = crew.members.items()
        if (tried := member.tried) is not None:
            return {name: tried}
    tenants = [
        RunningTenant(member.chip, member.starts, member.priority, member.stream(name, replication))
        for name, member in crew.members.items()
    ]
    ran = run_tenants(tenants, crew.chip, crew.behaviours, level)
    return dict(zip(crew.members, ran, strict=True))


def record_of(crew: Crew, ran: Mapping[str, tuple[Record, int]]) -> Record:
    """The result of `run_crew` as one Record, of `crew.program`."""
    return combined_record({name: record for name, (record, _) in ran.items()}, crew.programs)


def alone_ps(member: Member, behaviours: Mapping[str, Any]) -> int:
    """Picoseconds that a member takes with its part of the memory, but otherwise alone on the chip.

    With requests over time, this is one request after everything that precedes it.
    """
    schedule = member.schedule
    ready_ps = 0
    if schedule.starts:
        ready_ps = run_stream(schedule.starts, member.chip, behaviours, RecordLevel.NONE)[0].makespan_ps
    if member.load is None:
        return ready_ps
    starts = [*schedule.starts, (schedule.program, ready_ps)]
    return run_stream(starts, member.chip, behaviours, RecordLevel.NONE)[0].makespan_ps - ready_ps
