"""Elements that a reach touches are counted without looking at each place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.workload.reaches import Along, sum_of_quotients, touched

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


@given(SMALL, SMALL, st.integers(-40, 40), st.integers(1, 20))
def test_the_sum_of_quotients(count: int, times: int, shift: int, over: int) -> None:
    expected = sum((number * times + shift) // over for number in range(count))
    assert sum_of_quotients(count, times, shift, over) == expected


def test_of_very_many_places() -> None:
    assert touched(Along(0, times=5, last=2), 10**13, (10**12,)) == 3 * 10**12
