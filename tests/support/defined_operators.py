"""Operators on small shapes, each with a plain definition of the elements that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from hypothesis import strategies as st

from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from simres.workload.operators import Attribute

Index = tuple[int, ...]
Elements = Iterable[Index]


@dataclass(frozen=True)
class Defined:
    """A workload of one operator, and the elements of input `place` behind one element of its output.

    `tight` says that the smallest box around them is what the table should tell.
    """

    workload: Workload
    needs: Callable[[int, Index], Elements]
    tight: bool = True

    @property
    def op(self) -> Op:
        """The operator."""
        return self.workload.ops[0]


def defined(
    kind: str,
    unit: Unit,
    inputs: Mapping[str, tuple[Role, tuple[int, ...]]],
    output: tuple[int, ...],
    needs: Callable[[int, Index], Elements],
    *,
    tight: bool = True,
    loops: Loops | None = None,
    window: Window | None = None,
    attributes: Mapping[str, Attribute] | None = None,
) -> Defined:
    """A workload of one operator of that kind, with `y` for its output."""
    tensors = {name: Tensor(name, role, shape) for name, (role, shape) in inputs.items()}
    tensors["y"] = Tensor("y", Role.ACTIVATION, output)
    op = Op(
        "op",
        kind,
        unit,
        tuple(inputs),
        ("y",),
        macs=loops.macs if loops else 0,
        vector_ops=prod(output) if unit is Unit.HOST else 0,
        loops=loops,
        window=window,
        attributes=attributes or {},
    )
    return Defined(Workload(kind, tensors, (op,), ("y",)), needs, tight)


def boxes(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Any part of a tensor of this shape."""
    parts = []
    for size in shape:
        start = draw(st.integers(0, size - 1))
        parts.append((start, draw(st.integers(start + 1, size))))
    return tuple(parts)


def _window_of(kernel: Index, stride: Index, before: Index, dilation: Index) -> Window:
    if len(kernel) == 1:
        kernel, stride, before, dilation = (1, *kernel), (1, *stride), (0, *before), (1, *dilation)
    return Window(kernel, stride, tuple(side for one in before for side in (one, one)), dilation)


@st.composite
def convolutions(draw: st.DrawFn, most: int = 6) -> Defined:
    """Convolutions over one to three axes: transposed, grouped, strided, padded, dilated, cropped."""
    axes = draw(st.integers(1, 3))
    transposed = draw(st.booleans())
    groups, c, m = (draw(st.integers(1, 3)) for _ in range(3))
    sizes, kernel, stride, before, dilation, outs = [], [], [], [], [], []
    for _ in range(axes):
        size, taps = draw(st.integers(1, most)), draw(st.integers(1, 4))
        step, apart = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        reach = (taps - 1) * apart
        pad = draw(st.integers(0, reach))
        more = draw(st.integers(0, step - 1)) if transposed else 0
        out = (
            (size - 1) * step - 2 * pad + reach + more + 1
            if transposed
            else (size + 2 * pad - reach - 1) // step + 1
        )
        if out < 1:
            size, pad = size + reach, 0
            out = (size - 1) * step + reach + more + 1 if transposed else (size - reach - 1) // step + 1
        sizes.append(size)
        kernel.append(taps)
        stride.append(step)
        before.append(pad)
        dilation.append(apart)
        outs.append(out)
    images = draw(st.integers(1, 2))
    pixels = sizes if transposed else outs
    loops = Loops(groups, images, m, c, prod(pixels[:-1]), pixels[-1], prod(kernel[:-1]), kernel[-1])
    weight = (groups * c, m, *kernel) if transposed else (groups * m, c, *kernel)

    def taps_of(axis: int, out: int) -> dict[int, int]:
        """By tap: the element of the input under it."""
        found = {}
        for tap in range(kernel[axis]):
            if transposed:
                place = out + before[axis] - tap * dilation[axis]
                if place % stride[axis]:
                    continue
                place //= stride[axis]
            else:
                place = out * stride[axis] - before[axis] + tap * dilation[axis]
            if 0 <= place < sizes[axis]:
                found[tap] = place
        return found

    def needs(place: int, index: Index) -> Elements:
        image, channel, *pixel = index
        group = channel // m
        found = [taps_of(axis, at) for axis, at in enumerate(pixel)]
        if place == 0:
            inside = range(group * c, (group + 1) * c)
            return product([image], inside, *(one.values() for one in found))
        if transposed:
            return product(range(group * c, (group + 1) * c), [channel % m], *map(range, kernel))
        return product([channel], range(c), *map(range, kernel))

    return defined(
        "conv",
        Unit.MATRIX,
        {"x": (Role.INPUT, (images, groups * c, *sizes)), "w": (Role.WEIGHT, weight)},
        (images, groups * m, *outs),
        needs,
        # Of a dilated or strided window the smallest box around a part may be smaller at the edge, and of
        # a group all channels count as wanted.
        tight=max(dilation) == 1 and (not transposed or max(stride) == 1) and groups == 1,
        loops=loops,
        window=_window_of(tuple(kernel), tuple(stride), tuple(before), tuple(dilation)),
        attributes={"transposed": True} if transposed else {},
    )


@st.composite
def poolings(draw: st.DrawFn) -> Defined:
    """Pooling over one to three axes (one axis has a single row); some adaptive, each window by itself."""
    axes = draw(st.integers(2, 3))
    lead = tuple(draw(st.integers(1, 3)) for _ in range(2))
    sizes = [draw(st.integers(1, 7)) for _ in range(axes)]
    if draw(st.booleans()):
        sizes[0] = 1
    if draw(st.booleans()):
        outs = tuple(draw(st.integers(1, size)) for size in sizes)
        windows = [
            [range(at * m // n, -(-(at + 1) * m // n)) for at in range(n)]
            for m, n in zip(sizes, outs, strict=True)
        ]
        window = None
    else:
        kernel = tuple(draw(st.integers(1, size)) for size in sizes)
        stride = tuple(draw(st.integers(1, 3)) for _ in sizes)
        before = tuple(draw(st.integers(0, taps // 2)) for taps in kernel)
        windows = [
            [
                range(max(0, at * step - pad), min(size, at * step - pad + taps))
                for at in range((size + 2 * pad - taps) // step + 1)
            ]
            for size, taps, step, pad in zip(sizes, kernel, stride, before, strict=True)
        ]
        outs = tuple(map(len, windows))
        window = _window_of(kernel, stride, before, (1,) * axes)

    def needs(place: int, index: Index) -> Elements:
        return product(
            *([at] for at in index[:2]), *(one[at] for one, at in zip(windows, index[2:], strict=True))
        )

    kind = draw(st.sampled_from(["max_pool", "avg_pool"]))
    inputs = {"x": (Role.INPUT, (*lead, *sizes))}
    return defined(kind, Unit.HOST, inputs, (*lead, *outs), needs, window=window)


def shapes(least: int = 0, most: int = 4) -> st.SearchStrategy[Index]:
    """Shapes of tensors with so many axes."""
    return st.lists(st.integers(1, 5), min_size=least, max_size=most).map(tuple)


@st.composite
def linears(draw: st.DrawFn) -> Defined:
    """Linear layers, with weights (m, c) or (c, m), and batches of products with constants."""
    lead = draw(shapes(0, 3))
    m, c = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    form = draw(st.sampled_from(["own", "transposed", "batched"]))
    if form == "batched":
        groups, n = draw(st.integers(1, 3)), draw(st.integers(1, 4))

        def batched(place: int, index: Index) -> Elements:
            group, row, column = index
            return product([group], [row], range(c)) if place == 0 else product([group], range(c), [column])

        inputs = {"x": (Role.INPUT, (groups, n, c)), "w": (Role.WEIGHT, (groups, c, m))}
        loops = Loops(groups, n, m, c)
        return defined("linear", Unit.MATRIX, inputs, (groups, n, m), batched, loops=loops)

    def needs(place: int, index: Index) -> Elements:
        if place == 0:
            return product(*([at] for at in index[:-1]), range(c))
        return product([index[-1]], range(c)) if form == "own" else product(range(c), [index[-1]])

    weight = (m, c) if form == "own" else (c, m)
    return defined(
        "linear",
        Unit.MATRIX,
        {"x": (Role.INPUT, (*lead, c)), "w": (Role.WEIGHT, weight)},
        (*lead, m),
        needs,
        loops=Loops(n=prod(lead), m=m, c=c),
        attributes={"transposed": True} if form == "transposed" else {},
    )


@st.composite
def matmuls(draw: st.DrawFn) -> Defined:
    """Products of what is computed, of which one may serve several of the other's batch."""
    lead = draw(shapes(0, 2))
    n, c, m = (draw(st.integers(1, 5)) for _ in range(3))
    shared = [tuple(1 if draw(st.booleans()) else size for size in lead) for _ in range(2)]
    out = tuple(map(max, *shared)) if lead else ()

    def needs(place: int, index: Index) -> Elements:
        batch = [min(at, size - 1) for at, size in zip(index, shared[place], strict=False)]
        row, column = index[-2:]
        inner = ([row], range(c)) if place == 0 else (range(c), [column])
        return product(*([at] for at in batch), *inner)

    inputs = {"a": (Role.INPUT, (*shared[0], n, c)), "b": (Role.INPUT, (*shared[1], c, m))}
    return defined("matmul", Unit.MATRIX, inputs, (*out, n, m), needs, loops=Loops(prod(out), n, m, c))


@st.composite
def elementwise(draw: st.DrawFn) -> Defined:
    """Two operands, broadcast to each other."""
    out = draw(shapes(1))

    def operand() -> Index:
        kept = draw(st.integers(0, len(out)))
        return tuple(1 if draw(st.booleans()) else size for size in out[kept:])

    found = (out, operand())

    def needs(place: int, index: Index) -> Elements:
        tail = index[len(index) - len(found[place]) :]
        return [tuple(min(at, size - 1) for at, size in zip(tail, found[place], strict=True))]

    kind = draw(st.sampled_from(["add", "mul", "select", "batch_norm", "bias"]))
    inputs = {"a": (Role.INPUT, found[0]), "b": (Role.INPUT, found[1])}
    return defined(kind, Unit.HOST, inputs, out, needs, tight=len(found[1]) != 1 or len(out) == 1)


@st.composite
def normalisations(draw: st.DrawFn) -> Defined:
    """Softmax along any axis, layer, RMS, group and instance norm: each reads what it sums over."""
    kind = draw(
        st.sampled_from(["softmax", "log_softmax", "layer_norm", "rms_norm", "group_norm", "instance_norm"])
    )
    shape = draw(shapes(2 if kind in ("group_norm", "instance_norm") else 1))
    attributes: dict[str, Attribute] = {}
    over: set[int] = set(range(2, len(shape)))
    weights: Index = ()
    size = 1
    if kind in ("softmax", "log_softmax"):
        attributes["dim"] = dim = draw(st.integers(0, len(shape) - 1))
        over = {dim}
    elif kind in ("layer_norm", "rms_norm"):
        kept = draw(st.integers(0, len(shape) - 1))
        weights = shape[kept:]
        attributes["normalized_shape"] = weights
        over = set(range(kept, len(shape)))
    else:
        weights = shape[1:2]
        if kind == "group_norm":
            attributes["group"] = draw(st.sampled_from([n for n in range(1, 6) if shape[1] % n == 0]))
            size = shape[1] // int(str(attributes["group"]))

    def needs(place: int, index: Index) -> Elements:
        if place:
            return [index[len(index) - len(weights) :] if len(weights) != 1 or 1 in over else index[1:2]]
        parts = [range(shape[axis]) if axis in over else [at] for axis, at in enumerate(index)]
        if size > 1:
            group = index[1] // size
            parts[1] = range(group * size, (group + 1) * size)
        return product(*parts)

    inputs = {"x": (Role.INPUT, shape)}
    if weights and kind not in ("layer_norm", "rms_norm"):
        inputs["scale"] = (Role.WEIGHT, weights)
    return defined(kind, Unit.HOST, inputs, shape, needs, attributes=attributes, tight=size == 1)


@st.composite
def reductions(draw: st.DrawFn) -> Defined:
    """Sums and the like over some axes, kept with one element or dropped."""
    shape = draw(shapes(1))
    over = draw(st.sets(st.integers(0, len(shape) - 1)))
    kept = [axis for axis in range(len(shape)) if axis not in over]
    keep = draw(st.booleans())
    out = (
        tuple(1 if axis in over else size for axis, size in enumerate(shape))
        if keep
        else tuple(shape[axis] for axis in kept)
    )

    def needs(place: int, index: Index) -> Elements:
        at = {axis: index[axis if keep else kept.index(axis)] for axis in kept}
        return product(*([at[axis]] if axis in at else range(size) for axis, size in enumerate(shape)))

    kind = draw(st.sampled_from(["sum", "mean", "variance", "reduce", "norm", "median"]))
    attributes: dict[str, Attribute] = {"dim": tuple(sorted(over))}
    return defined(kind, Unit.HOST, {"x": (Role.INPUT, shape)}, out, needs, attributes=attributes)


@st.composite
def concatenations(draw: st.DrawFn) -> Defined:
    """Two to four tensors one after the other; the axis may be left out where it is the first."""
    shape = draw(shapes(1))
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    starts = [sum(lengths[:place]) for place in range(len(lengths))]

    def part(length: int) -> Index:
        return (*shape[:axis], length, *shape[axis + 1 :])

    def needs(place: int, index: Index) -> Elements:
        at = index[axis] - starts[place]
        return [(*index[:axis], at, *index[axis + 1 :])] if 0 <= at < lengths[place] else []

    inputs = {f"x{place}": (Role.INPUT, part(length)) for place, length in enumerate(lengths)}
    named = axis > 0 or draw(st.booleans())
    attributes: dict[str, Attribute] = {"dim": axis} if named else {}
    return defined("concat", Unit.MOVE, inputs, part(sum(lengths)), needs, attributes=attributes)


@st.composite
def paddings(draw: st.DrawFn) -> Defined:
    """Zeros around some last axes (negative ones crop), the edge repeated, or what is beside it mirrored."""
    shape = draw(shapes(1))
    form = draw(st.sampled_from(["zeros", "edge", "mirror"]))
    count = draw(st.integers(1, len(shape)))
    pads: list[tuple[int, int]] = []
    for size in reversed(shape[-count:]):
        least, most = (-((size - 1) // 2), 3) if form == "zeros" else (0, 3 if form == "edge" else size - 1)
        pads.append((draw(st.integers(least, most)), draw(st.integers(least, most))))
    before = [0] * (len(shape) - count) + [pair[0] for pair in reversed(pads)]
    after = [0] * (len(shape) - count) + [pair[1] for pair in reversed(pads)]
    out = tuple(size + a + b for size, a, b in zip(shape, before, after, strict=True))

    def needs(place: int, index: Index) -> Elements:
        found = []
        for at, ahead, size in zip(index, before, shape, strict=True):
            one = at - ahead
            if form == "zeros" and not 0 <= one < size:
                return []
            if form == "mirror":
                one = abs(one)
                one = 2 * (size - 1) - one if one >= size else one
            found.append(min(max(one, 0), size - 1))
        return [tuple(found)]

    flat = tuple(side for pair in pads for side in pair)
    attributes: dict[str, Attribute] = {"pad" if form == "zeros" else "padding": flat}
    inputs = {"x": (Role.INPUT, shape)}
    return defined("pad", Unit.MOVE, inputs, out, needs, attributes=attributes, tight=form == "zeros")


@st.composite
def resamplings(draw: st.DrawFn) -> Defined:
    """Nearest neighbours and two taps an axis, by whole factors or not, with aligned corners or without."""
    kind = draw(st.sampled_from(["interpolate_nearest", "interpolate_linear", "interpolate_bilinear"]))
    axes = 1 if kind == "interpolate_linear" else 2
    lead = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    sizes = tuple(draw(st.integers(1, 6)) for _ in range(axes))
    outs = tuple(draw(st.integers(1, 9)) for _ in range(axes))
    aligned = draw(st.booleans())

    def taps(at: int, m: int, n: int) -> Iterable[int]:
        if kind == "interpolate_nearest":
            return [at * m // n]
        place = at * (m - 1) / max(1, n - 1) if aligned else max(0.0, (at + 0.5) * m / n - 0.5)
        first = min(int(place), m - 1)
        return [first, min(first + 1, m - 1)]

    def needs(place: int, index: Index) -> Elements:
        inner = [taps(at, m, n) for at, m, n in zip(index[2:], sizes, outs, strict=True)]
        return product([index[0]], [index[1]], *inner)

    unit = Unit.MOVE if kind == "interpolate_nearest" else Unit.HOST
    return defined(kind, unit, {"x": (Role.INPUT, (*lead, *sizes))}, (*lead, *outs), needs, tight=False)


@st.composite
def gathers(draw: st.DrawFn, *, table: Role = Role.ACTIVATION) -> Defined:
    """Rows looked up: an embedding, along an axis, by an index among colons, or for each element by itself.

    Any row may be wanted. Of a table that lies off-chip, rows that stand for those wanted are told.
    """
    form = draw(st.sampled_from(["embedding", "select", "index", "elements"]))
    shape = draw(shapes(2 if form == "embedding" else 1, 3))
    shape = shape[:2] if form == "embedding" else shape
    axis = 0 if form == "embedding" else draw(st.integers(0, len(shape) - 1))
    index_shape = draw(shapes(1, 1 if form == "select" else 2))
    if form == "elements":
        index_shape = tuple(draw(st.integers(1, 5)) if at == axis else size for at, size in enumerate(shape))
    out = index_shape if form == "elements" else (*shape[:axis], *index_shape, *shape[axis + 1 :])

    def needs(place: int, index: Index) -> Elements:
        if form == "elements":
            parts = [range(shape[axis]) if at == axis else [one] for at, one in enumerate(index)]
            return product(*parts) if place == 0 else [index]
        inner = index[axis : axis + len(index_shape)]
        if place:
            return [inner]
        return product(
            *([one] for one in index[:axis]),
            range(shape[axis]),
            *([one] for one in index[axis + len(index_shape) :]),
        )

    attributes: dict[str, Attribute] = {
        "embedding": {"padding_idx": -1, "scale_grad_by_freq": False, "sparse": False},
        "select": {"dim": axis},
        "index": {"axes": (axis,)},
        "elements": {"dim": axis, "sparse_grad": False},
    }[form]
    inputs = {"table": (table, shape), "rows": (Role.INPUT, index_shape)}
    return defined("gather", Unit.MOVE, inputs, out, needs, attributes=attributes)


KINDS: Mapping[str, st.SearchStrategy[Defined]] = {
    "conv": convolutions(),
    "pool": poolings(),
    "linear": linears(),
    "matmul": matmuls(),
    "elementwise": elementwise(),
    "normalisation": normalisations(),
    "reduction": reductions(),
    "concat": concatenations(),
    "pad": paddings(),
    "resampling": resamplings(),
    "gather": gathers(),
}
"""What is drawn, by what it is called."""
