"""What operators of drawn networks read: parts that are there, and more for more."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.testing import graphs
from simres.workload import Unit
from simres.workload.boxes import covered, within
from simres.workload.footprint import reads


def boxes(draw, shape):
    """A part of a tensor of this shape, that has an element at least."""
    found = []
    for size in shape:
        start = draw(st.integers(0, size - 1))
        found.append((start, draw(st.integers(start + 1, size))))
    return tuple(found)


@st.composite
def parts(draw):
    """An operator of a network, a part of its first output, and a part of that part."""
    workload = draw(graphs(4, partly=True))
    computed = [op for op in workload.ops if op.unit is not Unit.VIEW]
    op = draw(st.sampled_from(computed or list(workload.ops)))
    outer = boxes(draw, workload.tensors[op.outputs[0]].shape)
    inner = boxes(draw, tuple(stop - start for start, stop in outer))
    return (
        workload,
        op,
        outer,
        tuple((at + first, at + last) for (at, _), (first, last) in zip(outer, inner, strict=True)),
    )


@settings(max_examples=200, deadline=None)
@given(parts())
def test_what_is_read_lies_in_what_is_there_and_grows_with_what_is_made(case):
    workload, op, outer, inner = case
    more = list(reads(workload, op, outer))
    for name, box in more:
        assert workload.tensors[name].view_of is None
        assert within(box, workload.tensors[name].shape)
    for name, box in reads(workload, op, inner):
        assert covered(box, [larger for other, larger in more if other == name])
