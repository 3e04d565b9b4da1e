"""What operators of a graph read to make a part of their output, in the tensors that have the bytes.

Where an operator's reach is not known, all of the input is needed: right, if wasteful.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Protocol

from simres.workload.boxes import Box, Range, elements, subtract, whole
from simres.workload.kinds import kind_of
from simres.workload.operators import BITS, Op, Role, Tensor, Unit, computed_in
from simres.workload.reaches import SUMMED, Along, LookUp, Reads, part, same, touched_together
from simres.workload.reading import Call
from simres.workload.views import behind, through_view


class Graph(Protocol):
    """What is asked of a workload."""

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """Every tensor by name."""

    @property
    def ops(self) -> tuple[Op, ...]:
        """The operators in order."""

    @property
    def producer(self) -> Mapping[str, Op]:
        """The operator that makes each activation."""

    @property
    def looked_up(self) -> Mapping[tuple[str, int], int]:
        """As `looked_up` below, kept."""

    def reaches(self, op: Op) -> tuple[Reach, ...]:
        """The reach of each input of an operator, kept."""


def call_of(graph: Graph, op: Op) -> Call:
    """An operator with its shapes."""
    tensors = graph.tensors
    shapes = tuple([tensors[name].shape for name in op.inputs])
    return Call(op, shapes, tensors[op.outputs[0]].shape, computed_in(op, tensors))


class Reach:
    """The reach of input number `place` of an operator, ready to be asked for many parts of its output."""

    __slots__ = ("_plain", "_since", "_windows", "made", "reads", "shape", "summed")

    def __init__(self, graph: Graph, op: Op, place: int, call: Call | None = None) -> None:
        call = call_of(graph, op) if call is None else call
        self.shape = call.inputs[place]
        self.made = call.output
        self.reads: Reads = kind_of(op).rules(call, place)
        self._plain = self.shape == self.made and self.reads == same(len(self.made))
        self._since = graph.looked_up.get((op.name, place))
        self._windows = _windows(self.reads, self.shape, self.made)
        self.summed = self.reads.index(SUMMED) if SUMMED in self.reads else None
        """The axis that the operator sums over, where it can do that in chunks."""

    def __call__(self, box: Box) -> Box | None:
        """The part of the input that `box` of the output needs; None where it needs none of it."""
        if self._plain:
            return box
        windows = self._windows
        if windows is None:
            return part(self.reads, self.shape, box, self.made, self._since)
        found = []  # the same as `part`, which asks each rule: a schedule asks for very many boxes
        for fixed, axis, times, first, last, size in windows:
            if fixed is not None:
                found.append(fixed)
                continue
            read = box[axis]
            if times:
                start, stop = read
                low, high = start * times + first, (stop - 1) * times + last
                read = (low if low > 0 else 0, high if high < size else size)
                if read[0] >= read[1]:
                    return None
            found.append(read)
        return tuple(found)

    @property
    def looks_up(self) -> bool:
        """Whether rows are looked up in it, and any can be read."""
        return self._since is not None


_Window = tuple[Range | None, int, int, int, int, int]
"""The range itself, or the axis that it follows, and how: `times` 0 for the same elements; then the size."""


def _windows(reads: Reads, shape: Sequence[int], made: Sequence[int]) -> list[_Window] | None:
    """The rules as numbers, where they are windows, the same elements, or all of an axis; else None."""
    found: list[_Window] = []
    for rule, size in zip(reads, shape, strict=True):
        if isinstance(rule, LookUp):
            return None
        if not isinstance(rule, Along):
            found.append(((0, size), 0, 0, 0, 0, size))
        elif rule == Along(rule.axis) and size == made[rule.axis]:
            found.append((None, rule.axis, 0, 0, 0, size))
        elif rule.over == rule.each == 1 and rule.outside == "skip" and rule.times:
            found.append((None, rule.axis, rule.times, rule.first, rule.last + 1, size))
        else:
            return None
    return found


def reads(graph: Graph, op: Op, box: Box) -> Iterator[tuple[str, Box]]:
    """For a `box` of the operator's first output: each stored tensor it reads, and the part it needs.

    A tensor may come twice, with different parts. Views are followed to the tensor that has the bytes.
    """
    for name, reach in zip(op.inputs, graph.reaches(op), strict=True):
        needed = reach(box)
        if needed is not None:
            yield to_storage(graph, name, needed)


def to_storage(graph: Graph, name: str, box: Box) -> tuple[str, Box]:
    """The tensor whose bytes `name` is a view of, and the smallest box there that holds all of `box`."""
    tensors = graph.tensors
    while (base := tensors[name].view_of) is not None:
        box = through_view(graph.producer[name], tensors[base].shape, tensors[name].shape, box)
        name = base
    return name, box


def is_elementwise(graph: Graph, op: Op) -> bool:
    """Whether each element is made of one element of each operand that is not broadcast."""
    if not op.reads:
        return kind_of(op).elementwise
    call = call_of(graph, op)
    rank = len(call.output)
    for place, shape in enumerate(call.inputs):
        before = rank - len(shape)
        rules = kind_of(op).rules(call, place)
        for axis, (rule, size) in enumerate(zip(rules, shape, strict=True)):
            plain = rule == Along(before + axis) and size == call.output[before + axis]
            if not plain and not (rule is None and size == 1):
                return False
    return True


def looked_up(graph: Graph) -> dict[tuple[str, int], int]:
    """By operator and position of an input in which rows are looked up: the rows of that tensor.

    Only for tensors that are off chip from the start, where any row can be read; an operator's result must be
    complete before a row is looked up.
    """
    found: dict[tuple[str, int], int] = {}
    counts: dict[str, int] = {}
    for op in graph.ops:
        if op.unit is Unit.VIEW or not op.inputs:
            continue
        kind = kind_of(op)
        if not kind.may_look_up:
            continue
        call = call_of(graph, op)
        for place, name in enumerate(op.inputs):
            tensor = graph.tensors[name]
            if tensor.role is Role.ACTIVATION:
                continue
            for rule in kind.rules(call, place):
                if isinstance(rule, LookUp):
                    found[op.name, place] = counts.get(name, 0)
                    counts[name] = found[op.name, place] + prod(call.output[axis] for axis in rule.axes)
    return found


def needed_bytes(graph: Graph) -> dict[str, int]:
    """By input and weight that operators use: the bytes that any schedule must read of it."""
    parts: dict[str, list[Box]] = {}
    fewest: dict[str, int] = {}
    """Where an operator leaves gaps: the most elements that one of them reads."""
    for whole_op in graph.ops:
        for op in whole_op.parts() if whole_op.unit is not Unit.VIEW else ():
            call = call_of(graph, op)
            for place, name in enumerate(op.inputs):
                stored, box, count = _read(graph, name, Reach(graph, op, place, call))
                if graph.tensors[stored].role is Role.ACTIVATION:
                    continue
                parts.setdefault(stored, [])
                fewest.setdefault(stored, 0)
                if box is None:
                    fewest[stored] = max(fewest[stored], count)
                elif box not in parts[stored]:
                    parts[stored].append(box)
    return {
        name: -(-max(fewest[name], _union(boxes)) * BITS[graph.tensors[name].dtype] // 8)
        for name, boxes in parts.items()
    }


def _read(graph: Graph, name: str, reach: Reach) -> tuple[str, Box | None, int]:
    """The stored tensor of an input, the box of it that is read, and a count; where it has gaps no box."""
    box = reach(whole(reach.made))
    if box is None:
        return to_storage(graph, name, whole(reach.shape))[0], None, 0
    stored, there = to_storage(graph, name, box)
    sizes = [
        stop - start if isinstance(rule, LookUp) else size
        for rule, size, (start, stop) in zip(reach.reads, reach.shape, box, strict=True)
    ]
    count = touched_together(reach.reads, sizes, reach.made)
    count = min(_behind(graph, name, count), elements(there))
    return stored, None if count < elements(there) else there, count


def _behind(graph: Graph, name: str, count: int) -> int:
    """How many stored elements are read, at least, for `count` different ones of a tensor."""
    tensors = graph.tensors
    while (base := tensors[name].view_of) is not None:
        count = behind(graph.producer[name], tensors[base].shape, tensors[name].shape, count)
        name = base
    return count


def _union(boxes: list[Box]) -> int:
    """Elements that boxes cover together: a box counts with what of it lies in none before."""
    total = 0
    for number, box in enumerate(boxes):
        left = [box]
        for other in boxes[:number]:
            left = [piece for one in left for piece in subtract(one, other)]
        total += sum(map(elements, left))
    return total
