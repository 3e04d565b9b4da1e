"""What an operator reads for a part of its output, against numpy-free brute force on small shapes."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from simres.scheduling.footprint import _reshaped, _window, reads, to_storage, whole
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload


def points(box):
    return set(product(*(range(start, stop) for start, stop in box)))


def boxes(draw, shape):
    parts = []
    for size in shape:
        start = draw(st.integers(0, size - 1))
        parts.append((start, draw(st.integers(start + 1, size))))
    return tuple(parts)


def flat(shape, point):
    index = 0
    for size, at in zip(shape, point, strict=True):
        index = index * size + at
    return index


@st.composite
def reshapes(draw):
    factors = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))

    def grouped():
        shape = [1]
        for factor in factors:
            if draw(st.booleans()):
                shape.append(factor)
            else:
                shape[-1] *= factor
        return tuple(shape)

    base, shape = grouped(), grouped()
    return base, shape, boxes(draw, shape)


@given(reshapes())
def test_a_reshape_reads_every_element_it_shows(case):
    base, shape, box = case
    found = _reshaped(base, shape, box)
    assert len(found) == len(base)
    covered = {flat(base, point) for point in points(found)}
    assert {flat(shape, point) for point in points(box)} <= covered


@given(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.data()
)
def test_a_window_reads_the_rows_under_it_and_no_more(rows, kernel, stride, padding, dilation, data):
    reach = (kernel - 1) * dilation + 1
    out = (rows + 2 * padding - reach) // stride + 1
    if out < 1 or padding >= reach:
        return
    op = Op(
        "c",
        "conv",
        Unit.MATRIX,
        (),
        (),
        window=Window((kernel, 1), (stride, 1), (padding,) * 2 + (0, 0), (dilation, 1)),
    )
    box = boxes(data.draw, (1, 1, out, 1))
    touched = {
        row * stride - padding + tap * dilation for row in range(*box[2]) for tap in range(kernel)
    } & set(range(rows))
    first, last = _window(op, (1, 1, rows, 1), box)[2]
    if touched:
        assert first <= min(touched) <= max(touched) < last
        assert dilation > 1 or (first, last) == (min(touched), max(touched) + 1)


def test_views_are_followed_to_the_bytes():
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 4, 8, 8)),
        "half": Tensor("half", Role.ACTIVATION, (1, 4, 4, 8), view_of="x"),
        "turned": Tensor("turned", Role.ACTIVATION, (1, 4, 8, 4), view_of="half"),
    }
    ops = (
        Op(
            "half",
            "slice",
            Unit.VIEW,
            ("x",),
            ("half",),
            attributes={"dim": 2, "start": 1, "end": 8, "step": 2},
        ),
        Op("turned", "permute", Unit.VIEW, ("half",), ("turned",), attributes={"dims": (0, 1, 3, 2)}),
    )
    workload = Workload("views", tensors, ops, ("turned",))
    assert to_storage(workload, "turned", ((0, 1), (1, 3), (2, 5), (1, 3))) == (
        "x",
        ((0, 1), (1, 3), (3, 6), (2, 5)),
    )


def test_grouped_convolutions_read_their_group_only():
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 8, 4, 4)),
        "w": Tensor("w", Role.WEIGHT, (16, 2, 1, 1)),
        "y": Tensor("y", Role.ACTIVATION, (1, 16, 4, 4)),
    }
    loops = Loops(groups=4, m=4, c=2, p=4, q=4)
    op = Op("c", "conv", Unit.MATRIX, ("x", "w"), ("y",), loops.macs, 0, loops, Window((1, 1)))
    workload = Workload("grouped", tensors, (op,), ("y",))
    found = dict(reads(workload, op, ((0, 1), (3, 6), (1, 2), (0, 4))))
    assert found == {"x": ((0, 1), (0, 4), (1, 2), (0, 4)), "w": ((3, 6), *whole((2, 1, 1)))}
