"""Rows of engines: equal units are one, with the mean of their times; channels of a bus are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.program.record import Cause, EngineTotals
from simres.result.data import EngineDescription
from simres.result.engine_rows import engine_rows, row_names

MAKESPAN = 1000


@st.composite
def totals(draw):
    marks = sorted(draw(st.lists(st.integers(0, MAKESPAN), min_size=3, max_size=3)))
    waiting = {Cause.DATA: marks[1] - marks[0], Cause.SPACE: marks[2] - marks[1]}
    return EngineTotals(draw(st.integers(0, 9)), marks[0], waiting, MAKESPAN - marks[2], 0)


def described(role):
    return EngineDescription("kind", role)


@given(st.lists(totals(), min_size=2, max_size=5))
def test_the_times_of_a_row_are_the_mean_and_add_up_to_the_makespan(units):
    names = [f"matrix.{number}" for number in range(len(units))]
    (row,) = engine_rows(
        row_names({name: described("matrix") for name in names}), dict(zip(names, units, strict=True))
    ).values()
    assert (row.name, row.label, row.engines) == ("matrix", f"matrix x{len(units)}", tuple(names))
    assert row.totals.accounted_ps == MAKESPAN
    assert row.totals.working_ps == sum(unit.working_ps for unit in units) // len(units)
    assert row.totals.tasks == sum(unit.tasks for unit in units)
    assert row.totals.idle_ps >= min(unit.idle_ps for unit in units)


def test_channels_and_the_units_of_each_tenant_have_rows_of_their_own():
    chip = {
        "ddr.0.left": "bus",
        "ddr.1.left": "bus",
        "npu.0.left": "matrix",
        "npu.1.left": "matrix",
        "host.left": "host",
        "npu.0.right": "matrix",
        "npu.1.right": "matrix",
    }
    some = EngineTotals(1, MAKESPAN, {}, 0, 0)
    rows = engine_rows(
        row_names({name: described(role) for name, role in chip.items()}), dict.fromkeys(chip, some)
    )
    assert [row.label for row in rows.values()] == [
        "ddr.0.left",
        "ddr.1.left",
        "npu.left x2",
        "host.left",
        "npu.right x2",
    ]
    assert rows["host.left"].totals is some
