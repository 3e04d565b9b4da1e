"""The bytes of memories: all of a request or nothing, each in its turn, and the fewest ever free."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.hardware.sram import Space

demands = st.dictionaries(st.integers(0, 1), st.integers(0, 60), min_size=1).map(
    lambda asked: tuple(asked.items())
)


@given(st.lists(st.tuples(demands, st.booleans()), max_size=12))
def test_a_request_takes_all_that_it_asks_for_or_changes_nothing(requests):
    space, free, least = Space([100, 80]), [100, 80], [100, 80]
    for demand, given_back in requests:
        fits = all(nbytes <= free[memory] for memory, nbytes in demand)
        assert space.take(demand) == fits
        if fits:
            for memory, nbytes in demand:
                free[memory] -= nbytes
                least[memory] = min(least[memory], free[memory])
        assert (space.free, space.least) == (free, least)
        if fits and given_back:
            for memory, nbytes in demand:
                space.free[memory] += nbytes
                free[memory] += nbytes


class Waiter:
    """Takes down when it was granted, and who made way."""

    def __init__(self):
        self.granted = None

    def granted_space(self, now, holder):
        self.granted = (now, holder)


def test_what_would_fit_waits_for_the_turns_before_it():
    space, large, small = Space([100]), Waiter(), Waiter()
    first = space.admit(3)
    assert space.request(first, ((0, 60),), Waiter())
    assert not space.request(first + 2, ((0, 10),), small)
    assert not space.request(first + 1, ((0, 50),), large)
    space.serve(5, holder=8)
    assert (large.granted, small.granted) == (None, None)
    space.free[0] += 60
    space.serve(7, holder=9)
    assert (large.granted, small.granted) == ((7, 9), (7, 9))
    assert (space.free, space.waiting) == ([40], {})
