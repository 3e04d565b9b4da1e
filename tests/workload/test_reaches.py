"""What operators read for a part of their output, held to definitions of them element by element."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.workload import Op, Role, Tensor, Unit, Workload
from simres.workload.boxes import Box, elements, within
from simres.workload.footprint import reads, to_storage
from simres.workload.kinds import KINDS as TABLE
from simres.workload.reaches import part
from simres.workload.views import reshaped
from tests.support.defined_operators import KINDS as DEFINED
from tests.support.defined_operators import Defined, boxes, convolutions, gathers
from tests.support.sampling_operators import SAMPLING

KINDS = {**DEFINED, **SAMPLING}


def points(box: Box) -> set[tuple[int, ...]]:
    return set(product(*(range(start, stop) for start, stop in box)))


def behind(case: Defined, place: int, box: Box) -> set[tuple[int, ...]]:
    """The elements of an input that a part of the output is made of."""
    return {element for index in points(box) for element in case.needs(place, index)}


def hull(found: set[tuple[int, ...]]) -> Box:
    return tuple((min(along), max(along) + 1) for along in zip(*found, strict=True))


@pytest.mark.parametrize("drawn", KINDS)
@settings(deadline=None)
@given(data=st.data())
def test_a_reach_is_all_that_is_read_and_no_more(drawn: str, data: st.DataObject):
    case = data.draw(KINDS[drawn])
    made = case.workload.tensors["y"].shape
    box = boxes(data.draw, made)
    for place, reach in enumerate(case.workload.reaches(case.op)):
        shape = case.workload.tensors[case.op.inputs[place]].shape
        wanted, found = behind(case, place, box), reach(box)
        assert found == part(reach.reads, shape, box, made, None)  # which is faster asked all at once
        if found is None:
            assert not wanted
            continue
        assert within(found, shape)
        assert elements(found)
        assert wanted <= points(found)
        if case.tight and wanted:
            assert found == hull(wanted)


def test_every_kind_with_a_reach_is_drawn():
    known = {name for name, kind in TABLE.items() if kind.reads.__name__ not in ("all_of_it", "elementwise")}
    drawn = {
        *("conv", "linear", "matmul", "max_pool", "avg_pool", "softmax", "log_softmax", "layer_norm"),
        *("rms_norm", "group_norm", "instance_norm", "sum", "mean", "variance", "reduce", "norm", "concat"),
        *("pad", "gather", "interpolate_nearest", "interpolate_linear", "interpolate_bilinear"),
        *("sort", "topk", "median", "cumsum", "logcumsumexp", "fft", "distance"),
        *("grid_nearest", "grid_bilinear", "grid_trilinear", "grid_bicubic"),
    }
    # These are held to torch, which has their taps.
    assert known - drawn == {"interpolate_bicubic", "interpolate_trilinear", "interpolate_antialiased"}


@settings(deadline=None)
@given(gathers(table=Role.WEIGHT), st.data())
def test_of_a_table_off_chip_no_more_is_read_than_is_made(case: Defined, data: st.DataObject):
    workload = case.workload
    made = workload.tensors["y"].shape
    box = boxes(data.draw, made)
    for number, size in enumerate(made):  # whole but for one axis, so that the places looked up are in a row
        if data.draw(st.booleans()):
            box = (*box[:number], (0, size), *box[number + 1 :])
    found = workload.reaches(case.op)[0](box)
    assert found is not None
    assert within(found, workload.tensors["table"].shape)
    assert elements(found) <= elements(box)


def lookups(rows: int, counts: list[int]) -> Workload:
    """Embeddings with so many indices in one table of so many rows, each of two columns."""
    tensors = {"table": Tensor("table", Role.WEIGHT, (rows, 2))}
    ops = []
    for number, count in enumerate(counts):
        tensors[f"rows{number}"] = Tensor(f"rows{number}", Role.INPUT, (count,), "int64")
        tensors[f"y{number}"] = Tensor(f"y{number}", Role.ACTIVATION, (count, 2))
        names = ("table", f"rows{number}")
        made = (f"y{number}",)
        ops.append(Op(f"op{number}", "gather", Unit.MOVE, names, made, attributes={"padding_idx": -1}))
    return Workload("lookups", tensors, tuple(ops), tuple(f"y{number}" for number in range(len(counts))))


@settings(deadline=None)
@given(st.integers(1, 30), st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(1, 20))
def test_lookups_in_one_table_read_different_rows_while_there_are_any(
    rows: int, counts: list[int], each: int
):
    workload = lookups(rows, counts)
    assert workload.needed_bytes["table"] == 8 * min(rows, sum(counts))
    found: list[Box] = []
    for op, count in zip(workload.ops, counts, strict=True):
        for start in range(0, count, each):
            part = workload.reaches(op)[0](((start, min(start + each, count)), (0, 2)))
            assert part is not None
            assert elements(part) <= 2 * min(each, rows)
            found.append(part)
    assert len(set().union(*map(points, found))) == 2 * min(rows, sum(counts))


def test_a_table_that_somebody_reads_all_of_is_needed_whole():
    workload = lookups(30, [4])
    tensors = {**workload.tensors, "z": Tensor("z", Role.ACTIVATION, (4, 30))}
    tied = Op("out", "linear", Unit.MATRIX, ("y0", "table"), ("z",))
    whole = Workload("tied", tensors, (*workload.ops, tied), ("z",))
    assert workload.tables == {"table"}
    assert whole.tables == frozenset()
    assert whole.needed_bytes["table"] == tensors["table"].nbytes


@st.composite
def reshapes(draw):
    factors = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))

    def grouped():
        shape = [1]
        for factor in factors:
            if draw(st.booleans()):
                shape.append(factor)
            else:
                shape[-1] *= factor
        return tuple(shape)

    base, shape = grouped(), grouped()
    return base, shape, boxes(draw, shape)


def flat(shape, point):
    index = 0
    for size, at in zip(shape, point, strict=True):
        index = index * size + at
    return index


@settings(deadline=None)
@given(reshapes())
def test_a_reshape_reads_every_element_it_shows(case):
    base, shape, box = case
    found = reshaped(base, shape, box)
    assert len(found) == len(base)
    shown = {flat(base, point) for point in points(found)}
    assert {flat(shape, point) for point in points(box)} <= shown


def test_views_are_followed_to_the_bytes():
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 4, 8, 8)),
        "half": Tensor("half", Role.ACTIVATION, (1, 4, 4, 8), view_of="x"),
        "turned": Tensor("turned", Role.ACTIVATION, (1, 4, 8, 4), view_of="half"),
    }
    step = {"dim": 2, "start": 1, "end": 8, "step": 2}
    ops = (
        Op("half", "slice", Unit.VIEW, ("x",), ("half",), attributes=step),
        Op("turned", "permute", Unit.VIEW, ("half",), ("turned",), attributes={"dims": (0, 1, 3, 2)}),
    )
    workload = Workload("views", tensors, ops, ("turned",))
    assert to_storage(workload, "turned", ((0, 1), (1, 3), (2, 5), (1, 3))) == (
        "x",
        ((0, 1), (1, 3), (3, 6), (2, 5)),
    )


@settings(deadline=None)
@given(convolutions())
def test_what_is_needed_is_what_is_read(case: Defined):
    workload = case.workload
    made = tuple((0, size) for size in workload.tensors["y"].shape)
    for place, name in enumerate(case.op.inputs):
        assert workload.needed_bytes[name] <= workload.tensors[name].nbytes
        assert workload.needed_bytes[name] >= 4 * len(behind(case, place, made))
    assert dict(reads(workload, case.op, made)).keys() <= set(case.op.inputs)
