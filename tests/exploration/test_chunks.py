"""Portions: every point once, whoever asks how often, and stretches of neighbours for each worker."""

from hypothesis import given
from hypothesis import strategies as st

from simres.exploration.chunks import LARGEST, Shares, chunks


@given(st.integers(0, 500), st.integers(1, 9))
def test_portions_hold_every_point_once_in_their_order(count: int, workers: int) -> None:
    given_out = list(chunks(iter(range(count)), count, workers))
    assert [point for portion in given_out for point in portion] == list(range(count))
    assert all(0 < len(portion) <= LARGEST for portion in given_out)


@given(st.integers(0, 500), st.integers(1, 9), st.data())
def test_shares_hold_every_point_once_whoever_asks(count: int, workers: int, data: st.DataObject) -> None:
    shares = Shares(iter(range(count)), workers)
    found: list[int] = []
    while len(found) < count:
        portion = shares.portion(data.draw(st.integers(0, workers - 1)))
        assert 0 < len(portion) <= LARGEST
        assert portion == list(range(portion[0], portion[0] + len(portion)))
        found += portion
    assert sorted(found) == list(range(count))
    assert not any(shares.portion(worker) for worker in range(workers))


def test_workers_of_equal_speed_keep_to_their_own_stretches() -> None:
    shares = Shares(range(1000), 2)
    low, high = [], []
    while portion := shares.portion(0):
        low += portion
        high += shares.portion(1)
    assert max(low[:480]) < 500 <= min(high[:480])


def test_a_worker_that_is_through_takes_half_of_the_longest_stretch() -> None:
    shares = Shares(range(100, 300), 2)
    while max(portion := shares.portion(0)) < 199:
        pass
    assert portion == [199]
    assert shares.portion(0)[0] == 250
    assert shares.portion(1)[0] == 200
