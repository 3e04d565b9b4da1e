"""Operators along an axis, between rows, and at places of a grid, each with what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from hypothesis import strategies as st

from simres.workload import Role, Unit
from simres.workload.operators import Attribute
from tests.support.defined_operators import Defined, Elements, Index, defined, shapes


@st.composite
def along_axes(draw: st.DrawFn) -> Defined:
    """Sorting, selection, running sums and transforms: all along some axes, of which topk keeps a part."""
    kind = draw(st.sampled_from(["sort", "topk", "cumsum", "logcumsumexp", "fft"]))
    shape = draw(shapes(1))
    most = len(shape) if kind == "fft" else 1
    dims = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=most, unique=True))
    kept = draw(st.integers(1, shape[dims[0]])) if kind == "topk" else shape[dims[0]]
    out = tuple(kept if axis == dims[0] else size for axis, size in enumerate(shape))

    def needs(place: int, index: Index) -> Elements:
        return product(*(range(shape[axis]) if axis in dims else [at] for axis, at in enumerate(index)))

    attributes: dict[str, Attribute] = {"dim": tuple(dims) if kind == "fft" else dims[0]}
    return defined(kind, Unit.HOST, {"x": (Role.INPUT, shape)}, out, needs, attributes=attributes)


@st.composite
def distances(draw: st.DrawFn) -> Defined:
    """Each row of one matrix with each of another; leading axes of one element serve all."""
    p, r, m = (draw(st.integers(1, 5)) for _ in range(3))
    lead = draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
    sides = [tuple(1 if draw(st.booleans()) else size for size in lead) for _ in range(2)]

    def needs(place: int, index: Index) -> Elements:
        first = [min(at, size - 1) for at, size in zip(index[:-2], sides[place], strict=True)]
        return [(*first, index[-2 + place], feature) for feature in range(m)]

    inputs = {"a": (Role.INPUT, (*sides[0], p, m)), "b": (Role.INPUT, (*sides[1], r, m))}
    return defined("distance", Unit.HOST, inputs, (*lead, p, r), needs)


@st.composite
def grids(draw: st.DrawFn) -> Defined:
    """Any pixel of a map may be wanted at a place of the grid."""
    axes = draw(st.sampled_from([2, 3]))
    names = {2: ["grid_nearest", "grid_bilinear", "grid_bicubic"], 3: ["grid_nearest", "grid_trilinear"]}
    kind = draw(st.sampled_from(names[axes]))
    n, c = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    sizes, outs = (tuple(draw(st.integers(1, 4)) for _ in range(axes)) for _ in range(2))

    def needs(place: int, index: Index) -> Elements:
        if place:
            return [(index[0], *index[2:], at) for at in range(axes)]
        return product([index[0]], [index[1]], *map(range, sizes))

    inputs = {"x": (Role.INPUT, (n, c, *sizes)), "grid": (Role.INPUT, (n, *outs, axes))}
    return defined(kind, Unit.HOST, inputs, (n, c, *outs), needs)


SAMPLING: Mapping[str, st.SearchStrategy[Defined]] = {
    "along axes": along_axes(),
    "distance": distances(),
    "grid": grids(),
}
"""What is drawn, by what it is called."""
