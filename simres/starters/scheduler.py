"""A scheduler of its own."""

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
"""One operator after the other: load all it reads, compute, store all it makes, forget."""

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.plugins.hooks import ComponentRole
from simres.program import Program, Region, TaskKind, Work
from simres.program.draft import Draft, stored, work_of
from simres.scheduling.parameters import NoParameters
from simres.scheduling.unfused import unfused
from simres.workload import Unit, Workload


def schedule(workload: Workload, chip: Chip, parameters: NoParameters) -> Program:
    """A Program that runs `workload` on `chip`.

    Raises `AnswerIsNo` where an operator's tensors do not fit on chip together.
    """
    digest = workload.digest
    workload = unfused(workload)
    memory, spec = chip.scratchpad()
    draft = Draft()

    def move(kind: TaskKind, name: str, buffer: int) -> None:
        """Between off-chip memory and a buffer, after the task before."""
        work = Work(nbytes=workload.tensors[name].nbytes)
        ends = [Region(name), Region(name, buffer)]
        loads = kind is TaskKind.LOAD
        draft.task(
            chip.fastest(ComponentRole.BUS, work),
            kind,
            work,
            reads=[ends[0] if loads else ends[1]],
            writes=[ends[1] if loads else ends[0]],
            reserves=[buffer] if loads else [],
            after=draft.last,
        )

    for op in workload.ops:
        if op.unit is Unit.VIEW:  # the same bytes by another name
            continue
        inputs, outputs = stored(workload, op.inputs), stored(workload, op.outputs)
        needed = sum(spec.occupied(workload.tensors[name].nbytes) for name in (*inputs, *outputs))
        if needed > spec.capacity:
            raise AnswerIsNo(f"`{op.name}` takes {needed} B on chip, and `{memory}` holds {spec.capacity} B")
        draft.layer(op.name, op.kind, op.block)
        buffers = {
            name: draft.buffer(name, workload.tensors[name].nbytes, memory) for name in (*inputs, *outputs)
        }
        for name in inputs:
            move(TaskKind.LOAD, name, buffers[name])
        kind, role, work = work_of(op, workload)
        draft.task(
            memory if role is ComponentRole.MEMORY else chip.fastest(role, work),
            kind,
            work,
            reads=[Region(name, buffers[name]) for name in inputs],
            writes=[Region(name, buffers[name]) for name in outputs],
            reserves=[buffers[name] for name in outputs],
            after=draft.last,
        )
        for name in outputs:
            move(TaskKind.STORE, name, buffers[name])
    return draft.freeze("@part@", digest, {"order": "one operator after the other, nothing stays on chip"})
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip with this scheduler. To compare: --set scheduler=serial
schema_version: 1
name: @part@
workload: resnet20
chip: paper

# The paper's 1 MB is a little short of two of its largest maps.
hardware:
  sram: {capacity: 4 MiB}

scheduler: @part@
""",
    "tests/test_@part@.py": '''\
"""What the scheduler decides, and that simres can use it."""

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
