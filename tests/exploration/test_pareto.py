"""Fronts and volumes against their definitions."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.exploration.pareto import front, hypervolume

SIDE = 6


@st.composite
def sets(draw: st.DrawFn) -> list[tuple[int, ...]]:
    objectives = draw(st.integers(1, 4))
    return draw(st.lists(st.tuples(*[st.integers(0, SIDE)] * objectives), min_size=1, max_size=12))


def dominates(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@given(sets())
def test_a_front_is_what_nothing_dominates_each_once(points: list[tuple[int, ...]]) -> None:
    found = [points[number] for number in front(points)]
    assert len(set(found)) == len(found)
    assert set(found) == {point for point in points if not any(dominates(other, point) for other in points)}
    assert [point[0] for point in found] == sorted(point[0] for point in found)


@given(sets())
def test_the_volume_is_the_number_of_dominated_cells(points: list[tuple[int, ...]]) -> None:
    reference = (SIDE,) * len(points[0])
    cells = product(range(SIDE), repeat=len(reference))
    covered = sum(
        any(all(a <= b for a, b in zip(point, cell, strict=True)) for point in points) for cell in cells
    )
    assert hypervolume(points, reference) == pytest.approx(covered)


@given(sets())
def test_the_front_alone_has_the_volume_of_all(points: list[tuple[int, ...]]) -> None:
    reference = (SIDE + 1,) * len(points[0])
    best = [points[number] for number in front(points)]
    assert hypervolume(best, reference) == pytest.approx(hypervolume(points, reference))


def test_nothing_dominates_nothing() -> None:
    assert front([]) == []
    assert hypervolume([], (1.0, 1.0)) == 0.0
    assert hypervolume([(2.0, 0.0)], (1.0, 1.0)) == 0.0
