"""Simulates a network by spreadsheet rule, by roofline, with perfect overlap per layer, and as events.

The paper's spreadsheet, from which simres started, is first corrected step by step: see `paper_sheet`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from simres import jobs
from simres.analysis.bounds import least_work
from simres.analysis.breakdown import by_layer
from simres.analysis.explanation import explain
from simres.errors import SimresError
from simres.exploration.paper_sheet import corrections, the_papers
from simres.exploration.program_replay import replay
from simres.exploration.rungs import Ladder, Rung
from simres.planning.crew import Crew, plan_crew
from simres.planning.plan import chip_of
from simres.plugins.registry import Registry, resolve
from simres.program.names import EngineName
from simres.program.record import Record
from simres.program.tasks import Work
from simres.program.tenants import ONLY
from simres.scenario import shipped
from simres.scenario.model import Scenario
from simres.sharing.workbench import Workbench
from simres.units import format_count
from simres.workload.graph import Ledger, Row, Workload
from simres.workload.json import read as read_workload
from simres.workload.operators import Unit

SHEET, SERIAL, OVERLAPPED = "paper", "serial", "overlapped"
"""The schedulers of the simulated rungs."""


def ladder(scenario: Scenario, workloads: Mapping[str, Workload | Ledger], registry: Registry) -> Ladder:
    """Returns the rungs of what a scenario runs, for one inference, or one batch if the network is batched.

    `workloads` has its only network, under the empty name. Raises `SimresError` for tenants and for a ledger
    of an unknown network, and as `plan_crew` does. The `expect:` is not checked.
    """
    if scenario.tenants:
        raise SimresError(
            f"a ladder needs one network, and this scenario has the tenants {', '.join(scenario.tenants)}",
            "`simres ladder NETWORK --chip CHIP` takes one of them",
        )
    scenario = replace(scenario.without_requests(), images=1, expect=(), overridden=True)
    given = workloads[ONLY]
    climb = _Climb(scenario, registry)
    if isinstance(given, Workload):
        return Ladder(scenario.name, given.name, _climbed(climb.by_rule(given), climb.rungs(given)))
    if not the_papers(given):
        raise SimresError(
            f"`{given.name}` is a ledger: stated figures without a network",
            "a ladder needs a network: `simres ladder NETWORK --chip CHIP`",
        )
    network = read_workload(shipped.workload("resnet20"))
    assert isinstance(network, Workload)
    sheet = (climb.sheet(name, said, ledger) for name, said, ledger in climb.story(given, network))
    return Ladder(scenario.name, network.name, _climbed(sheet, climb.rungs(network)))


def _climbed(*parts: Iterator[Rung]) -> tuple[Rung, ...]:
    """The rungs; interrupted on the command line, those there are by then."""
    rungs: list[Rung] = []
    with jobs.job("the next rung of the ladder", found=lambda: f"{len(rungs)} so far"):
        try:
            for rung in chain(*parts):
                rungs.append(rung)
        except KeyboardInterrupt:
            if not rungs or not jobs.cut_short(f"after {len(rungs)} rungs"):
                raise
    return tuple(rungs)


class _Climb:
    """A scenario whose network is run by one scheduler after another."""

    def __init__(self, scenario: Scenario, registry: Registry) -> None:
        self.scenario = scenario
        self.registry = registry
        self.bench = Workbench()
        self.chip = chip_of(scenario, registry)

    def by_rule(self, workload: Workload) -> Iterator[Rung]:
        """Returns the rung of the network by the rule of the paper's sheet."""
        network = self.planned(SERIAL, workload).members[ONLY].schedule.workload
        assert isinstance(network, Workload)
        ledger = as_ledger(network)
        macs = format_count(ledger.macs)
        said = f"{len(ledger.rows)} rows: one byte per weight, {macs} MACs, repeated on the host; no overlap"
        yield self.sheet("spreadsheet rule", said, ledger)

    def story(self, sheet: Ledger, network: Workload) -> Iterator[tuple[str, str, Ledger]]:
        """Yields the paper's sheet, then the sheet after each correction."""
        yield from corrections(sheet, network, lambda ledger: self.sheet("", "", ledger).makespan_ps)

    def sheet(self, name: str, said: str, ledger: Ledger) -> Rung:
        """Replays a ledger by the sheet's rule."""
        _, record = replay(self.planned(SHEET, ledger, passes=()))
        parts: Counter[str] = Counter()
        for engine, totals in record.engines.items():
            if totals.working_ps:
                parts[EngineName.parse(engine).component] += totals.working_ps
        return Rung(name, said, record.makespan_ps, parts, simulated=True)

    def rungs(self, workload: Workload) -> Iterator[Rung]:
        """Yields the rungs of the traced network: the lower bound, layer by layer, and as events."""
        serial = self.planned(SERIAL, workload)
        _, record = replay(serial)
        schedule = serial.members[ONLY].schedule
        whole = self.chip.least_ps(*least_work(schedule.workload, schedule.program))
        if roof := max(whole.values(), default=0):
            yield Rung(
                "roofline",
                "everything overlaps, every byte moves once, all at peak: no schedule beats it",
                roof,
                whole,
                simulated=False,
            )
            yield self.layer_by_layer(serial, record)
        yield self.events(
            "serial events", "one task at a time: transfers, matrix unit and host do not overlap", serial
        )
        found = self.planned(OVERLAPPED, workload)
        said = "tiles, prefetched weights, host and matrix unit in parallel"
        best = found.members[ONLY].schedule.program.scheduler
        if best != OVERLAPPED:
            said = f"nothing gained: the best schedule is that of `{best}`"
        yield self.events("overlapped events", said, found)
        own = self.scenario.scheduler
        if own not in (SHEET, SERIAL, OVERLAPPED):
            said = f"as the scenario says: scheduler `{own}`"
            yield self.events(f"{own} events", said, self.planned(own, workload))

    def layer_by_layer(self, serial: Crew, record: Record) -> Rung:
        """Returns the rung whose layers take as long as their slowest transfers, products or host work."""
        total, parts = 0, dict.fromkeys(self.chip.least_ps(Work()), 0)
        for layer in by_layer(serial.program, record):
            work = Work(layer.read_bytes + layer.written_bytes, layer.macs, layer.vector_ops)
            least = self.chip.least_ps(work)
            slowest = max(least, key=lambda name: least[name])
            total += least[slowest]
            parts[slowest] += least[slowest]
        said = "each layer takes as long as the slowest of its three parts; no two overlap"
        return Rung("perfect overlap per layer", said, total, parts, simulated=False)

    def events(self, name: str, said: str, crew: Crew) -> Rung:
        """Simulates a schedule."""
        program, record = replay(crew)
        return Rung(name, said, record.makespan_ps, explain(program, record).components, simulated=True)

    def planned(
        self, scheduler: str, workload: Workload | Ledger, passes: tuple[str, ...] | None = None
    ) -> Crew:
        """Plans with a scheduler, with the scenario's parameters if it is the scenario's own."""
        scenario = self.scenario
        parameters = scenario.parameters
        if scheduler != scenario.scheduler:
            parameters = resolve(self.registry.scheduler(scheduler).parameters)()
        kept = scenario.passes if passes is None else passes
        scenario = replace(scenario, scheduler=scheduler, parameters=parameters, passes=kept)
        return plan_crew(scenario, {ONLY: workload}, self.registry, self.bench)


def as_ledger(network: Workload) -> Ledger:
    """Converts a network to a ledger as the paper's sheet would state it: one row per matrix operator.

    Weights are one byte each, the host is also charged the multiply-accumulates, and operators other than
    matrix operators are omitted.
    """
    tensors = network.tensors
    rows = []
    for op in network.ops:
        if op.unit is Unit.MATRIX:
            data, *rest = op.inputs
            weights = sum(tensors[name].elements for name in rest[:1])
            rows.append(
                Row(
                    name=op.name,
                    coefficient_bytes=weights,
                    ifmap_bytes=tensors[data].nbytes,
                    ofmap_bytes=tensors[op.outputs[0]].nbytes,
                    macs=op.macs,
                    host_ops=op.macs,
                )
            )
    return Ledger(network.name, tuple(rows))
