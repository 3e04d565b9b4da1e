"""Marks of an axis: in order, within it, enough of them and not too many."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from simres.reporting.drawing.ticks import FEW, MOST, limits, share, ticks

positive = st.floats(1e-6, 1e9)


@given(st.lists(positive, min_size=1, max_size=30))
def test_marks_are_in_order_and_within_what_is_drawn(values: list[float]) -> None:
    for log in (True, False):
        marks = ticks(values, log=log)
        low, high = limits(values, log=log)
        assert marks == sorted(set(marks))
        assert 1 <= len(marks) <= max(MOST, FEW) + 1
        assert all(low <= mark <= high for mark in marks)


@given(positive, st.floats(2, 1e6))
def test_there_are_enough_marks_to_read_a_scale_by(low: float, factor: float) -> None:
    values = [low * factor ** (step / 20) for step in range(21)]
    for log in (True, False):
        assert len(ticks(values, log=log)) >= 3


@given(positive, st.floats(1.001, 1e6), st.floats(0, 1))
def test_a_share_says_where_a_value_is(low: float, factor: float, at: float) -> None:
    ends = low, low * factor
    assert math.isclose(share(low * factor**at, ends, log=True), at, abs_tol=1e-6)
    assert math.isclose(share(low + (ends[1] - low) * at, ends, log=False), at, abs_tol=1e-6)


def test_a_few_short_values_are_marked_as_they_are() -> None:
    assert ticks([64, 128, 256, 512, 1024], log=True) == [64, 128, 256, 512, 1024]
    assert ticks([4, 0.5, 1, 2, 1], log=True) == [0.5, 1, 2, 4]
    assert ticks([92.5], log=False) == [92.5]
    assert ticks([0.4194, 0.6921, 1.243, 6.4], log=True) == [0.5, 1, 2, 5]


def test_marks_that_would_stand_in_each_other_are_not_drawn() -> None:
    assert ticks([1, 1.1, 1000], log=True) == [1, 10, 100, 1000]
