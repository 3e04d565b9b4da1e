"""What knobs may be set to: lists and ranges, and everything that is none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.exploration.knob_values import number_in, values_in, values_of
from simres.exploration.space import DesignSpace, space_of


def test_the_last_unit_of_a_list_goes_for_all() -> None:
    assert values_of("0.5,1,2, 4 GB/s") == ("0.5 GB/s", "1 GB/s", "2 GB/s", "4 GB/s")
    assert values_of("1 MB/s,2 GB/s") == ("1 MB/s", "2 GB/s")
    assert values_of("serial,overlapped") == ("serial", "overlapped")
    assert values_in(["64 KiB", "1 MiB"]) == ("64 KiB", "1 MiB")
    assert values_in(4) == ("4",)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 50))
def test_a_logarithmic_range_has_its_ends_and_equal_ratios(low: int, more: int, count: int) -> None:
    low, high = low * 1000, (low + more) * 1000
    if (high / low) ** (1 / (count - 1)) * low - low < 2:
        return  # neighbours would round to the same byte
    found = [number_in(value) for value in values_of(f"{low} B..{high} B log {count}")]
    assert (found[0], found[-1], len(found)) == (low, high, count)
    ratio = (high / low) ** (1 / (count - 1))
    for place, value in enumerate(found):
        assert value == pytest.approx(low * ratio**place, abs=0.51, rel=1e-12)


@given(st.integers(0, 1000), st.integers(1, 50), st.integers(2, 40))
def test_linear_ranges_by_count_and_by_step_agree(low: int, step: int, count: int) -> None:
    high = low + step * (count - 1)
    by_count = values_of(f"{low}..{high} linear {count}")
    assert by_count == values_of(f"{low}..{high} step {step}")
    assert by_count == tuple(str(low + step * place) for place in range(count))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no values"),
        ("1,,2", "missing between the commas"),
        ("4..1 GB/s log 3", "steps backwards"),
        ("1..4 GB/s step -1 GB/s", "does not step forward"),
        ("1..4 GB/s", "does not state the number"),
        ("1 GB/s..4 MiB log 3", "have different kinds"),
        ("0..4 GB/s log 3", "no ratios"),
        ("1..4 GB/s log 1", "asks for 1 values"),
        ("1..1000000 linear 1000000", "at most"),
        ("1,1 GB/s", "given twice"),
        ("1 B..4 B linear 3", "not whole"),
        ("[1, 2", "never closed"),
    ],
)
def test_what_is_no_list_and_no_range_is_refused(text: str, said: str) -> None:
    with pytest.raises(SimresError, match=said):
        values_of(text)


def test_a_space_names_the_knob_that_is_wrong() -> None:
    with pytest.raises(SimresError, match="no knob varies"):
        space_of({})
    with pytest.raises(SimresError, match=r"--vary hardware\.ddr\.bandwidth: .* backwards"):
        space_of({"hardware.ddr.bandwidth": "2..1 GB/s log 4"})


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_points_and_places_are_two_ways_to_say_one_thing(sizes: list[int], data: st.DataObject) -> None:
    space: DesignSpace = space_of({f"k{at}": [str(n) for n in range(size)] for at, size in enumerate(sizes)})
    points = range(space.size)
    assert [space.point(space.places(point)) for point in points] == list(points)
    slow = data.draw(st.lists(st.sampled_from([knob.key for knob in space.knobs]), unique=True))
    assert sorted(space.order(slow)) == list(points)
    with pytest.raises(IndexError):
        space.places(space.size)


@pytest.mark.parametrize(
    "text",
    ["1e999999999", "1e-999999999,1", "1e999999999..2e999999999 log 3", f"1..2 log {'9' * 5000}", "9" * 5000],
)
def test_numbers_too_long_to_write_out_are_words_or_refused(text: str) -> None:
    with contextlib.suppress(SimresError):
        assert all(number_in(value) in (None, 1) for value in values_of(text))


def test_many_values_are_held_against_each_other_at_once() -> None:
    found = values_of("0..99999 step 1")
    assert (len(found), found[-1]) == (100_000, "99999")
    with pytest.raises(SimresError, match="`7` is given twice"):
        values_in([*range(50_000), 7])
