"""Draws data movement: views, which rename bytes, and moves, which copy them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from simres.testing.graphs.graph_builder import Graph, Kinds, Shape
from simres.tracing.lowering import Value


def reshape(graph: Graph) -> None:
    """Regroups the factors of the sizes."""
    x = graph.anything()
    factors = [factor for size in x.shape for factor in _factors(size)]
    shape = [1]
    for factor in factors:
        if len(shape) < 5 and graph.chance():
            shape.append(factor)
        else:
            shape[-1] *= factor
    graph.call("aten.view.default", {"self": x, "size": shape}, tuple(shape))


def _factors(size: int) -> list[int]:
    found = []
    for factor in (2, 3, 5, 7):
        while size % factor == 0:
            found.append(factor)
            size //= factor
    return [*found, size] if size > 1 else found


def permute(graph: Graph) -> None:
    """Puts the axes in another order."""
    x = graph.anything(1)
    dims = graph.some_of(range(len(x.shape)), least=len(x.shape))
    graph.call("aten.permute.default", {"self": x, "dims": dims}, tuple(x.shape[axis] for axis in dims))


def transpose(graph: Graph) -> None:
    """Swaps two axes; for a matrix also by `t`."""
    x = graph.anything(2)
    one, other = graph.axis(x), graph.axis(x)
    shape = list(x.shape)
    shape[one], shape[other] = shape[other], shape[one]
    graph.call("aten.transpose.int", {"self": x, "dim0": one, "dim1": other}, tuple(shape))


def squeeze(graph: Graph) -> None:
    """Removes an axis of one element, which is inserted first where there is none."""
    x = graph.anything(1, 4)
    if 1 in x.shape:
        axis = graph.one_of(*(axis for axis, size in enumerate(x.shape) if size == 1))
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        graph.call("aten.squeeze.dims", {"self": x, "dim": [axis]}, shape)
    else:
        unsqueeze(graph, x)


def unsqueeze(graph: Graph, value: Value | None = None) -> None:
    """Inserts an axis of one element."""
    x = graph.anything(0, 4) if value is None else value
    axis = graph.integer(0, len(x.shape))
    graph.call("aten.unsqueeze.default", {"self": x, "dim": axis}, (*x.shape[:axis], 1, *x.shape[axis:]))


def slice_(graph: Graph) -> None:
    """Takes a range of an axis, or every second or third element of it; ends may be negative."""
    x = graph.whole(graph.anything(1))
    axis = graph.axis(x)
    size = x.shape[axis]
    start, step = graph.integer(-size, size - 1), graph.integer(1, 3)
    end = graph.one_of(graph.integer(start % size + 1, size), 2**63 - 1)
    kept = len(range(*slice(start, end, step).indices(size)))
    arguments = {"self": x, "dim": axis, "start": start, "end": end, "step": step}
    graph.call("aten.slice.Tensor", arguments, _with(x.shape, axis, kept))


def select(graph: Graph) -> None:
    """Takes one index of an axis."""
    x = graph.whole(graph.anything(1))
    axis = graph.axis(x)
    index = graph.integer(-x.shape[axis], x.shape[axis] - 1)
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    graph.call("aten.select.int", {"self": x, "dim": axis, "index": index}, shape)


def expand(graph: Graph) -> None:
    """Repeats axes of one element, and may add new ones in front."""
    x = graph.anything(0, 4)
    lead = [graph.integer(1, 3)] * (graph.chance() and len(x.shape) < 4)
    shape = [*lead, *(graph.integer(1, 4) if size == 1 else size for size in x.shape)]
    graph.call("aten.expand.default", {"self": x, "size": shape}, tuple(shape))


def split(graph: Graph) -> None:
    """Splits an axis in parts, of which at least one is used."""
    x = graph.whole(graph.anything(1))
    axis = graph.axis(x)
    size = x.shape[axis]
    if graph.chance():
        ends = sorted({0, size, *graph.some_of(range(1, size + 1), most=2)})
        sizes = [stop - start for start, stop in pairwise(ends)]
        shapes = [_with(x.shape, axis, part) for part in sizes]
        source, arguments = "aten.split_with_sizes.default", {"self": x, "split_sizes": sizes, "dim": axis}
    else:
        shapes = [(*x.shape[:axis], *x.shape[axis + 1 :])] * size
        source, arguments = "aten.unbind.int", {"self": x, "dim": axis}
    used = sorted(graph.some_of(range(len(shapes)), least=1, most=3))
    graph.call(source, arguments, *shapes, used=used)


def diagonal(graph: Graph) -> None:
    """Takes the diagonal of two axes, which becomes the last axis."""
    x = graph.whole(graph.anything(2))
    one = graph.axis(x)
    other = graph.one_of(*(axis for axis in range(len(x.shape)) if axis != one))
    offset = graph.integer(1 - x.shape[one], x.shape[other] - 1)
    length = min(x.shape[one] + min(0, offset), x.shape[other] - max(0, offset))
    rest = tuple(size for axis, size in enumerate(x.shape) if axis not in (one, other))
    arguments = {"self": x, "offset": offset, "dim1": one, "dim2": other}
    graph.call("aten.diagonal.default", arguments, (*rest, length))


def unfold(graph: Graph) -> None:
    """Takes windows of an axis, which may overlap, as a new last axis."""
    x = graph.whole(graph.anything(1, 4))
    axis = graph.axis(x)
    size, step = graph.integer(1, x.shape[axis]), graph.integer(1, 3)
    shape = (*_with(x.shape, axis, (x.shape[axis] - size) // step + 1), size)
    graph.call("aten.unfold.default", {"self": x, "dimension": axis, "size": size, "step": step}, shape)


def as_strided(graph: Graph) -> None:
    """Reads the elements in memory order with other strides."""
    x = graph.whole(graph.anything(1, 4))
    count = x.elements
    strides = [graph.integer(0, 4) for _ in range(graph.integer(1, 3))]
    shape = []
    offset = left = graph.integer(0, count - 1)
    for stride in strides:
        most = (count - 1 - left) // stride if stride else 3
        shape.append(graph.integer(1, min(4, most + 1)))
        left += (shape[-1] - 1) * stride
    arguments = {"self": x, "size": shape, "stride": strides, "storage_offset": offset}
    graph.call("aten.as_strided.default", arguments, tuple(shape))


def pad(graph: Graph) -> None:
    """Pads some axes with a constant, which may also crop; reflects or replicates the last ones."""
    way = graph.one_of("constant", "constant", "reflection", "replication")
    if way == "constant":
        x = graph.anything(1)
        axes = graph.integer(1, len(x.shape))
        pairs = [
            (graph.integer(-1 if size > 1 else 0, 2), graph.integer(0, 2)) for size in x.shape[::-1][:axes]
        ]
        name, source = "pad", "aten.constant_pad_nd.default"
    else:
        axes = graph.integer(1, 3)
        x = graph.number(axes + 1, axes + 2)
        most = 1 if way == "reflection" else -1  # a reflection omits the edge itself
        pairs = [
            (graph.integer(0, min(2, size - most)), graph.integer(0, min(2, size - most)))
            for size in x.shape[::-1][:axes]
        ]
        name, source = "padding", f"aten.{way}_pad{axes}d.default"
    if min(edge for pair in pairs for edge in pair) < 0:
        x = graph.whole(x)
    shape = list(x.shape)
    for place, (before, after) in enumerate(pairs):
        shape[-1 - place] += before + after
    arguments = {"self": x, name: [edge for pair in pairs for edge in pair]}
    graph.call(source, arguments, tuple(shape))


def concat(graph: Graph) -> None:
    """Concatenates two or three tensors along an axis."""
    x = graph.anything(1)
    axis = graph.axis(x)
    rest = _with(x.shape, axis, 0)

    def fits(value: Value) -> bool:
        same = len(value.shape) == len(rest) and _with(value.shape, axis, 0) == rest
        return same and value.dtype == x.dtype

    parts = [x]
    for _ in range(graph.integer(1, 2)):
        parts.append(graph.choose(fits, lambda: _with(x.shape, axis, graph.integer(1, 4)), x.dtype))
    total = sum(part.shape[axis] for part in parts)
    graph.call("aten.cat.default", {"tensors": parts, "dim": axis}, _with(x.shape, axis, total))


def copy(graph: Graph) -> None:
    """Copies a tensor whose memory order differs from the order of its indices."""
    x = graph.anything(2)
    turned = replace(x, strides=x.strides[::-1])
    graph.call("aten.clone.default", {"self": turned}, x.shape)


def roll(graph: Graph) -> None:
    """Rotates elements along an axis."""
    x = graph.anything(1)
    axis = graph.axis(x)
    shift = graph.integer(-x.shape[axis], x.shape[axis])
    graph.call("aten.roll.default", {"self": x, "shifts": [shift], "dims": [axis]}, x.shape)


def flip(graph: Graph) -> None:
    """Reverses some axes."""
    x = graph.anything(1)
    dims = sorted(graph.some_of(range(len(x.shape)), least=1, most=2))
    graph.call("aten.flip.default", {"self": x, "dims": dims}, x.shape)


def repeat(graph: Graph) -> None:
    """Repeats the whole tensor along each axis, and along new ones in front."""
    x = graph.anything(0, 4)
    lead = [graph.integer(1, 2)] * (graph.chance() and len(x.shape) < 4)
    times = [*lead, *(graph.one_of(1, 1, 2, 3) for _ in x.shape)]
    sizes = (*[1] * len(lead), *x.shape)
    shape = tuple(size * count for size, count in zip(sizes, times, strict=True))
    graph.call("aten.repeat.default", {"self": x, "repeats": times}, shape)


def gather(graph: Graph) -> None:
    """Reads rows of a table, places of an axis, or single elements, by computed or given indices."""
    way = graph.one_of("embedding", "index_select", "gather", "index")
    if way == "embedding":
        table = graph.weight((graph.integer(1, 40), graph.integer(1, 8)), graph.one_of(*graph.dtypes))
        indices = graph.choose(
            lambda value: value.dtype == "int64" and len(value.shape) <= 3, lambda: graph.shape(2), "int64"
        )
        shape = (*indices.shape, table.shape[1])
        graph.call("aten.embedding.default", {"weight": table, "indices": indices}, shape)
        return
    x = graph.anything(1)
    axis = graph.axis(x)
    if way == "gather":
        shape = _with(x.shape, axis, graph.integer(1, 6))
        index = graph.operand(shape, "int64")
        graph.call("aten.gather.default", {"self": x, "dim": axis, "index": index}, shape)
        return
    index = graph.operand((graph.integer(1, 6),), "int64")
    if way == "index_select":
        shape = _with(x.shape, axis, index.elements)
        graph.call("aten.index_select.default", {"self": x, "dim": axis, "index": index}, shape)
    else:
        shape = (*index.shape, *x.shape[1:])
        graph.call("aten.index.Tensor", {"self": x, "indices": [index]}, shape)


def scatter(graph: Graph) -> None:
    """Replaces a part of a tensor, or adds to it."""
    way = graph.one_of("slice", "select", "put", "src", "add")
    x = graph.anything(1)
    axis = graph.axis(x)
    size = x.shape[axis]
    if way == "slice":
        start, step = graph.integer(0, size - 1), graph.integer(1, 2)
        kept = len(range(start, size, step))
        part = graph.operand(_with(x.shape, axis, kept), x.dtype)
        arguments = {"self": x, "src": part, "dim": axis, "start": start, "end": size, "step": step}
        graph.call("aten.slice_scatter.default", arguments, x.shape)
    elif way == "select":
        part = graph.operand((*x.shape[:axis], *x.shape[axis + 1 :]), x.dtype)
        arguments = {"self": x, "src": part, "dim": axis, "index": graph.integer(0, size - 1)}
        graph.call("aten.select_scatter.default", arguments, x.shape)
    elif way == "put":
        index = graph.operand((graph.integer(1, 4),), "int64")
        part = graph.operand((*index.shape, *x.shape[1:]), x.dtype)
        graph.call("aten.index_put.default", {"self": x, "indices": [index], "values": part}, x.shape)
    else:
        shape = _with(x.shape, axis, graph.integer(1, size))
        index, part = graph.operand(shape, "int64"), graph.operand(shape, x.dtype)
        source = "aten.scatter.src" if way == "src" else "aten.scatter_add.default"
        graph.call(source, {"self": x, "dim": axis, "index": index, "src": part}, x.shape)


def interpolate(graph: Graph, kind: str = "nearest", axes: int = 0) -> None:
    """Resamples rows and columns to other sizes."""
    axes = axes or graph.integer(1, 2)
    x = graph.number(axes + 2, axes + 2)
    sizes = tuple(graph.integer(1, 2 * size) for size in x.shape[2:])
    arguments = {"input": x, "output_size": list(sizes), "scale_factors": None}
    graph.call(f"aten.upsample_{kind}{axes}d.vec", arguments, (*x.shape[:2], *sizes))


def _with(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


VIEWS: Kinds = {
    "reshape": reshape,
    "permute": permute,
    "transpose": transpose,
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    "slice": slice_,
    "select_index": select,
    "expand": expand,
    "split": split,
    "diagonal": diagonal,
    "unfold": unfold,
    "as_strided": as_strided,
}
"""The function that draws each kind that renames bytes."""
MOVES: Kinds = {
    "pad": pad,
    "concat": concat,
    "copy": copy,
    "roll": roll,
    "flip": flip,
    "repeat": repeat,
    "gather": gather,
    "scatter": scatter,
    "interpolate_nearest": interpolate,
}
"""The function that draws each kind that copies bytes."""
