"""Boxes against sets of points: the arithmetic must agree with counting every element."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from simres.workload.boxes import covered, elements, meet, overlap, subtract, within

ranges = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda pair: (min(pair), max(pair)))
boxes = st.tuples(ranges, ranges, ranges)


def points(box):
    return set(product(*(range(start, stop) for start, stop in box)))


@given(boxes)
def test_elements_are_the_points(box):
    assert elements(box) == len(points(box))


@given(boxes, boxes)
def test_overlap_is_the_intersection(one, other):
    shared = overlap(one, other)
    assert (points(shared) if shared else set()) == points(one) & points(other)


@given(boxes, boxes)
def test_subtract_leaves_disjoint_boxes_of_the_difference(box, cut):
    left = subtract(box, cut)
    union = set().union(*map(points, left)) if left else set()
    assert union == points(box) - points(cut)
    assert sum(map(elements, left)) == len(union)


@given(boxes, st.lists(boxes, max_size=5))
def test_covered_is_a_subset_of_the_union(box, parts):
    union = set().union(*map(points, parts)) if parts else set()
    assert covered(box, parts) == (points(box) <= union)


@given(boxes, boxes)
def test_boxes_meet_where_they_share_a_point(one, other):
    assert meet(one, other) == bool(points(one) & points(other))


@given(boxes, st.tuples(*[st.integers(0, 4)] * 3))
def test_a_box_is_within_a_shape_whose_every_range_holds_its_own(box, shape):
    assert within(box, shape) == all(stop <= size for (_, stop), size in zip(box, shape, strict=True))
    assert not within(box, shape[:2])
