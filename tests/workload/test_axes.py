"""Operators cut into tiles: loop nests add up, blocks stay together, and what is cut runs on any memory."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.scheduling.pieces import Grid
from simres.scheduling.tile_work import TileWork
from simres.testing import paper_chip, prove
from simres.workload import Role
from simres.workload.axes import Axes, summed
from simres.workload.footprint import call_of
from tests.support.defined_operators import KINDS, Defined, convolutions, gathers

MATRIX = {name: KINDS[name] for name in ("conv", "linear", "matmul")}


def cut(draw: st.DrawFn, axes: Axes) -> tuple[int, ...]:
    """Any parts that the axes allow."""
    found = []
    for axis, most in enumerate(axes.most):
        allowed = axis in axes.rows or axis == axes.column
        found.append(axes.parts(axis, draw(st.integers(1, most))) if allowed else 1)
    return tuple(found)


@pytest.mark.parametrize("drawn", MATRIX)
@settings(deadline=None)
@given(data=st.data())
def test_the_loop_nests_of_tiles_add_up_to_that_of_the_operator(drawn: str, data: st.DataObject):
    case = data.draw(MATRIX[drawn])
    call = call_of(case.workload, case.op)
    parts = cut(data.draw, case.workload.axes["op"])
    total = summed(call)
    chunks = data.draw(st.integers(1, min(total, 3)))
    work = TileWork(call, total)
    edges = [total * part // chunks for part in range(chunks + 1)]
    macs = 0
    for box, part in product(Grid(case.workload.tensors["y"], parts).boxes, range(chunks)):
        found = work.next(box, edges[part + 1] - edges[part], 0)
        assert found.loops is not None
        assert found.loops.macs == found.macs > 0
        macs += found.macs
    assert macs == case.op.macs


@settings(deadline=None)
@given(convolutions(), st.data())
def test_groups_are_never_cut_through(case: Defined, data: st.DataObject):
    assert case.op.loops is not None
    axes = case.workload.axes["op"]
    channels = Grid(case.workload.tensors["y"], cut(data.draw, axes)).cuts[1]
    if case.op.loops.groups > 1:
        assert all(edge % case.op.loops.m == 0 for edge in channels)


RUN = {**KINDS, "gather": gathers(table=Role.WEIGHT)}


@pytest.mark.parametrize("drawn", RUN)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_operator_runs_on_any_memory_that_it_fits(drawn: str, data: st.DataObject):
    case = data.draw(RUN[drawn])
    chip = paper_chip(capacity=f"{data.draw(st.sampled_from([64, 200, 600, 2000, 20000]))} B")
    for schedule, parameters in (
        (serial.schedule, NoParameters()),
        (overlapped.schedule, overlapped.Parameters()),
    ):
        with suppress(AnswerIsNo):  # it does not fit, however it is cut
            prove(schedule(case.workload, chip, parameters), chip, case.workload)
