"""Template: a scheduler."""

SUMMARY = "a scheduler that keeps nothing on chip, as a baseline"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = {
    "src/@module@/__init__.py": '''\
"""For simres: @summary@."""

from collections.abc import Iterator

from simres.plugins.hooks import Scheduler, hookimpl


@hookimpl
def simres_schedulers() -> Iterator[Scheduler]:
    """The scheduler `@part@`."""
    yield Scheduler(
        name="@part@",
        target="@module@.schedule:schedule",
        summary="@summary@",
    )
''',
    "src/@module@/schedule.py": '''\
"""One operator after the other: load its inputs, compute, store its outputs, free everything."""

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.plugins.hooks import ComponentRole
from simres.program import Program
from simres.program.draft import Draft, stored, work_of
from simres.scheduling.parameters import NoParameters
from simres.scheduling.unfused import unfused
from simres.workload import Unit, Workload


def schedule(workload: Workload, chip: Chip, parameters: NoParameters) -> Program:
    """A Program that runs `workload` on `chip`.

    Raises `AnswerIsNo` if the tensors of an operator do not fit on chip together.
    """
    digest = workload.digest
    workload = unfused(workload)
    memory, spec = chip.scratchpad()
    draft = Draft(chip, in_a_row=True)
    for op in workload.ops:
        if op.unit is Unit.VIEW:  # the same bytes under another name
            continue
        inputs, outputs = stored(workload, op.inputs), stored(workload, op.outputs)
        nbytes = {name: workload.tensors[name].nbytes for name in (*inputs, *outputs)}
        needed = sum(map(spec.occupied, nbytes.values()))
        if needed > spec.capacity:
            raise AnswerIsNo(f"`{op.name}` needs {needed} B on chip; `{memory}` has {spec.capacity} B")
        draft.layer(op.name, op.kind, op.block)
        buffers = {name: draft.buffer(name, nbytes[name], memory) for name in nbytes}
        for name in inputs:
            draft.load(buffers[name])
        kind, role, work = work_of(op, workload)
        draft.task(
            memory if role is ComponentRole.MEMORY else chip.fastest(role, work),
            kind,
            work,
            reads=[buffers[name] for name in inputs],
            writes=[buffers[name] for name in outputs],
        )
        for name in outputs:
            draft.store(buffers[name])
    return draft.freeze("@part@", digest, {"order": "one operator after the other, nothing stays on chip"})
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip with this scheduler. To compare: --set scheduler=serial
schema_version: 1
name: @part@
workload: resnet20
chip: paper

# The paper's 1 MB is slightly too small for two of the largest feature maps.
hardware:
  sram: {capacity: 4 MiB}

scheduler: @part@
""",
    "tests/test_@part@.py": '''\
"""The decisions of the scheduler, and a simulation with it."""

from pathlib import Path

import simres
import @module@
from simres.testing import check_plugin, registry_with

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_everything_an_operator_makes_leaves_the_chip() -> None:
    registry = registry_with(@module@)
    result = simres.simulate(SCENARIO, registry=registry)
    kept = simres.simulate(SCENARIO, overrides={"scheduler": "serial"})
    assert result.program.bytes_written > kept.program.bytes_written
    assert result.makespan_ps > kept.makespan_ps
    assert not result.program.resident_out
''',
}
