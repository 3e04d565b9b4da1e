"""Where tensors lie off-chip: every transfer's bytes, each element of a tensor in one place."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.hardware.specs import BusSpec
from simres.program import Program, Region, Task, TaskKind, Work
from simres.scheduling import overlapped
from simres.simulation.flattened import flatten
from simres.simulation.placement import lay_out
from simres.testing import paper_chip, workloads

ENGINES = ["ddr"]


def load(region, nbytes):
    return Task("ddr", TaskKind.LOAD, Work(nbytes=nbytes), 0, reads=(region,) if region else ())


def moved(extents):
    return [byte for start, stop in extents for byte in range(start, stop)]


@st.composite
def cuts(draw):
    """A shape, and its boxes when every axis is cut somewhere."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    axes = []
    for size in shape:
        inner = draw(st.sets(st.integers(1, size), max_size=2))
        marks = sorted({0, size, *inner})
        axes.append(list(pairwise(marks)))
    return shape, list(product(*axes))


@given(cuts(), st.sampled_from([1, 2, 4, 8]))
def test_boxes_lie_row_by_row_where_they_belong(cut, width):
    shape, boxes = cut
    tasks = []
    for box in boxes:
        count = width
        for start, stop in box:
            count *= stop - start
        tasks.append(load(Region("x", None, box), count))
    placed = lay_out(Program("", "", tuple(tasks)), ENGINES)
    everything = []
    for number, box in enumerate(boxes):
        expected = []
        for index in product(*(range(*ends) for ends in box)):
            element = 0
            for at, size in zip(index, shape, strict=True):
                element = element * size + at
            expected += range(element * width, (element + 1) * width)
        assert moved(placed[number]) == expected
        everything += expected
    assert sorted(everything) == list(range(len(everything)))


def test_tensors_follow_each_other_in_the_order_of_first_use():
    tasks = (
        load(Region("a"), 100),
        load(Region("b"), 64),
        load(Region("a"), 100),
        load(None, 10),
        load(Region("c"), 1),
        Task("sram", TaskKind.MOVE, Work(nbytes=5), 0),
        load(Region("d"), 0),
    )
    placed = lay_out(Program("", "", tasks), ENGINES)
    assert placed == {
        0: ((0, 100),),
        1: ((128, 192),),
        2: ((0, 100),),
        3: ((192, 202),),
        4: ((256, 257),),
        6: (),
    }


def test_half_bytes_are_packed():
    boxes = [((0, 1), (0, 5)), ((1, 2), (0, 5)), ((2, 3), (0, 4))]
    tasks = [load(Region("x", None, box), nbytes) for box, nbytes in zip(boxes, (3, 3, 2), strict=True)]
    placed = lay_out(Program("", "", tuple(tasks)), ENGINES)
    assert placed[0] == ((0, 3),)
    assert placed[1][0][0] == 2  # the sixth element begins in the middle of the third byte


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(workloads(), st.sampled_from(["1 KiB", "1 MB"]))
def test_every_transfer_has_its_bytes_and_shares_them_with_its_tensor_alone(workload, capacity):
    chip = paper_chip(capacity)
    try:
        program = overlapped.schedule(workload, chip, overlapped.Parameters())
    except AnswerIsNo:
        return
    placed = lay_out(program, ENGINES)
    owner = {}
    for number, task in enumerate(program.tasks):
        if task.engine not in ENGINES:
            assert number not in placed
            continue
        found = moved(placed[number])
        assert len(set(found)) == len(found) == task.work.nbytes
        regions = [region for region in (*task.reads, *task.writes) if region.buffer is None]
        inside = [region.buffer for region in task.writes if region.buffer is not None]
        amounts = [program.buffers[buffer].nbytes for buffer in inside]
        for region, amount in zip(regions, amounts or [len(found)], strict=True):
            for byte in found[:amount]:
                assert owner.setdefault(byte, region.tensor) == region.tensor
            found = found[amount:]
        assert not found
    in_order = [owner[byte] for byte in sorted(owner)]
    changes = [
        tensor for tensor, before in zip(in_order, [None, *in_order], strict=False) if tensor != before
    ]
    assert len(changes) == len(set(changes))  # one after the other, none inside another


class Told(BusSpec):
    """A bus that asks where things lie."""

    addressed = True


@pytest.mark.parametrize("kind", [BusSpec, Told])
def test_only_who_asks_is_told(kind):
    spec = kind.model_validate({"kind": "ddr", "bandwidth": "1 GB/s"})
    store = Task("ddr", TaskKind.STORE, Work(nbytes=8), 0, writes=(Region("y"),))
    plan = flatten(Program("", "", (load(Region("x"), 4), store)), {"ddr": spec})
    if kind is BusSpec:
        assert plan.work == [Work(nbytes=4), Work(nbytes=8)]
    else:
        assert plan.work == [
            Work(nbytes=4, extents=((0, 4),)),
            Work(nbytes=8, extents=((64, 72),), write=True),
        ]
