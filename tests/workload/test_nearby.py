"""What lies near a box is what looking at everything finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.workload.boxes import meet
from simres.workload.nearby import FEW, Nearby

RANGES = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair)))
BOXES = st.none() | st.tuples(RANGES, RANGES)


@given(st.lists(BOXES, min_size=FEW + 1, max_size=4 * FEW), st.lists(BOXES, min_size=1, max_size=8))
def test_all_that_share_an_element_are_near(boxes, asked):
    there: Nearby[int] = Nearby()
    for number, box in enumerate(boxes):
        there.add(box, number)
        asked_for = asked[number % len(asked)]
        near = {number for _, number in there.near(asked_for)}
        for other, part in enumerate(boxes[: number + 1]):
            if asked_for is None or part is None or meet(part, asked_for):
                assert other in near


def test_of_many_only_some_are_looked_at():
    there: Nearby[int] = Nearby()
    for number in range(5000):
        row, column = divmod(number, 10)
        there.add(((3 * row, 3 * row + 3), (column, column + 1)), number)
    assert len(there.near(((300, 303), (0, 10)))) <= 2 * FEW
    assert len(there.near(((0, 10**15), (0, 10)))) == 5000


def test_what_is_very_wide_is_always_near():
    there: Nearby[int] = Nearby()
    for number in range(2 * FEW):
        there.add(((number, number + 1),), number)
    assert there.near(((3, 4),)) == [(((3, 4),), 3)]
    there.add(((0, 10**15),), 999)
    assert [number for _, number in there.near(((3, 4),))] == [999, 3]


def test_a_tensor_without_axes_has_one_part():
    there: Nearby[int] = Nearby()
    for number in range(2 * FEW):
        there.add((), number)
    assert len(there.near(())) == 2 * FEW
