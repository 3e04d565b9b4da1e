"""ONNX's operators that only give elements another shape or place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from simres.tracing.lowering import Value
from simres_onnx.call import Call


def axis_of(call: Call, default: int) -> int:
    """The attribute `axis`, counted from the front."""
    rank = len(call.input(0).shape)
    return int(call.attributes.get("axis", default)) % max(1, rank)


def axes_of(call: Call) -> list[int]:
    """The axes reduced over, an attribute or the second input; all where none is named."""
    rank = len(call.input(0).shape)
    found = call.constant(1, "axes")
    return [axis % rank for axis in found] if found else list(range(rank))


def _reshaped(call: Call) -> tuple[Value, ...]:
    return call.aten("view.default", {"self": call.input(0)})


def _transposed(call: Call) -> tuple[Value, ...]:
    x = call.input(0)
    order = call.attributes.get("perm", list(range(len(x.shape)))[::-1])
    return call.aten("permute.default", {"self": x, "dims": list(order)})


def _sliced(call: Call) -> tuple[Value, ...]:
    """One axis after the other; backwards, elements change places."""
    x = call.input(0)
    starts, ends = call.constant(1, "starts") or [], call.constant(2, "ends") or []
    axes = call.constant(3, "axes") or list(range(len(starts)))
    steps = call.constant(4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(x.shape)
        size = len(range(*slice(start, end, step).indices(x.shape[axis])))
        made = replace(call.output, shape=(*x.shape[:axis], size, *x.shape[axis + 1 :]))
        if step < 0:
            (x,) = call.aten("flip.default", {"self": x, "dims": [axis]}, made)
            continue
        arguments = {"self": x, "dim": axis, "start": start, "end": end, "step": step}
        (x,) = call.aten("slice.Tensor", arguments, made)
    return (x,)


def _split(call: Call) -> tuple[Value, ...]:
    """Each part is a range of the axis."""
    x, axis, start = call.input(0), axis_of(call, 0), 0
    found: tuple[Value, ...] = ()
    for made in call.outputs:
        end = start + made.shape[axis]
        arguments = {"self": x, "dim": axis, "start": start, "end": end, "step": 1}
        found = (*found, *call.aten("slice.Tensor", arguments, made))
        start = end
    return found


def _gathered(call: Call) -> tuple[Value, ...]:
    """One constant index selects; rows of the first axis are an embedding, of another they are picked."""
    x, index, axis = call.input(0), call.input(1), axis_of(call, 0)
    if not index.shape and index.constant:
        number = (call.constant(1) or [0])[0] % x.shape[axis]
        return call.aten("select.int", {"self": x, "dim": axis, "index": number})
    if axis == 0 and len(x.shape) == 2:
        return call.aten("embedding.default", {"weight": x, "indices": index, "padding_idx": -1})
    return call.aten("index_select.default", {"self": x, "dim": axis, "index": index})


def _gathered_elements(call: Call) -> tuple[Value, ...]:
    arguments = {"self": call.input(0), "dim": axis_of(call, 0), "index": call.input(1), "sparse_grad": False}
    return call.aten("gather.default", arguments)


def _picked(call: Call) -> tuple[Value, ...]:
    """Any elements, by indices of several axes."""
    return call.aten("index.Tensor", {"self": call.input(0), "indices": [call.input(1)] * 2})


def _scattered(call: Call) -> tuple[Value, ...]:
    x, index, part = (call.input(place) for place in range(3))
    combines = call.attributes.get("reduction", "none") != "none"
    source = "scatter_reduce.two" if combines else "scatter.src"
    return call.aten(source, {"self": x, "dim": 0, "index": index, "src": part})


def _concatenated(call: Call) -> tuple[Value, ...]:
    parts = [value for value in call.inputs if value is not None]
    return call.aten("cat.default", {"tensors": parts, "dim": axis_of(call, 0)})


def _padded(call: Call) -> tuple[Value, ...]:
    """Pads are all befores, then all afters; torch has pairs from the last axis backwards."""
    x = call.input(0)
    rank = len(x.shape)
    pads = call.constant(1, "pads") or [0] * 2 * rank
    axes = [axis % rank for axis in call.constant(3) or range(rank)]
    before, after = (dict(zip(axes, half, strict=True)) for half in (pads[: len(axes)], pads[len(axes) :]))
    pairs = [(before.get(axis, 0), after.get(axis, 0)) for axis in reversed(range(rank))]
    while len(pairs) > 1 and pairs[-1] == (0, 0):
        pairs.pop()
    flat = [side for pair in pairs for side in pair]
    if call.attributes.get("mode", "constant") == "constant":
        return call.aten("constant_pad_nd.default", {"self": x, "pad": flat})
    return call.aten("reflection_pad2d.default", {"self": x, "padding": flat})


def _expanded(call: Call) -> tuple[Value, ...]:
    return call.aten("expand.default", {"self": call.input(0)})


def _tiled(call: Call) -> tuple[Value, ...]:
    return call.aten("repeat.default", {"self": call.input(0)})


def _interleaved(split: Callable[[Call], tuple[list[int], list[int]]]) -> Callable[[Call], tuple[Value, ...]]:
    """Reshaped, permuted, written in the new order, and reshaped."""

    def read(call: Call) -> tuple[Value, ...]:
        sizes, order = split(call)
        cut = replace(call.output, shape=tuple(sizes))
        turned = replace(call.output, shape=tuple(sizes[axis] for axis in order))
        (x,) = call.aten("view.default", {"self": call.input(0)}, cut)
        (x,) = call.aten("permute.default", {"self": x, "dims": order}, turned)
        apart = replace(x, strides=(1, *turned.shape[1:]))  # not in the order that they lie in
        (x,) = call.aten("clone.default", {"self": apart}, turned)
        return call.aten("view.default", {"self": x})

    return read


def _depth_to_space(call: Call) -> tuple[list[int], list[int]]:
    n, c, h, w = call.input(0).shape
    b = call.attributes["blocksize"]
    if call.attributes.get("mode", "DCR") == "CRD":
        return [n, c // (b * b), b, b, h, w], [0, 1, 4, 2, 5, 3]
    return [n, b, b, c // (b * b), h, w], [0, 3, 4, 1, 5, 2]


def _space_to_depth(call: Call) -> tuple[list[int], list[int]]:
    n, c, h, w = call.input(0).shape
    b = call.attributes["blocksize"]
    return [n, c, h // b, b, w // b, b], [0, 3, 5, 1, 2, 4]


SHAPING: Mapping[str, Callable[[Call], tuple[Value, ...]]] = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshaped),
    "Transpose": _transposed,
    "Slice": _sliced,
    "Split": _split,
    "Gather": _gathered,
    "GatherElements": _gathered_elements,
    "GatherND": _picked,
    "ScatterElements": _scattered,
    "ScatterND": _scattered,
    "Concat": _concatenated,
    "Pad": _padded,
    "Expand": _expanded,
    "Tile": _tiled,
    "DepthToSpace": _interleaved(_depth_to_space),
    "SpaceToDepth": _interleaved(_space_to_depth),
}
"""What is read, by ONNX's name."""
