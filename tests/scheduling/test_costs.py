"""Prices: what the components of a chip say of tiles and transfers, added up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.hardware.specs import MatrixSpec
from simres.program import TaskKind
from simres.scheduling.costs import Costs
from simres.scheduling.groups import operators
from simres.testing import chip, paper_chip, workloads
from simres.workload import Unit
from simres.workload.footprint import call_of
from simres.workload.kinds import kind_of
from tests.support.plans import in_parts, tiled

COUNTS = st.integers(1, 6)
SOME = st.tuples(COUNTS, COUNTS, st.sampled_from([1, 1, 3]))


def slow(launch: str = "0 ns", units: int = 1):
    """The paper's chip, with so many matrix units that take a while to begin."""
    plain = paper_chip(latency="40 ns")
    unit = MatrixSpec.model_validate({"kind": "matrix", "rate": "0.01 TFLOP/s", "launch": launch})
    return chip({**plain.components, "matrix": unit, **{f"more{n}": unit for n in range(units - 1)}})


@settings(max_examples=100, deadline=None)
@given(workloads(), SOME, st.sampled_from(["0 ns", "100 ns"]))
def test_the_tiles_of_an_operator_take_what_their_tasks_take(workload, parts, launch):
    """On one unit of each role; tiles round their work to whole units, of 200 ps at most.

    Operators of which tiles of one size take more or less, as they lie, are left out.
    """
    rows, columns, chunks = parts
    machine = slow(launch)
    costs, plan = Costs(machine), in_parts(workload, rows, columns, chunks)
    program = tiled(workload, machine, plan)
    for number, op in enumerate(operators(workload)):
        tasks = [
            task
            for task in program.tasks
            if task.layer == number and task.kind in (TaskKind.MATRIX, TaskKind.HOST)
        ]
        cut = plan.cut_of.get(number)
        uneven = kind_of(op).extents is not None
        if cut is None or not tasks or len(tasks) != cut.tiles or uneven:
            continue  # elementwise: cut as what it follows
        took = sum(machine.engines[task.engine].duration_ps(task.work) for task in tasks)
        priced = costs.tiles_ps(call_of(workload, op), cut.parts, cut.chunks)
        assert abs(priced - took) <= 200 * len(tasks)


@given(st.integers(0, 1 << 24), st.integers(0, 100))
def test_transfers_take_a_time_each_and_one_for_each_byte(nbytes, transfers):
    costs = Costs(paper_chip(bandwidth="3 GB/s", latency="40 ns"))
    assert costs.bus_ps(nbytes, transfers) == pytest.approx(
        nbytes / 3e9 * 1e12 + transfers * 40_000, abs=2 * (1 + transfers)
    )


@settings(max_examples=60, deadline=None)
@given(workloads(), SOME, st.integers(2, 4))
def test_units_share_the_tiles_and_none_takes_less_than_the_largest(workload, parts, units):
    rows, columns, chunks = parts
    alone, together = Costs(slow("100 ns")), Costs(slow("100 ns", units))
    plan = in_parts(workload, rows, columns, chunks)
    for number, op in enumerate(operators(workload)):
        if op.unit is not Unit.MATRIX or number not in plan.cut_of:
            continue
        cut, call = plan.cut_of[number], call_of(workload, op)
        one, several = (costs.tiles_ps(call, cut.parts, cut.chunks) for costs in (alone, together))
        assert one / units <= several <= one
        if cut.tiles == 1:
            assert several == one


@settings(max_examples=60, deadline=None)
@given(workloads())
def test_the_least_is_the_busiest_at_its_peak(workload):
    machine = paper_chip(bandwidth="3 GB/s")
    ps = max(workload.compulsory_bytes / 3e9, 2 * workload.macs / 1e12, workload.vector_ops / 1e10) * 1e12
    assert Costs(machine).least_ps(workload) == pytest.approx(ps, abs=2)


def test_a_chip_without_a_matrix_unit_says_so(branches):
    components = {name: spec for name, spec in paper_chip().components.items() if name != "matrix"}
    op = next(op for op in branches.ops if op.unit is Unit.MATRIX)
    with pytest.raises(SimresError, match="the chip has no"):
        Costs(chip(components)).tiles_ps(call_of(branches, op), (1, 1, 1, 1), 1)


@pytest.fixture
def branches():
    from tests.bottlenecks.generate import branches

    return branches()
