"""Which layers may form stacks, which of them look worth it, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simres.hardware.specs import MemorySpec
from simres.scheduling.stages import Staging, stages
from simres.workload import Op, Role, Unit, Workload
from simres.workload.footprint import reads

Joints = frozenset[int]
"""Stages, by number, that are in one stack with the stage before them."""

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Shares of the memory that the weights and rows of a stack may take, in what is tried first."""

LARGE = 0.6
"""Maps that take more of the memory than this are worth a stack, in what is tried first."""

AXIS = 2
"""The rows of a map of images, channels, rows and columns."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """What counts of a stage: `lines` are the bytes of maps that one row of every output needs."""

    layers: int
    weights: int
    lines: int
    maps: int
    local: bool


def staging(joints: Joints) -> Staging:
    """Stages as usual, but those that are joined are one: a stack."""

    def joined(ops: Sequence[Op], workload: Workload) -> list[list[int]]:
        found: list[list[int]] = []
        for number, stage in enumerate(stages(ops, workload)):
            if number in joints:
                found[-1] = sorted([*found[-1], *stage])
            else:
                found.append(stage)
        return found

    return joined


class Stacks:
    """The stages of a workload, for a memory, with at most `most` matrix operators in a stack."""

    def __init__(self, workload: Workload, spec: MemorySpec, most: int) -> None:
        self.capacity = spec.capacity
        self.most = most
        ops = [op for op in workload.ops if op.unit is not Unit.VIEW]
        self.stages = [
            _seen([ops[number] for number in stage], workload, spec) for stage in stages(ops, workload)
        ]

    def of(self, joints: Joints) -> list[range]:
        """The stacks, each as the numbers of its stages."""
        starts = [number for number in range(len(self.stages)) if number not in joints]
        ends = [*starts[1:], len(self.stages)]
        return [range(start, end) for start, end in zip(starts, ends, strict=True) if end > start + 1]

    def likely(self) -> Iterator[Joints]:
        """For each of a few shares of the memory: from the front, the longest stacks that take no more."""
        for share in SHARES:
            joints: set[int] = set()
            start = 0
            while start < len(self.stages):
                end = start + 1
                while end < len(self.stages) and self._fits(range(start, end + 1), share):
                    end += 1
                if any(self.stages[number].maps > LARGE * self.capacity for number in range(start, end)):
                    joints.update(range(start + 1, end))
                start = end
            if joints:
                yield frozenset(joints)

    def near(self, joints: Joints) -> Iterator[Joints]:
        """One more joint, one less, or one moved, as far as weights and rows fit the memory."""
        for number in range(1, len(self.stages)):
            for found in (joints ^ {number}, joints ^ {number, number - 1}):
                if 0 not in found and all(self._fits(stack, 1.0) for stack in self.of(found)):
                    yield found

    def _fits(self, stack: range, share: float) -> bool:
        members = self.stages[stack.start : stack.stop]
        return (
            all(stage.local for stage in members)
            and sum(stage.layers for stage in members) <= self.most
            and sum(stage.weights + stage.lines for stage in members) <= share * self.capacity
        )


def _seen(ops: Sequence[Op], workload: Workload, spec: MemorySpec) -> _Stage:
    read = {workload.storage(name) for op in ops for name in op.inputs}
    made = {name for op in ops for name in op.outputs}
    tensors = workload.tensors
    occupied = {name: spec.occupied(tensors[name].nbytes) for name in read | made}
    weights = {name for name in read if tensors[name].role is Role.WEIGHT}
    local = all(map(_in_rows, ops, [workload] * len(ops)))
    return _Stage(
        layers=sum(op.unit is Unit.MATRIX for op in ops),
        weights=sum(occupied[name] for name in weights),
        lines=sum(_lines(op, workload) for op in ops) if local else 0,
        maps=sum(occupied[name] for name in (read - weights - made) | made),
        local=local,
    )


def _in_rows(op: Op, workload: Workload) -> bool:
    """Whether a row in the middle of the output needs some rows only of every map that is read."""
    shape = workload.tensors[op.outputs[0]].shape
    if len(op.outputs) > 1 or len(shape) != AXIS + 2 or 0 in shape:
        return False
    for name, box in reads(workload, op, _middle_row(shape)):
        read = workload.tensors[name]
        if read.role is Role.WEIGHT:
            continue
        if len(box) != len(shape) or (
            box[AXIS] == (0, read.shape[AXIS]) and 1 < shape[AXIS] < read.shape[AXIS]
        ):
            return False
    return op.kind != "matmul"


def _middle_row(shape: Sequence[int]) -> tuple[tuple[int, int], ...]:
    middle = shape[AXIS] // 2
    return tuple((middle, middle + 1) if axis == AXIS else (0, size) for axis, size in enumerate(shape))


def _lines(op: Op, workload: Workload) -> int:
    """Bytes of the rows of its maps that an operator needs for one row."""
    row = _middle_row(workload.tensors[op.outputs[0]].shape)
    found = 0
    for name, box in reads(workload, op, row):
        tensor = workload.tensors[name]
        if tensor.role is not Role.WEIGHT and op.unit is Unit.MATRIX:
            start, stop = box[AXIS]
            found += tensor.nbytes * (stop - start) // max(1, tensor.shape[AXIS])
    return found
