"""Figures fitted to measured times, and what rows left out say of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.calibration.fit import MOST_FREE, MOST_TRIALS, fit

NETWORKS = [
    (10**9, 10**6, 10),
    (2 * 10**9, 10**7, 30),
    (5 * 10**8, 4 * 10**7, 50),
    (10**8, 10**6, 90),
    (3 * 10**9, 10**8, 5),
]
"""Operations, bytes and calls."""


def roofline(row: int, figures) -> int:  # type: ignore[no-untyped-def]
    """Work and bytes side by side, and calls beside both: picoseconds."""
    operations, nbytes, calls = NETWORKS[row]
    rate, bandwidth, launch = figures
    return max(operations * 10**12 // rate, nbytes * 10**12 // bandwidth) + calls * launch


@settings(deadline=None, max_examples=20)
@given(st.integers(10**11, 9 * 10**12), st.integers(10**8, 9 * 10**9), st.integers(10**5, 9 * 10**6))
def test_it_finds_the_figures_that_times_were_made_with(rate: int, bandwidth: int, launch: int) -> None:
    measured = [roofline(row, (rate, bandwidth, launch)) for row in range(len(NETWORKS))]
    found = fit([10**12, 10**9, 10**6], measured, roofline)
    assert found.mean_error("fitted") <= min(0.08, found.mean_error("start"))
    assert found.trials <= (len(NETWORKS) + 1) * len(NETWORKS) * MOST_TRIALS


def test_a_row_left_out_is_predicted_by_the_others_alone() -> None:
    measured = [2 * roofline(row, (10**12, 10**9, 10**6)) for row in range(len(NETWORKS))]
    measured[3] *= 50  # whatever this row says, its own prediction does not depend on it
    wrong = fit([10**12, 10**9, 10**6], measured, roofline)
    measured[3] //= 25
    other = fit([10**12, 10**9, 10**6], measured, roofline)
    assert wrong.rows[3].left_out == other.rows[3].left_out
    assert wrong.others[3] == other.others[3]
    assert wrong.rows[3].fitted != other.rows[3].fitted
    assert wrong.errors("left_out")[3] > 0.9


def test_a_figure_without_effect_is_told() -> None:
    def alone(row: int, figures) -> int:  # type: ignore[no-untyped-def]
        return NETWORKS[row][0] * 10**12 // figures[0]

    measured = [alone(row, (3 * 10**11,)) for row in range(len(NETWORKS))]
    found = fit([10**12, 10**9], measured, alone)
    assert [found.fixed(0), found.fixed(1)] == [False, True]
    assert found.values[1] == 10**9
    assert found.values[0] == pytest.approx(3 * 10**11, rel=0.01)
    assert found.errors("left_out") == pytest.approx([0] * 5, abs=0.01)


@pytest.mark.parametrize(
    ("start", "rows"), [([], 5), ([10**12, 10**9, 10**6], 3), ([1] * (MOST_FREE + 1), 9), ([0, 10**9, 5], 5)]
)
def test_too_many_figures_or_one_of_0_are_refused(start: list[int], rows: int) -> None:
    with pytest.raises(ValueError, match="rows"):
        fit(start, [10**9] * rows, roofline)
