"""Figures in tables: five digits at most before the point, three after it, and nothing rounded to an end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.reporting.text import amounts
from simres.text import three_digits


@given(st.integers(0, 10**16), st.sampled_from([amounts.COUNT, amounts.BYTES, amounts.TIME]))
def test_a_column_has_five_digits_at_most_before_the_point(largest, ladder):
    found = amounts.scale(largest, ladder)
    units = list(ladder)
    assert largest < 10**5 * found.size or found.unit == units[-1]
    if found.unit != units[0]:
        smaller = ladder[units[units.index(found.unit) - 1]]
        assert largest >= 10**5 * smaller


@pytest.mark.parametrize(("largest", "unit"), [(99_999, ""), (100_000, "k"), (99_999_999, "k"), (10**8, "M")])
def test_the_unit_changes_at_the_sixth_digit(largest, unit):
    assert amounts.scale(largest, amounts.COUNT).unit == unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0452, "0.0452"),
        (1e-7, "0.0000001"),
        (45.2, "45.2"),
        (99.95, "100"),
        (807.6, "808"),
        (999.6, "1000"),
        (12_345.6, "12346"),
    ],
)
def test_three_digits_and_no_exponent(value, text):
    assert three_digits(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 5, "-"),
        (5, 0, "-"),
        (1, 8, "12.5"),
        (1, 10_000, "<0.1"),
        (9_999, 10_000, ">99.9"),
        (7, 7, "100.0"),
    ],
)
def test_shares_are_never_rounded_to_an_end(part, whole, text):
    assert amounts.percent(part, whole) == text
