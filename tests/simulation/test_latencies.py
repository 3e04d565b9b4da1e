"""Percentiles by nearest rank: exact while all values are kept, and within the stated error from bins."""

from __future__ import annotations

from fractions import Fraction
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from simres.simulation import latencies
from simres.simulation.latencies import ERROR, Latencies

SHARES = [Fraction(0), Fraction(1, 100), Fraction(1, 2), Fraction(99, 100), Fraction(999, 1000), Fraction(1)]
times = st.one_of(st.integers(0, 5000), st.integers(0, 10**13))


def noted(values, exact):
    """All of these taken down, of which so many are kept as they are."""
    found = Latencies()
    with patch.object(latencies, "EXACT", exact):
        for value in values:
            found.add(value)
    return found


def nearest_rank(values, share):
    """The smallest value that at least this share of all is no larger than."""
    return next(
        value for value in sorted(values) if sum(one <= value for one in values) >= share * len(values)
    )


@given(st.lists(times, min_size=1, max_size=40))
def test_quantiles_are_exact_while_all_values_are_kept(values):
    found = noted(values, 40)
    assert found.error == 0
    assert found.quantiles(SHARES) == [nearest_rank(values, share) for share in SHARES]
    assert (found.count, found.total, found.largest) == (len(values), sum(values), max(values))


@given(st.lists(times, min_size=5, max_size=40), st.integers(0, 4))
def test_quantiles_from_bins_are_too_large_by_no_more_than_the_error(values, exact):
    found = noted(values, exact)
    assert found.error == ERROR
    for share, quantile in zip(SHARES, found.quantiles(SHARES), strict=True):
        right = nearest_rank(values, share)
        assert right <= quantile <= min(right * (1 + ERROR), max(values))
    assert found.quantiles([Fraction(1)]) == [max(values)]


@given(st.lists(times, min_size=1, max_size=40))
def test_a_histogram_counts_what_is_up_to_each_limit(values):
    found = noted(values, 40).histogram()
    limits = [limit for limit, _ in found]
    assert sum(count for _, count in found) == len(values)
    assert found[0][1] > 0
    assert max(values) <= limits[-1]
    for place in range(1, len(found)):
        assert found[place][1] == sum(limits[place - 1] < value <= limits[place] for value in values)


def test_of_nothing_there_is_nothing():
    assert Latencies().quantiles(SHARES) == [0] * len(SHARES)
    assert Latencies().histogram() == ()
