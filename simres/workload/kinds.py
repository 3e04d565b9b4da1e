"""The table of operators: what each kind costs, on which unit, what it reads, and how it can be cut.

A new kind is one entry: of the host in `simres.workload.elementwise_kinds` or `host_kinds`, of the matrix
unit or a movement here. Where the operator needs no attributes, `sources` lets it be traced, too. A plugin's
operator brings its own entry: see `Operator` in `simres.plugins.hooks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from simres.workload import reading
from simres.workload.elementwise_kinds import ELEMENTWISE
from simres.workload.host_kinds import OVER_MANY
from simres.workload.kind import Kind
from simres.workload.operators import Loops, Op, Unit
from simres.workload.reaches import Shape
from simres.workload.reading import Call, Reading


def _convolution_extents(call: Call) -> Shape:
    """A transposed convolution multiplies once for each pixel of its input."""
    if not call.op.attributes.get("transposed") or len(call.inputs[0]) != len(call.output):
        return call.output
    axes = len(call.inputs[1]) - 2
    return (*call.output[:-axes], *call.inputs[0][-axes:])


def _convolution_loops(call: Call, loops: Loops, counts: Shape) -> Loops:
    """Images, channels and pixels; the last axis is the columns, those before it are the rows."""
    axes = len(call.inputs[1]) - 2 if len(call.inputs) > 1 else len(counts) - 2
    images, channels, pixels = prod(counts[: -axes - 1]), counts[-axes - 1], counts[-axes:]
    loops = replace(loops, n=images, p=prod(pixels[:-1]), q=pixels[-1])
    if loops.groups == 1:
        return replace(loops, m=channels)
    return replace(loops, groups=max(1, channels // loops.m))


def _linear_loops(call: Call, loops: Loops, counts: Shape) -> Loops:
    if loops.groups > 1:
        return _product_loops(call, loops, counts)
    return replace(loops, n=prod(counts[:-1]), m=counts[-1])


def _product_loops(call: Call, loops: Loops, counts: Shape) -> Loops:  # noqa: ARG001 - as all `Kind.loops`
    if len(counts) < 2:
        return replace(loops, groups=1, n=prod(counts))
    return replace(loops, groups=prod(counts[:-2]), n=counts[-2], m=counts[-1])


def _move(name: str, reads: Reading = reading.all_of_it, sources: str = "") -> Kind:
    return Kind(name, Unit.MOVE, reads=reads, sources=tuple(sources.split()))


_MATRIX = (
    Kind(
        "conv",
        Unit.MATRIX,
        reads=reading.convolution,
        weights=True,
        maps=True,
        extents=_convolution_extents,
        loops=_convolution_loops,
    ),
    Kind("linear", Unit.MATRIX, reads=reading.linear, weights=True, maps=False, loops=_linear_loops),
    Kind("matmul", Unit.MATRIX, reads=reading.matmul, maps=False, loops=_product_loops),
)

_MOVE = (
    _move(
        "scatter",
        sources="slice_scatter.default select_scatter.default scatter.src scatter.value "
        "diagonal_scatter.default",
    ),
    _move("complex", reading.elementwise),
    _move("gather", reading.gather, "index_select.default gather.default embedding.default"),
    _move("roll", sources="roll.default"),
    _move("flip", sources="flip.default"),
    _move("repeat", sources="repeat.default"),
    _move(
        "pad",
        reading.padding,
        "reflection_pad1d.default reflection_pad2d.default reflection_pad3d.default "
        "replication_pad1d.default replication_pad2d.default replication_pad3d.default",
    ),
    _move(
        "interpolate_nearest",
        reading.resampling(1),
        "upsample_nearest1d.default upsample_nearest1d.vec upsample_nearest2d.default upsample_nearest2d.vec",
    ),
    _move("concat", reading.concatenation),
    _move("copy", reading.elementwise),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*ELEMENTWISE, *OVER_MANY, *_MATRIX, *_MOVE)}
"""Every kind of operator that computes or moves, by name."""


def kind_of(op: Op) -> Kind:
    """The entry of an operator: what it says itself goes before the table.

    The passes of a normalisation are cut along any axis; only of what is a map always, as a map.
    """
    known = KINDS.get(op.kind)
    if known is not None and not op.reads:
        return known
    maps = bool(known.maps) if known is not None and known.reduces else None
    return Kind(op.kind, op.unit, reads=reading.stated, weights=op.unit is Unit.MATRIX, maps=maps)
