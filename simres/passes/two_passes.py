"""Runs operators in two passes if their statistics cover more than fits on chip.

A normalisation needs the statistics of a whole group, row or channel before it makes the first element of it.
Where that much does not fit on chip, chips read it twice: once for the statistics, and once more for the
elements. Statistics of parts can be combined (Chan, Golub and LeVeque, 1983; of softmax, Milakov and
Gimelshein, 2018), so the first pass is in parts of any size.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import isqrt, prod

from simres.hardware.specs import MemorySpec
from simres.passes.rebuilt import rebuilt
from simres.workload.boxes import elements
from simres.workload.footprint import call_of, reads
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import BITS, Op, Role, Tensor
from simres.workload.reaches import Along, Reads, Shape, same
from simres.workload.reading import Call

STATISTICS = ".statistics"
"""What the name of the first pass has behind the operator's, which the second pass keeps."""


def in_two_passes(workload: Workload, names: Collection[str]) -> Workload:
    """The workload with these operators, of those that `divisible` gives, in two passes each.

    The first makes statistics of parts of the input: of n elements that are normalised together, about
    sqrt(n) parts of sqrt(n) elements. Each part has two numbers of 4 bytes (mean and sum of squares, or
    maximum and sum), which count as one element of 8. The second pass reads these, and the input again.

    Together they have the vector operations of the operator: what little it takes to combine statistics, and
    the exponentials that the second pass of a softmax computes again, are left out.
    """
    tensors = dict(workload.tensors)
    ops: list[Op] = []
    for op in workload.ops:
        divided = _divided(call_of(workload, op), tensors) if op.name in names else None
        ops += (op,) if divided is None else divided
    return rebuilt(workload, ops, tensors)


def divisible(workload: Workload) -> tuple[str, ...]:
    """The names of the operators that can run in two passes."""
    return tuple(
        op.name
        for op in workload.ops
        if not op.reads
        and kind_of(op).reduces
        and len(op.outputs) == 1
        and not op.fused
        and _sizes(call_of(workload, op)) is not None
    )


def too_large(workload: Workload, memory: MemorySpec) -> tuple[str, ...]:
    """Of the operators that can run in two passes, those of which no part fits into the memory otherwise."""
    names = {*divisible(workload)}
    return tuple(
        op.name
        for op in workload.ops
        if op.name in names and _least_bytes(workload, op, memory) > memory.capacity
    )


def divided(workload: Workload) -> tuple[str, ...]:
    """The names of the operators that `in_two_passes` has divided."""
    names = {op.name for op in workload.ops}
    return tuple(op.name for op in workload.ops if op.reads and op.name + STATISTICS in names)


def _least_bytes(workload: Workload, op: Op, memory: MemorySpec) -> int:
    """Bytes of the smallest part of an operator's output, and of what it reads for it."""
    made, axes = workload.tensors[op.outputs[0]], workload.axes[op.name]
    cut = {*axes.rows, axes.column}
    box = tuple(
        (0, -(-size // most) if axis in cut else size)
        for axis, (size, most) in enumerate(zip(made.shape, axes.most, strict=True))
    )
    parts = {(made.name, box), *reads(workload, op, box)}
    return sum(
        memory.occupied(-(-elements(part) * BITS[workload.tensors[name].dtype] // 8)) for name, part in parts
    )


def _divided(call: Call, tensors: dict[str, Tensor]) -> tuple[Op, Op] | None:
    """Both passes of an operator; adds the tensor between them. None where it cannot be divided."""
    op, shape, sizes = call.op, call.inputs[0], _sizes(call)
    if sizes is None:
        return None
    name = op.name + STATISTICS
    parts = tuple([-(-size // each) for size, each in zip(shape, sizes, strict=True)])
    tensors[name] = Tensor(name, Role.ACTIVATION, parts, "fp64")
    normalises = kind_of(op).statistics > 0
    if normalises:
        first_ops = min(op.vector_ops, kind_of(op).statistics * prod(shape))
    else:
        first_ops = op.vector_ops - op.vector_ops * prod(parts) // max(1, prod(shape))
    first = replace(
        op,
        name=name,
        inputs=op.inputs[:1],
        outputs=(name,),
        vector_ops=first_ops,
        reads=(tuple([Along(axis, each=each) for axis, each in enumerate(sizes)]),),
    )
    combined = _of_statistics(call, sizes)
    second = replace(op, vector_ops=op.vector_ops - first_ops, inputs=(name,), reads=(combined,))
    if normalises:
        others = tuple([_of_vector(call, place) for place in range(1, len(op.inputs))])
        second = replace(
            second, inputs=(op.inputs[0], name, *op.inputs[1:]), reads=(same(len(shape)), combined, *others)
        )
    return first, second


def _sizes(call: Call) -> Shape | None:
    """By axis of the input, the number of elements of a part for statistics; None if unknown.

    Parts do not cross the boundaries of groups.
    """
    op, shape = call.op, call.inputs[0] if call.inputs else ()
    normalises = kind_of(op).statistics > 0
    if normalises and shape != call.output:
        return None
    most = []
    """By axis, how many elements one statistic is over."""
    for axis, (rule, size) in enumerate(zip(kind_of(op).rules(call, 0), shape, strict=True)):
        if rule is None:
            most.append(size)
            continue
        if not isinstance(rule, Along) or (normalises and rule.axis != axis):
            return None
        if rule != Along(rule.axis, over=rule.each, each=rule.each):
            return None
        most.append(rule.each)
    if prod(shape) == 0 or prod(most) == 1:
        return None
    wanted = isqrt(prod(most) - 1) + 1
    found: list[int] = []
    for axis in reversed(range(len(shape))):
        size = min(most[axis], wanted)
        while shape[axis] != most[axis] and most[axis] % size:
            size -= 1
        found.insert(0, size)
        wanted = -(-wanted // size)
    return tuple(found)


def _of_statistics(call: Call, sizes: Shape) -> Reads:
    """What the second pass reads of the statistics: those of all parts that belong to an element's group.

    The numbers of a group's rule are doubled: it reads the same, but need not be cut where groups end.
    """
    rules = kind_of(call.op).rules(call, 0)
    return tuple(
        replace(rule, times=2, over=2 * rule.over, each=-(-rule.each // size))
        if isinstance(rule, Along) and rule.each > 1
        else rule
        for rule, size in zip(rules, sizes, strict=True)
    )


def _of_vector(call: Call, place: int) -> Reads:
    """What the second pass reads of a weight or bias: that of each channel of maps, else of the last axes."""
    shape, out = call.inputs[place], call.output
    if kind_of(call.op).maps and shape == out[1:2]:
        return (Along(1),)
    before = len(out) - len(shape)
    return tuple(
        Along(before + axis) if before >= 0 and size == out[before + axis] else None
        for axis, size in enumerate(shape)
    )
