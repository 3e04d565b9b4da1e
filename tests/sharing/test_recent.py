"""What is kept is what was made, as much of it as is allowed."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from simres.sharing.recent import IdentityKey, RecentCache


@given(st.lists(st.integers(0, 9)), st.integers(1, 30))
def test_it_answers_like_who_makes_it_and_keeps_no_more_than_it_may(asked, most):
    made: list[int] = []

    def make(number: int) -> list[int]:
        made.append(number)
        return [number] * number

    recent: RecentCache[list[int]] = RecentCache(most, len)
    last: dict[int, None] = {}
    for number in asked:
        before = len(made)
        assert recent.get(number, lambda number=number: make(number)) == [number] * number
        assert (len(made) == before) == (number in last)
        if number <= most:
            last.pop(number, None)
            last[number] = None
        while sum(last) > most:
            del last[next(iter(last))]
    recent.clear()
    recent.get(3, lambda: make(3))
    assert made[-1] == 3


def test_alike_is_not_the_same():
    one, other = [1], [1]
    assert IdentityKey(one) == IdentityKey(one)
    assert IdentityKey(one) != IdentityKey(other)
    recent: RecentCache[int] = RecentCache(4)
    assert [
        recent.get(IdentityKey(it), partial(int, number)) for number, it in enumerate((one, other, one))
    ] == [
        0,
        1,
        0,
    ]


def test_what_cannot_be_looked_up_is_made_anew():
    recent: RecentCache[int] = RecentCache(4)
    assert [recent.get(([],), partial(int, number)) for number in (1, 2)] == [1, 2]
