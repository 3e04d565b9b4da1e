"""Which operators wait for all of another, and what still has to be done once it is complete.

Sets of operators are integers: bit i stands for operator i of the workload, bit n (of n operators) for the
end, at which all outputs are there. Everything follows from the reach of operators (`Workload.reaches`): a
schedule makes no part of an output before what its reach names is there. Where a reach is an overestimate,
as that of a kind that is not known, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import compress, count

from simres.analysis.spread import MOST, Runs, Spread, largest, step_of, through_view_op, weights_used
from simres.workload.boxes import Box, covered, elements, whole
from simres.workload.footprint import Reach, call_of
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import BITS, Op, Role, Unit
from simres.workload.reaches import Along, LookUp, Shape, touched
from simres.workload.views import through_view


@dataclass(frozen=True, slots=True)
class Piece:
    """The multiply-accumulates and vector operations of an operator, or of one of those fused into it.

    `after` says how much of its work comes after the last element of others exists. `launches` says on which
    of the two engines it is counted as a task.
    """

    op: int
    macs: int
    vector_ops: int
    launches: tuple[int, int]
    shape: Shape
    after: Spread
    even: bool
    """Whether every element of the output takes the same work."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """Dependencies between the operators of a workload.

    `wanted` has by operator those that need every element of it. `used` has by operator and weight those
    after whose last element all of the weight is still to be used. `stored` has by output the operators on
    whose last element it depends, as `Piece.after`; `read` has by operator the inputs and weights that it
    reads whole.
    """

    workload: Workload
    wanted: tuple[int, ...]
    pieces: tuple[Piece, ...]
    used: Mapping[tuple[int, str], int]
    stored: Mapping[str, Spread]
    read: tuple[tuple[str, ...], ...]

    @property
    def end(self) -> int:
        """The bit of the end."""
        return len(self.workload.ops)


def bits(found: int) -> Iterator[int]:
    """The members of a set."""
    return compress(count(), map("1".__eq__, bin(found)[:1:-1]))


def dependence(workload: Workload) -> Dependence:
    """What the operators of a workload depend on."""
    consumers, read = _consumers(workload)
    wanted = _wanted(workload, consumers)
    pieces, used, masks = _forward(workload)
    stored = {name: masks[name] for name in workload.outputs if name in masks}
    return Dependence(workload, wanted, pieces, used, stored, read)


def _parts(workload: Workload, op: Op) -> Iterator[tuple[Op, tuple[Reach, ...]]]:
    """The operator and those fused into it, with the reach of each input."""
    if not op.fused:
        yield op, workload.reaches(op)
        return
    for part in op.parts():
        call = call_of(workload, part)
        yield part, tuple([Reach(workload, part, place, call) for place in range(len(part.inputs))])


def _consumers(workload: Workload) -> tuple[Mapping[str, list[tuple[int, Box]]], tuple[tuple[str, ...], ...]]:
    """By activation: its readers, and the box each reads. By operator: inputs and weights read whole."""
    found: dict[str, list[tuple[int, Box]]] = {}
    read: list[tuple[str, ...]] = []
    for number, op in enumerate(workload.ops):
        names = []
        for part, reaches in _parts(workload, op) if op.unit is not Unit.VIEW else ():
            for name, reach in zip(part.inputs, reaches, strict=True):
                box = _exactly(reach, whole(reach.made))
                there = None if box is None else _stored(workload, name, box)
                if there is None:
                    continue
                stored, box = there
                if workload.tensors[stored].role is Role.ACTIVATION:
                    found.setdefault(stored, []).append((number, box))
                elif box == whole(workload.tensors[stored].shape):
                    names.append(stored)
        read.append(tuple(dict.fromkeys(names)))
    return found, tuple(read)


def _exactly(reach: Reach, box: Box) -> Box | None:
    """The box that is read for a box of the output; None where it has gaps or is not known."""
    for rule, size in zip(reach.reads, reach.shape, strict=True):
        if isinstance(rule, LookUp):
            return None
        gaps = isinstance(rule, Along) and rule.times > rule.last - rule.first + rule.over
        if gaps and touched(rule, size, reach.made) < size:
            return None
    return reach(box)


def _stored(workload: Workload, name: str, box: Box) -> tuple[str, Box] | None:
    """The stored tensor and the box of it that exactly `box` of a view shows; None where it is no box."""
    tensors = workload.tensors
    while (base := tensors[name].view_of) is not None:
        op = workload.producer[name]
        if op.kind in ("unfold", "as_strided") or tensors[name].elements > tensors[base].elements:
            return None
        there = through_view(op, tensors[base].shape, tensors[name].shape, box)
        if elements(there) != elements(box):
            return None
        name, box = base, there
    return name, box


def _needed(workload: Workload) -> set[int]:
    """The operators every element of which the outputs need, as far as boxes tell."""
    boxes: dict[str, list[Box]] = {}

    def need(name: str, box: Box) -> None:
        there = _stored(workload, name, box)
        if there is not None:
            known = boxes.setdefault(there[0], [])
            if len(known) < MOST and not covered(there[1], known):
                known.append(there[1])

    for name in workload.outputs:
        need(name, whole(workload.tensors[name].shape))
    found = set()
    for number in reversed(range(len(workload.ops))):
        op = workload.ops[number]
        if op.unit is Unit.VIEW:
            continue
        name = op.outputs[0]
        full = whole(workload.tensors[name].shape)
        wanted = boxes.get(name, [])
        if elements(full) and covered(full, wanted):
            found.add(number)
            wanted = [full]
        boxes[name] = wanted
        for part, reaches in reversed(list(_parts(workload, op))):
            for box in boxes.get(part.outputs[0], ()):
                for name, reach in zip(part.inputs, reaches, strict=True):
                    if (read := _exactly(reach, box)) is not None:
                        need(name, read)
    return found


def _wanted(workload: Workload, consumers: Mapping[str, list[tuple[int, Box]]]) -> tuple[int, ...]:
    """By operator: those that need every element of its first output, itself included; none for views.

    An operator needs all of this one if it needs all of an operator that reads all of this one, or all of
    several whose boxes cover it.
    """
    end = len(workload.ops)
    needed = _needed(workload)
    wanted = [0] * (end + 1)
    wanted[end] = 1 << end
    for number in reversed(range(end)):
        op = workload.ops[number]
        tensor = workload.tensors[op.outputs[0]]
        if op.unit is Unit.VIEW or not tensor.elements:
            continue
        found, full = 1 << number | (number in needed) << end, whole(tensor.shape)
        partly: dict[Box, int] = {}
        for consumer, box in consumers.get(tensor.name, ()):
            others = wanted[consumer] & ~(1 << end)
            if box == full:
                found |= others
            else:
                partly[box] = partly.get(box, 0) | others
        if len(partly) > 1 and covered(full, list(partly)):
            together = -1
            for those in partly.values():
                together &= those
            found |= together
        wanted[number] = found
    return tuple(wanted)


def _forward(workload: Workload) -> tuple[tuple[Piece, ...], dict[tuple[int, str], int], dict[str, Spread]]:
    """The work that depends on last elements, the weights used on it, and how much of each tensor does."""
    spread: dict[str, Spread] = {}
    pieces: list[Piece] = []
    used: dict[tuple[int, str], int] = {}
    for number, op in enumerate(workload.ops):
        if op.unit is Unit.VIEW:
            for name in op.outputs:
                spread[name] = through_view_op(workload, op, name, spread)
            continue
        parts = list(_parts(workload, op))
        for place, (part, reaches) in enumerate(parts):
            found: dict[Runs, int] = {}
            worked: dict[Runs, int] = {}
            for index, (name, reach) in enumerate(zip(part.inputs, reaches, strict=True)):
                if not (given := spread.get(name)) or (step := step_of(part, index, reach)) is None:
                    continue
                for runs, those in given.items():
                    if (after := step.after(runs)) is None:
                        continue
                    found[after] = found.get(after, 0) | those
                    if not _done_before(part, reach, runs):
                        worked[after] = worked.get(after, 0) | those
                    for weight in weights_used(workload, part, reaches, index, runs, after):
                        used[number, weight] = used.get((number, weight), 0) | those
            made = workload.tensors[part.outputs[0]]
            shape = made.shape
            last = place == len(parts) - 1
            after_all = largest(found)
            launches = (int(part.macs > 0), int(op.vector_ops > 0 and last))
            even = not part.attributes.get("transposed") or part.kind != "conv"
            if part.macs or part.vector_ops:
                piece = Piece(number, part.macs, part.vector_ops, launches, shape, largest(worked), even)
                pieces.append(piece)
            if last and made.elements and len(op.outputs) == 1:
                after_all = {**after_all, (1,) * len(shape): 1 << number}
                if (own := (1,) * len(shape)) in found:
                    after_all[own] |= found[own]
            if len(part.outputs) == 1:
                spread[part.outputs[0]] = after_all
    return tuple(pieces), used, spread


def _done_before(part: Op, reach: Reach, runs: Runs) -> bool:
    """Whether most of the work can be done before the last element that it needs exists.

    A sum can be made in chunks; only the last one waits, unless all of the summed axis depends on that
    element. Statistics can be gathered from the elements that exist.
    """
    axis = reach.summed
    if axis is not None and part.unit is Unit.MATRIX:
        return runs[axis] < reach.shape[axis]
    return kind_of(part).reduces


def bytes_of(count: int, dtype: str) -> int:
    """The least whole bytes of so many elements."""
    return count * BITS[dtype] // 8
