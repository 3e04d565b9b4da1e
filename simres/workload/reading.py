"""How operators read their inputs, by kind: the rules of each input, from shapes and attributes.

Where a form of an operator is not known (an attribute is missing, a rank is unusual), all of the input is
read: right, if wasteful.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simres.workload.operators import Op
from simres.workload.reaches import (
    SUMMED,
    Along,
    LookUp,
    Reads,
    Rule,
    Shape,
    broadcast,
    everything,
    same,
    transposed_window,
    window,
)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with the shapes of its inputs and of its first output, and the data type it computes in."""

    op: Op
    inputs: tuple[Shape, ...]
    output: Shape
    dtype: str = ""

    def integers(self, name: str) -> tuple[int, ...] | None:
        """The attribute of that name as a list of integers; None if it is not one."""
        found = self.op.attributes.get(name)
        if isinstance(found, int) and not isinstance(found, bool):
            return (found,)
        return found if isinstance(found, tuple) else None


Reading = Callable[[Call, int], Reads]
"""The rules of one input of an operator, by its place."""


def all_of_it(call: Call, place: int) -> Reads:
    """Reads all of every input."""
    return everything(len(call.inputs[place]))


def stated(call: Call, place: int) -> Reads:
    """Reads as the operator itself says."""
    reads = call.op.reads[place] if place < len(call.op.reads) else ()
    return reads or all_of_it(call, place)


def elementwise(call: Call, place: int) -> Reads:
    """Element for element, after broadcasting."""
    return broadcast(call.inputs[place], call.output)


def _groups(call: Call, channel: int) -> Rule:
    """The input channels of a convolution: those of the same group, or all, summed over."""
    groups = call.op.loops.groups if call.op.loops else 1
    if groups == 1:
        return SUMMED
    if call.output[channel] % groups or call.inputs[0][channel] % groups:
        return None
    return Along(channel, over=call.output[channel] // groups, each=call.inputs[0][channel] // groups)


def convolution(call: Call, place: int) -> Reads:
    """A convolution over any number of axes, transposed or not, grouped or not.

    Weights are (channels out, channels in of a group, taps...), of a transposed one (channels in, channels
    out of a group, taps...).
    """
    op, out = call.op, call.output
    if len(call.inputs) < 2 or place > 1:
        return all_of_it(call, place)
    axes = len(call.inputs[1]) - 2
    channel = len(out) - axes - 1
    if axes < 1 or channel not in (0, 1) or len(call.inputs[0]) != len(out):
        return all_of_it(call, place)
    transposed = bool(op.attributes.get("transposed"))
    groups = _groups(call, channel)
    if place == 0:
        return (*same(channel), groups, *_windows(call, channel + 1, transposed=transposed))
    taps = everything(axes)
    if not transposed:
        return (Along(channel), SUMMED if groups is SUMMED else None, *taps)
    return (SUMMED, Along(channel), *taps) if groups is SUMMED else (groups, None, *taps)


def _windows(call: Call, start: int, *, transposed: bool = False) -> Reads:
    """The rules of the axes from `start` on, along which a window slides; all without a window."""
    found, axes = call.op.window, len(call.output) - start
    if found is None or len(found.kernel) < axes:
        return everything(axes)
    reach = transposed_window if transposed else window
    before = len(found.kernel) - axes
    return tuple(
        reach(
            start + axis,
            found.kernel[before + axis],
            found.stride[before + axis],
            found.padding[2 * (before + axis)],
            found.dilation[before + axis],
        )
        for axis in range(axes)
    )


def pooling(call: Call, place: int) -> Reads:
    """A window over the last axes, channel by channel; adaptive pooling has a different one at each place:

    output i of n reads inputs floor(i m / n) up to, not including, ceil((i + 1) m / n) of m.
    """
    out, shape = call.output, call.inputs[place]
    if len(shape) != len(out) or place:
        return all_of_it(call, place)
    if call.op.window is not None:
        kept = max(0, len(out) - len(call.op.window.kernel))
        return (*same(kept), *_windows(call, kept))
    if call.op.attributes:
        return (*same(min(2, len(out))), *everything(max(0, len(out) - 2)))
    return tuple(
        Along(axis) if m == n else Along(axis, times=m, over=n, last=m - 1)
        for axis, (m, n) in enumerate(zip(shape, out, strict=True))
    )


def linear(call: Call, place: int) -> Reads:
    """y = x W^T with W (m, c); with the attribute `transposed`, or by its shape, W (c, m)."""
    if place > 1 or len(call.inputs) < 2:
        return all_of_it(call, place)
    data, weight, out = *call.inputs[:2], call.output
    if len(weight) != 2:
        return matmul(call, place)
    last = len(out) - 1
    if len(data) != len(out) or not out:  # such as a filled tensor, which is stored as its one value
        own = place == 1 and out and weight[0] == out[last] and not call.op.attributes.get("transposed")
        return (Along(last), None) if own else all_of_it(call, place)
    sums = SUMMED if last else None
    if place == 0:
        return (*same(last), sums)
    m, c = out[last], data[last]
    if weight == (m, c) and not call.op.attributes.get("transposed"):
        return (Along(last), sums)
    return (sums, Along(last)) if weight == (c, m) else all_of_it(call, place)


def matmul(call: Call, place: int) -> Reads:
    """(..., n, c) times (..., c, m); leading axes of one element serve all."""
    shape, out = call.inputs[place], call.output
    if place > 1 or len(shape) != len(out) or len(out) < 2:
        return all_of_it(call, place)
    row, column = len(out) - 2, len(out) - 1
    lead = tuple(None if size == 1 else Along(axis) for axis, size in enumerate(shape[:-2]))
    return (*lead, Along(row), SUMMED) if place == 0 else (*lead, SUMMED, Along(column))


def along_one(call: Call, place: int) -> Reads:
    """Softmax, sorting, transforms: all along the axes `dim`, mostly one."""
    dim, rank = call.integers("dim"), len(call.output)
    if dim is None or len(call.inputs[place]) != rank or not rank:
        return all_of_it(call, place)
    whole = {axis % rank for axis in dim}
    return tuple(None if axis in whole else Along(axis) for axis in range(rank))


def pairs(call: Call, place: int) -> Reads:
    """Distances of rows, each of one to each of another: (..., p, m) and (..., r, m) make (..., p, r)."""
    shape, out = call.inputs[place], call.output
    if len(call.inputs) != 2 or len(shape) != len(out) or len(out) < 2:
        return all_of_it(call, place)
    lead = tuple(None if size == 1 else Along(axis) for axis, size in enumerate(shape[:-2]))
    return (*lead, Along(len(out) - 2 + place), None)


def sampled(call: Call, place: int) -> Reads:
    """Sampling at places of a grid (n, axes..., coordinates) makes (n, channels, axes...) of any pixels."""
    out, rank = call.output, len(call.output)
    if len(call.inputs[place]) != rank or rank < 3:
        return all_of_it(call, place)
    if place:
        return (Along(0), *(Along(axis) for axis in range(2, rank)), None)
    return (*same(2), *everything(rank - 2)) if call.inputs[0][:2] == out[:2] else all_of_it(call, place)


def antialiased(call: Call, place: int) -> Reads:
    """As resampling, over as many elements on each side as become one, twice: for bicubic, too."""
    shape, out = call.inputs[place], call.output
    if place or len(shape) != len(out) or 0 in out:
        return all_of_it(call, place)
    taps = max([-(-m // n) for m, n in zip(shape, out, strict=True)], default=1)
    return resampling(2 * taps)(call, place)


def over_last(call: Call, place: int) -> Reads:
    """Layer norm: all along the last axes, as many as `normalized_shape` has."""
    norm = call.integers("normalized_shape")
    if norm is None or place or len(call.inputs[0]) != len(call.output):
        return all_of_it(call, place)
    kept = len(call.output) - len(norm)
    return (*same(kept), *everything(len(norm)))


def over_groups(call: Call, place: int) -> Reads:
    """Group norm: all the channels of a group, and all of their pixels."""
    group, out = call.integers("group"), call.output
    if group is None or len(out) < 2 or group[0] < 1 or out[1] % group[0]:
        return all_of_it(call, place)
    size = out[1] // group[0]
    channels = Along(1, over=size, each=size)
    if place:
        return (channels,) if len(call.inputs[place]) == 1 else all_of_it(call, place)
    return (Along(0), channels, *everything(len(out) - 2))


def over_pixels(call: Call, place: int) -> Reads:
    """Instance norm: all the pixels of a channel."""
    if len(call.output) < 2:
        return all_of_it(call, place)
    if place:
        return (Along(1),) if call.inputs[place] == call.output[1:2] else all_of_it(call, place)
    return (*same(2), *everything(len(call.output) - 2))


def reduction(call: Call, place: int) -> Reads:
    """A sum, mean or the like over the axes `dim`, which the result has with one element, or not at all."""
    dim, shape, out = call.integers("dim"), call.inputs[place], call.output
    if dim is None or place:
        return all_of_it(call, place)
    gone = {axis % len(shape) for axis in dim} if shape else set()
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    if len(out) not in (len(shape), len(kept)):
        return all_of_it(call, place)
    place_of = {axis: axis if len(out) == len(shape) else kept.index(axis) for axis in kept}
    return tuple(Along(place_of[axis]) if axis in place_of else None for axis in range(len(shape)))


def concatenation(call: Call, place: int) -> Reads:
    """The inputs concatenated along the axis `dim`, by default the first."""
    dim, out = call.integers("dim") or (0,), call.output
    if not out or any(len(shape) != len(out) for shape in call.inputs):
        return all_of_it(call, place)
    axis = dim[0] % len(out)
    offset = sum(shape[axis] for shape in call.inputs[:place])
    return (*same(axis), Along(axis, first=-offset, last=-offset), *same(len(out))[axis + 1 :])


def padding(call: Call, place: int) -> Reads:
    """`pad` are (before, after) pairs from the last axis backwards; `padding` the same, reading inside.

    The second form repeats or mirrors the edge: everything that either reads is read.
    """
    zeros, inside = call.integers("pad"), call.integers("padding")
    found, shape = zeros or inside, call.inputs[place]
    if found is None or len(found) > 2 * len(shape):
        return all_of_it(call, place)
    rules = list(same(len(shape)))
    for pair in range(len(found) // 2):
        axis, before = len(shape) - 1 - pair, -found[2 * pair]
        rules[axis] = Along(axis, first=before, last=before, outside="skip" if zeros else "mirror")
    return tuple(rules)


def gather(call: Call, place: int) -> Reads:
    """Rows of the first input, looked up by the indices in the second.

    An embedding looks up along the first axis, `index_select` and `gather` along the axis `dim`, and an index
    (`x[:, index]`) along the axis that the attribute `axes` names. More indices than one read all.
    """
    table, out = call.inputs[0], call.output
    index = call.inputs[1] if len(call.inputs) == 2 else None
    attributes = call.op.attributes
    if index is None or not table:  # a filled tensor is stored as its one value
        return all_of_it(call, place)
    if "sparse_grad" in attributes:
        return _scattered(call, place)
    if "padding_idx" in attributes:
        axis = 0
    elif (named := call.integers("dim") or call.integers("axes")) is not None and len(named) == 1:
        axis = named[0] % len(table)
    else:
        return all_of_it(call, place)
    if out != (*table[:axis], *index, *table[axis + 1 :]):
        return all_of_it(call, place)
    places = tuple(range(axis, axis + len(index)))
    if place:
        return tuple(Along(at) for at in places)
    more = len(index) - 1
    after = tuple(Along(at + more) for at in range(axis + 1, len(table)))
    return (*same(axis), LookUp(places), *after)


def _scattered(call: Call, place: int) -> Reads:
    """`gather`: out[i, j] = x[index[i, j], j] for `dim` 0."""
    dim, rank = call.integers("dim"), len(call.output)
    if dim is None or len(call.inputs[0]) != rank or not rank:
        return all_of_it(call, place)
    if place:
        return broadcast(call.inputs[place], call.output)
    return tuple(LookUp((axis,)) if axis == dim[0] % rank else Along(axis) for axis in range(rank))


def resampling(taps: int) -> Reading:
    """Resampling that reads a number of elements before and after the place of each of its own.

    The exact place depends on settings without an attribute: one more on each side is enough.
    """

    def reads(call: Call, place: int) -> Reads:
        shape, out = call.inputs[place], call.output
        if place or len(shape) != len(out):
            return all_of_it(call, place)
        return tuple(
            Along(axis)
            if axis < 2
            else Along(axis, times=m, over=n, first=-taps * n, last=taps * n + m, outside="clamp")
            for axis, (m, n) in enumerate(zip(shape, out, strict=True))
        )

    return reads
