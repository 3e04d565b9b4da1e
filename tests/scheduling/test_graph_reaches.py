"""What operators of drawn networks read: parts that are there, and more for more."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.program.regions import covered, within
from simres.scheduling.footprint import reach, to_storage
from simres.testing import graphs
from simres.workload import Unit


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
    for place, name in enumerate(op.inputs):
        more, less = reach(workload, op, place, outer), reach(workload, op, place, inner)
        if more is None:
            assert less is None
            continue
        assert within(more, workload.tensors[name].shape)
        stored, held = to_storage(workload, name, more)
        assert within(held, workload.tensors[stored].shape)
        if less is not None:
            assert covered(less, [more])
            assert covered(to_storage(workload, name, less)[1], [held])
