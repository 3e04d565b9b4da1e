"""Takes elementwise operators into the matrix operator before them, as a chip's output stage does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from simres.passes.rebuilt import rebuilt
from simres.workload.footprint import is_elementwise
from simres.workload.graph import Workload
from simres.workload.operators import Op, Unit


def in_output_stage(workload: Workload, kinds: Collection[str]) -> Workload:
    """The workload without the operators that an output stage does on the way: they cost nothing more.

    These are of one of `kinds`, elementwise with one operand, and take over the result of a matrix operator,
    or of another of them, which nothing else reads. Those behind an operator that the host does stay there.
    """
    gone: set[str] = set()
    made: dict[str, Op] = {}
    for op in workload.ops:
        if op.unit is not Unit.MATRIX or len(op.outputs) != 1:
            continue
        taken = op
        while taken.fused and _is_done(workload, taken.fused[0], kinds):
            first, *others = taken.fused
            taken = replace(taken, fused=tuple(others), vector_ops=taken.vector_ops - first.vector_ops)
        while not taken.fused and (reader := _reader(workload, taken, kinds)) is not None:
            gone.add(reader.name)
            taken = replace(taken, outputs=reader.outputs)
        if taken is not op:
            made[op.name] = taken
    if not made:
        return workload
    return rebuilt(workload, [made.get(op.name, op) for op in workload.ops if op.name not in gone])


def _is_done(workload: Workload, op: Op, kinds: Collection[str]) -> bool:
    return op.kind in kinds and len(op.inputs) == len(op.outputs) == 1 and is_elementwise(workload, op)


def _reader(workload: Workload, op: Op, kinds: Collection[str]) -> Op | None:
    """What reads the result of `op`, if that is one operator that the output stage does."""
    (result,) = op.outputs
    readers = workload.consumers[result]
    if len(readers) != 1 or result in workload.outputs or not _is_done(workload, readers[0], kinds):
        return None
    shapes = {workload.tensors[name].shape for name in (result, *readers[0].outputs)}
    return readers[0] if len(shapes) == 1 else None
