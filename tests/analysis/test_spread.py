"""How much depends on a part of a tensor, tried for every place where it may lie."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.spread import of_view, readers
from simres.workload import Op, Unit
from simres.workload.reaches import Along
from tests.support.elements import longest, places

rules = st.builds(
    Along,
    st.just(0),
    times=st.integers(0, 3),
    over=st.integers(1, 3),
    first=st.integers(-3, 1),
    last=st.integers(0, 4),
    each=st.integers(1, 2),
    outside=st.sampled_from(["skip", "clamp", "mirror"]),
)


@settings(max_examples=400, deadline=None)
@given(rules, st.integers(1, 9), st.integers(1, 9), st.data())
def test_so_many_elements_in_a_row_read_some_of_a_run(rule, size, count, data):
    run = data.draw(st.integers(1, size))
    least = readers(rule, size, count, run)
    if not least:
        return
    for first in range(size - run + 1):
        found = set()
        for place in range(count):
            read = rule.of((place, place + 1), size)
            if read is not None and read[0] < first + run and read[1] > first:
                found.add((place,))
        assert longest(found, (count,), (least,))


@st.composite
def views(draw):
    """A view of a small tensor: its operator, the shapes of both, and what each element shows."""
    base = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    kind = draw(st.sampled_from(["permute", "slice", "select", "reshape"]))
    axis = draw(st.integers(0, len(base) - 1))
    if kind == "permute":
        dims = tuple(draw(st.permutations(range(len(base)))))
        shape, attributes = tuple(base[source] for source in dims), {"dims": dims}
        shown = {at: tuple(at[dims.index(source)] for source in range(len(base))) for at in places(shape)}
    elif kind == "reshape":
        factors = draw(st.permutations([size for size in base if size > 1]))
        shape = (prod(factors[:1]), 1, prod(factors[1:]))[draw(st.integers(0, 1)) :]
        shape = shape if prod(shape) == prod(base) else (prod(base),)
        attributes = {}
        shown = dict(zip(places(shape), places(base), strict=True))
    elif kind == "slice":
        start = draw(st.integers(0, base[axis] - 1))
        shape = (*base[:axis], draw(st.integers(1, base[axis] - start)), *base[axis + 1 :])
        attributes = {"dim": axis, "start": start}
        shown = {at: (*at[:axis], at[axis] + start, *at[axis + 1 :]) for at in places(shape)}
    else:
        index = draw(st.integers(0, base[axis] - 1))
        shape, attributes = (*base[:axis], *base[axis + 1 :]), {"dim": axis, "index": index}
        shown = {at: (*at[:axis], index, *at[axis:]) for at in places(shape)}
    return Op("view", kind, Unit.VIEW, ("x",), ("y",), attributes=attributes), base, shape, shown


@settings(max_examples=400, deadline=None)
@given(views(), st.data())
def test_so_much_of_a_view_shows_a_part_of_its_base(view, data):
    op, base, shape, shown = view
    runs = tuple(data.draw(st.integers(1, size)) for size in base)
    after = shape if runs == base else of_view(op, base, shape, runs)
    if after is None:
        return
    for start in product(*(range(size - run + 1) for size, run in zip(base, runs, strict=True))):
        part = {
            tuple(first + more for first, more in zip(start, place, strict=True)) for place in places(runs)
        }
        assert longest({at for at, source in shown.items() if source in part}, shape, after)
