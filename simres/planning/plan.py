"""Plans one network: runs its passes, tries the candidate Programs, and keeps the fastest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from simres import jobs
from simres.errors import AnswerIsNo, SimresError
from simres.files import json_text
from simres.hardware.chip import Chip
from simres.planning.candidates import candidate_programs
from simres.planning.compression import compressed, with_densities
from simres.planning.data_types import refuse_unrated
from simres.planning.epilogues import without_epilogues
from simres.planning.hosts import refuse_unrun, shares_of
from simres.planning.timed_part import timed
from simres.plugins.registry import Registry, resolve
from simres.program.record import Record, RecordLevel
from simres.program.tasks import SCHEMA_VERSION, Program
from simres.program.tenants import concatenated
from simres.result.data import Candidate
from simres.sharing.recent import IdentityKey
from simres.sharing.workbench import REWRITES, Workbench
from simres.simulation.check import check
from simres.simulation.flattened import least_ps
from simres.simulation.run import run_stream
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    from simres.scenario.model import Scenario


def chip_of(scenario: Scenario, registry: Registry) -> Chip:
    """The scenario's hardware as schedulers see it."""
    roles = {name: registry.component(spec.kind).role for name, spec in scenario.hardware.items()}
    return Chip(scenario.hardware, roles)


@dataclass(frozen=True)
class Schedule:
    """The result of planning: the workload after the passes, the Program kept, and the other candidates.

    `starts` are the Programs to launch, each with its time in picoseconds. If the Program kept expects
    buffers in memory, the Program that loads them is first; then the Program kept, once per inference.
    """

    chip: Chip
    workload: Workload | Ledger
    program: Program
    starts: tuple[tuple[Program, int], ...]
    candidates: tuple[Candidate, ...] = ()
    ran: tuple[Record, int] | None = field(default=None, repr=False)
    """The result of trying it, if it was tried: a Record without spans, and its longest chain of needs."""
    sizes: Mapping[int, Program] = field(default_factory=dict)
    """For a stream of requests, the Program for each batch size; `starts` are then the Programs before it."""

    @cached_property
    def joined(self) -> Program:
        """All launches as one Program."""
        launched = [*(program for program, _ in self.starts), *self.sizes.values()]
        return concatenated([*{id(program): program for program in launched}.values()])

    def to_document(self) -> dict[str, Any]:
        """The JSON form: the Program with its tasks, buffers and regions, and the candidates."""
        from simres.result.document import program_document

        return {
            "schema_version": SCHEMA_VERSION,
            "program": program_document(self.program),
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }

    def to_json(self) -> str:
        """The JSON form as text."""
        return json_text(self.to_document())


def plan(
    scenario: Scenario,
    workload: Workload | Ledger,
    registry: Registry,
    bench: Workbench | None = None,
    *,
    brief: bool = False,
) -> Schedule:
    """The best Program that the scenario's scheduler offers for `workload`, checked.

    If a scheduler leaves the choice by offering a list, the Program of `serial` is one more candidate; each
    is simulated, and the fastest kept (the first of equals). Normalisations that do not fit run in two passes
    (`simres.passes.two_passes`); where the network is refused nevertheless, all of them do. Raises
    `SimresError` if the scheduler does not take such a workload, `AnswerIsNo` if the network does not fit,
    `InvariantViolation` if the Program kept is wrong. With `brief`, candidates that cannot be the fastest are
    not simulated, and none are listed. Facts found by other plans of the network are on the `bench`.
    """
    bench = bench or Workbench()
    chip = chip_of(scenario, registry)
    refused: AnswerIsNo | None = None
    rewritten = without_epilogues(_rewritten(scenario, workload, registry, bench), chip, bench)
    refuse_unrun(rewritten, chip)
    refuse_unrated(rewritten, chip)
    with jobs.job(f"planning {rewritten.name}"):
        for network in _forms(rewritten, chip, bench):
            try:
                return _planned(scenario, network, chip, registry, bench, brief=brief)
            except AnswerIsNo as error:
                refused = refused or error
    assert refused is not None
    raise refused


def _planned(
    scenario: Scenario,
    workload: Workload | Ledger,
    chip: Chip,
    registry: Registry,
    bench: Workbench,
    *,
    brief: bool,
) -> Schedule:
    if scenario.load is None:
        return _plan(scenario, workload, chip, registry, bench, brief=brief)
    from simres.passes.batch import batch
    from simres.planning.requests import refuse_mixed

    found = {}
    for size in scenario.load.sizes:
        if size > 1 and isinstance(workload, Ledger):
            raise SimresError(f"`load.batch` needs a traced network, and `{workload.name}` is a ledger")
        grown = workload if isinstance(workload, Ledger) or size == 1 else batch(workload, size)
        found[size] = _plan(replace(scenario, load=None, images=_TRIED), grown, chip, registry, bench)
    sizes = {size: schedule.program for size, schedule in found.items()}
    try:
        refuse_mixed(sizes)
    except AnswerIsNo:
        if getattr(scenario.parameters, "weights", "") != "kept":
            raise
        parameters = scenario.parameters.model_copy(update={"weights": "streamed"})
        scenario = replace(scenario, parameters=parameters)
        return _planned(scenario, workload, chip, registry, bench, brief=brief)
    first = min(found)
    starts = tuple(start for start in found[first].starts if start[0] is not found[first].program)
    return replace(found[first], workload=workload, starts=starts, sizes=sizes)


_TRIED = 8
"""Inferences on which candidates for a stream are tried, so that filling the memory counts little."""


def _plan(
    scenario: Scenario,
    workload: Workload | Ledger,
    chip: Chip,
    registry: Registry,
    bench: Workbench,
    *,
    brief: bool = False,
) -> Schedule:
    programs = _candidates(scenario, workload, chip, registry, bench)
    if len(programs) == 1:
        (program,) = programs
        starts = _proven(program, chip, workload, scenario)
        return Schedule(chip, workload, starts[-1][0], starts)
    behaviours = behaviours_of(chip, registry)
    tried = []
    best: tuple[int, Program, tuple[Record, int]] | None = None
    for program in programs:
        if brief and best is not None and least_ps(program, chip) >= best[0]:
            continue
        try:
            starts = _starts(program, chip, workload, scenario)
            ran = run_stream(starts, chip, behaviours, RecordLevel.NONE)
        except Exception:
            check(program, chip, workload)  # raises instead if the Program itself is wrong
            raise
        makespan_ps = ran[0].makespan_ps
        tried.append(Candidate(program.scheduler, program.decisions, len(program.tasks), makespan_ps))
        if best is None or makespan_ps < best[0]:
            best = (makespan_ps, program, ran)
    assert best is not None
    _, program, ran = best
    starts = _proven(program, chip, workload, scenario)
    return Schedule(chip, workload, starts[-1][0], starts, () if brief else tuple(tried), ran)


def _candidates(
    scenario: Scenario, workload: Workload | Ledger, chip: Chip, registry: Registry, bench: Workbench
) -> list[Program]:
    """The candidate Programs. Where weights are warm they are kept, if they fit."""
    found: list[Program] = []
    if scenario.protocol.weights == "warm":
        parameters = scenario.parameters.model_copy(update={"weights": "kept"})
        with suppress(AnswerIsNo):
            warm = replace(scenario, parameters=parameters)
            found = candidate_programs(warm, workload, chip, registry, bench)
    found = found or candidate_programs(scenario, workload, chip, registry, bench)
    if hosts := "; ".join(shares_of(workload, chip)):
        found = [replace(one, decisions={**one.decisions, "hosts": hosts}) for one in found]
    return found


def _starts(
    program: Program, chip: Chip, workload: Workload | Ledger, scenario: Scenario
) -> tuple[tuple[Program, int], ...]:
    """The Program once per inference, each after its call, with its transfers as they go over the bus. Before
    them what fills the memory, where the Program expects data there and the protocol does not say that it is
    there already."""
    program = compressed(timed(program, workload, scenario.protocol), workload, chip)
    call_ps = scenario.protocol.call
    each = tuple((program, number * call_ps) for number in range(1, scenario.images + 1))
    warm = scenario.protocol.weights == "warm"
    if not program.resident_in or isinstance(workload, Ledger) or warm:
        return each
    from simres.scheduling.preload import preload

    return ((compressed(preload(program, workload, chip), workload, chip), call_ps), *each)


def _proven(
    program: Program, chip: Chip, workload: Workload | Ledger, scenario: Scenario
) -> tuple[tuple[Program, int], ...]:
    """The Programs to launch, after a proof that they are sound."""
    if isinstance(workload, Workload):
        from simres.simulation.proof import prove

        prove(program, chip, workload)
    else:
        check(program, chip, workload)
    starts = _starts(program, chip, workload, scenario)
    if starts[0][0] is not starts[-1][0]:
        check(starts[0][0], chip, Ledger("", ()))
    return starts


def _rewritten(
    scenario: Scenario, workload: Workload | Ledger, registry: Registry, bench: Workbench
) -> Workload | Ledger:
    """The workload with the scenario's densities, after its passes."""
    if scenario.densities:
        if isinstance(workload, Ledger):
            raise SimresError(f"`densities` need a traced network, and `{workload.name}` is a ledger")
        given, stated = workload, scenario.densities
        key = (IdentityKey(given), tuple(stated.items()))
        workload = bench.get(REWRITES, key, lambda: with_densities(given, stated))
    if not scenario.passes:
        return workload
    from simres.passes.application import apply

    if isinstance(workload, Ledger):
        first = scenario.passes[0]
        raise SimresError(f"pass `{first}` needs a traced network, and `{workload.name}` is a ledger")
    network = workload
    rewritten = (IdentityKey(network), scenario.passes, IdentityKey(registry))
    return bench.get(REWRITES, rewritten, lambda: apply(scenario.passes, network, registry))


def _forms(workload: Workload | Ledger, chip: Chip, bench: Workbench) -> Iterator[Workload | Ledger]:
    """The workload with normalisations in two passes: those that do not fit otherwise, then all of them."""
    if isinstance(workload, Ledger) or not chip.memories:
        yield workload
        return
    from simres.passes.two_passes import divisible, in_two_passes, too_large

    key = IdentityKey(workload)
    for names in dict.fromkeys((too_large(workload, chip.scratchpad()[1]), divisible(workload))):
        if names:
            yield bench.get(REWRITES, (key, names), partial(in_two_passes, workload, names))
        else:
            yield workload


def behaviours_of(chip: Chip, registry: Registry) -> dict[str, Any]:
    """The behaviour of each component of `chip`, by name."""
    return {name: resolve(registry.component(spec.kind).engine) for name, spec in chip.parts.items()}
