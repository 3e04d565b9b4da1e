"""Along which axes the output of an operator can be cut, and into how many parts."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from math import gcd

from simres.workload.footprint import Graph, call_of
from simres.workload.kinds import kind_of
from simres.workload.operators import Unit
from simres.workload.reaches import SUMMED, Along, LookUp, Reads, Shape
from simres.workload.reading import Call


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes to cut as `rows`, outermost first, and the one to cut as `column` (None: none).

    By axis, `most` is the largest number of parts, and `blocks` the elements that stay together: parts end
    where blocks do.
    """

    rows: tuple[int, ...]
    column: int | None
    most: tuple[int, ...]
    blocks: tuple[int, ...]
    maps: bool = False
    """Whether it is a map, as its inputs of the same rank then are too."""

    def parts(self, axis: int, wanted: int) -> int:
        """The number of parts of an axis for a requested number: at least as many, if possible.

        Blocks stay together, so their number is divided evenly.
        """
        most = self.most[axis]
        found = max(1, min(most, wanted))
        while self.blocks[axis] > 1 and most % found:
            found += 1
        return found


def axes(call: Call, reads: Sequence[Reads], maps: Container[str] = ()) -> Axes:
    """The axes of an operator's first output, by the rules of its inputs.

    Maps (batch, channels, axes...), as which anything of four axes counts, are cut into rows along the batch
    and all axes but the last that has more than one element, and into columns along their channels, in so far
    as some input is then read in parts: what is normalised over its pixels is cut along its channels alone.
    `maps` names tensors known to be maps.
    """
    op, shape, rank = call.op, call.output, len(call.output)
    kind = kind_of(op)
    blocks = tuple(_block(reads, axis, shape[axis]) for axis in range(rank))
    counts = kind.extents(call) if kind.extents is not None else shape
    most = tuple(map(_most, shape, counts, blocks))
    if not rank:
        return Axes((), None, (), ())
    known = is_map(call, maps)
    if not known and (rank != 4 or kind.maps is False):
        return Axes(tuple(range(rank - 1)), rank - 1, most, blocks)
    free = _free(reads, rank)
    if not known and rank - 1 not in free:
        return Axes(tuple(range(rank - 1)), rank - 1, most, blocks)
    inner = [axis for axis in range(2, rank) if shape[axis] > 1]
    first = (inner[:-1] or inner or [2]) if known else [2]
    along = [axis for axis in (0, *first) if axis in free or shape[axis] == 1]
    column = 1 if 1 in free or shape[1] == 1 else None
    if column is not None and op.unit is not Unit.MATRIX and inner and not free.intersection(inner):
        return Axes((*along, column), None, most, blocks, maps=True)
    return Axes(tuple(along), column, most, blocks, maps=True)


def is_map(call: Call, maps: Container[str]) -> bool:
    """Whether an operator is known to make a map: its kind does, or it works on one of the same shape."""
    rank, kind = len(call.output), kind_of(call.op)
    if kind.maps is not None:
        return kind.maps and rank > 2
    return rank > 2 and any(
        name in maps and shape == call.output for name, shape in zip(call.op.inputs, call.inputs, strict=True)
    )


def axes_of(graph: Graph) -> dict[str, Axes]:
    """By operator that is no view: the axes of its output."""
    maps: set[str] = set()
    found = {}
    for op in graph.ops:
        if op.unit is Unit.VIEW:
            continue
        call = call_of(graph, op)
        found[op.name] = axes(call, [reach.reads for reach in graph.reaches(op)], maps)
        if is_map(call, maps):
            maps.update(op.outputs)
    return found


def _free(reads: Sequence[Reads], rank: int) -> set[int]:
    """Axes of the output of which some input is read in parts; all, where nothing is known of any input."""
    rules = [rule for one in reads for rule in one if rule is not None]
    if not rules:
        return set(range(rank))
    found = {rule.axis for rule in rules if isinstance(rule, Along)}
    return found.union(*(rule.axes for rule in rules if isinstance(rule, LookUp)))


def _block(reads: Sequence[Reads], axis: int, size: int) -> int:
    """Elements of an axis that stay together; 1 where they do not fill it."""
    found = 1
    for one in reads:
        for rule in one:
            if isinstance(rule, Along) and rule.axis == axis:
                found = found * rule.block // gcd(found, rule.block)
    return found if size % found == 0 else 1


def _most(size: int, count: int, block: int) -> int:
    """Parts of an axis, so that each has a whole block, and one of the `count` steps of the loop nest."""
    if not size or not count:
        return 1
    most = max(1, min(size // block, size // -(-size // count)))
    while block > 1 and size // block % most:
        most -= 1
    return most


def counts_of(call: Call, box: Sequence[tuple[int, int]]) -> Shape:
    """The counts of the loop nest that belong to a part of the output, by its axes; they add up."""
    kind = kind_of(call.op)
    if kind.extents is None:
        return tuple([stop - start for start, stop in box])
    return tuple(
        [
            stop - start if count == size else count * stop // size - count * start // size
            for (start, stop), count, size in zip(box, kind.extents(call), call.output, strict=True)
        ]
    )


def summed(call: Call) -> int:
    """How many elements a matrix operator sums over, where the sum may be made in chunks; else 1."""
    op = call.op
    if op.unit is not Unit.MATRIX or len(op.outputs) != 1 or len(op.inputs) < 2:
        return 1
    rules = kind_of(op).rules(call, 0)
    return next((size for rule, size in zip(rules, call.inputs[0], strict=True) if rule == SUMMED), 1)
