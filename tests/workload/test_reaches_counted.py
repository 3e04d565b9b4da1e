"""Elements that a reach touches are counted without looking at each place."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from simres.workload.reaches import Along, LookUp, part, sum_of_quotients, touched, touched_together

SMALL = st.integers(0, 30)


@given(
    rule=st.builds(
        lambda times, over, first, wide, each: Along(0, times, over, first, first + wide, each),
        *(st.integers(1, 12), st.integers(1, 4), st.integers(-9, 5), st.integers(0, 4), st.integers(1, 4)),
    ),
    size=st.integers(1, 60),
    count=st.integers(1, 25),
)
def test_as_many_as_one_by_one(rule: Along, size: int, count: int) -> None:
    parts = [rule.of((place, place + 1), size) for place in range(count)]
    one_by_one = {element for part in parts if part is not None for element in range(*part)}
    whole = rule.of((0, count), size)
    wide = rule.times <= rule.last - rule.first + rule.over
    expected = len(one_by_one) if not wide else (whole[1] - whole[0] if whole else 0)
    assert touched(rule, size, (count,)) == expected


RULES = st.builds(
    lambda axis, times, over, first, wide, each, outside: Along(
        axis, times, over, first, max(first + wide, first - over + 1), each, outside
    ),
    st.integers(0, 1),
    *(st.integers(0, 7), st.integers(1, 4), st.integers(-9, 9), st.integers(-3, 4), st.integers(1, 4)),
    st.sampled_from(["skip", "clamp", "mirror"]),
)


@given(st.lists(RULES, min_size=1, max_size=3), st.integers(1, 9), st.tuples(SMALL, SMALL))
def test_no_more_than_what_one_place_after_the_other_reads(rules, size, made) -> None:
    """Where rules share an axis of the output, as along a diagonal, fewer are read than their product."""
    shape = [size + number for number in range(len(rules))]
    read = set()
    for row in range(made[0]):
        for column in range(made[1]):
            box = part(rules, shape, ((row, row + 1), (column, column + 1)), made, None)
            read.update(product(*[range(*axis) for axis in box]) if box else ())
    if made[0] and made[1] and all(rule.times <= rule.over for rule in rules):
        assert touched_together(rules, shape, made) <= len(read)


def test_a_diagonal_is_counted_once() -> None:
    diagonal = Along(0), Along(0)
    assert touched_together(diagonal, (5, 5), (5,)) == 5
    assert (
        touched_together((Along(0, times=7, first=2, last=2, outside="clamp"), Along(0)), (31, 4), (31,)) == 4
    )
    assert touched_together((Along(0), Along(1)), (5, 4), (5, 4)) == 20
    assert touched_together((LookUp((0,)), Along(0)), (16, 16), (16, 16)) == 16
    assert touched_together((LookUp((0,)), Along(1)), (16, 16), (16, 16)) == 256


@given(SMALL, SMALL, st.integers(-40, 40), st.integers(1, 20))
def test_the_sum_of_quotients(count: int, times: int, shift: int, over: int) -> None:
    expected = sum((number * times + shift) // over for number in range(count))
    assert sum_of_quotients(count, times, shift, over) == expected


def test_of_very_many_places() -> None:
    assert touched(Along(0, times=5, last=2), 10**13, (10**12,)) == 3 * 10**12
