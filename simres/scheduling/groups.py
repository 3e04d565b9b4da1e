"""Groups of operators: the units from which stages are built.

A group is one operator and the elementwise operators after it, which follow it tile by tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from simres.workload.footprint import is_elementwise
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Unit


@dataclass(frozen=True, eq=False)
class Groups:
    """A network in groups, in an order in which they can run; `members` are operators by number."""

    workload: Workload
    members: tuple[tuple[int, ...], ...]

    @cached_property
    def ops(self) -> tuple[Op, ...]:
        """The operators by number, views left out."""
        return operators(self.workload)

    @cached_property
    def live(self) -> tuple[tuple[str, ...], ...]:
        """By boundary (0 is before the first group): the maps that a later group reads."""
        workload, storage = self.workload, self.workload.storage
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        for place, group in enumerate(self.members):
            for number in group:
                for name in map(storage, self.ops[number].inputs):
                    if workload.tensors[name].role is not Role.WEIGHT:
                        last[name] = place
                for name in self.ops[number].outputs:
                    first[name] = place + 1
        found: list[list[str]] = [[] for _ in range(len(self.members) + 1)]
        for name, end in last.items():
            for boundary in range(first.get(name, 0), end + 1):
                found[boundary].append(name)
        return tuple(map(tuple, found))


def operators(workload: Workload) -> tuple[Op, ...]:
    """The operators of a network in order, without views; schedules number them this way."""
    return tuple(op for op in workload.ops if op.unit is not Unit.VIEW)


def groups(workload: Workload, *, early: bool = False) -> Groups:
    """The groups of a network in the order listed.

    With `early`, a side branch (the convolution of a shortcut) runs just before the operator that reads the
    same map, instead of at its listed place.
    """
    ops = operators(workload)
    members: list[list[int]] = []
    made_by: dict[str, int] = {}
    for number in _early(ops, workload) if early else range(len(ops)):
        op = ops[number]
        if not (members and _follows(op, workload, made_by, len(members) - 1)):
            members.append([])
        members[-1].append(number)
        for name in op.outputs:
            made_by[name] = len(members) - 1
    return Groups(workload, tuple(map(tuple, members)))


def _follows(op: Op, workload: Workload, made_by: dict[str, int], group: int) -> bool:
    """Whether an operator can follow a group's result tile by tile."""
    if len(op.outputs) != 1 or not is_elementwise(workload, op):
        return False
    shape = workload.tensors[op.outputs[0]].shape
    return any(made_by.get(name) == group and workload.tensors[name].shape == shape for name in op.inputs)


def _early(ops: Sequence[Op], workload: Workload) -> list[int]:
    storage, tensors = workload.storage, workload.tensors
    reads = [
        frozenset(name for name in map(storage, op.inputs) if tensors[name].role is not Role.WEIGHT)
        for op in ops
    ]
    readers: dict[frozenset[str], list[int]] = {}
    for number, op in enumerate(ops):
        if op.unit is Unit.MATRIX:
            readers.setdefault(reads[number], []).append(number)
    order: dict[int, None] = {}
    for number, op in enumerate(ops):
        if op.unit is Unit.MATRIX and number not in order:
            sibling = next((other for other in readers[reads[number]] if other > number), None)
            if sibling is not None:
                order.update(dict.fromkeys(_chain(sibling, ops, reads)))
        order[number] = None
    return list(order)


def _chain(number: int, ops: Sequence[Op], reads: Sequence[frozenset[str]]) -> list[int]:
    """An operator and its successors, each of which reads only the result of the one before."""
    found = [number]
    for other in range(number + 1, len(ops)):
        if ops[other].unit is not Unit.MATRIX and reads[other] == frozenset(ops[found[-1]].outputs):
            found.append(other)
    return found
