"""Against looking at every number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.reporting.drawing.range_maximum import Pyramid

VALUES = st.lists(st.integers(0, 9), max_size=40)


@given(values=VALUES, data=st.data())
def test_the_largest_of_a_run(values, data):
    past = data.draw(st.integers(0, len(values)))
    first = data.draw(st.integers(0, past))
    assert Pyramid(values).largest(first, past) == max(values[first:past], default=0)


@given(values=VALUES, limit=st.integers(-1, 10), data=st.data())
def test_which_are_beyond_a_limit(values, limit, data):
    past = data.draw(st.integers(0, len(values)))
    found = list(Pyramid(values).beyond(limit, past))
    assert found == [number for number, value in enumerate(values[:past]) if value > limit]
