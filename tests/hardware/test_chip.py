"""A chip with several equal units of a component: their names and bounds, and that they work side by side."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from simpy import Environment

from simres.errors import AnswerIsNo, SimresError
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.plugins.hooks import ComponentRole
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.scheduling import overlapped
from simres.simulation.run import build
from simres.testing import behaviours, chip, prove, workloads
from simres.workload import Op, Unit

MATRIX = {"kind": "matrix", "rate": "2 GFLOP/s", "launch": "7 ns"}


def machine(matrix, hosts=1):
    return chip(
        {
            "ddr": BusSpec(kind="ddr", bandwidth="10 GB/s", channels=2),
            "sram": SramSpec(kind="sram", capacity="64 KiB"),
            **{name: MatrixSpec(**MATRIX, **named) for name, named in matrix.items()},
            "host": HostSpec(kind="host", rate="1 GFLOP/s", count=hosts),
        }
    )


TWO = machine({"matrix": {"count": 2}}, hosts=3)


def test_each_unit_is_an_engine_and_all_are_one_component():
    assert list(TWO.named(ComponentRole.MATRIX)) == ["matrix.0", "matrix.1"]
    assert list(TWO.named(ComponentRole.HOST)) == ["host.0", "host.1", "host.2"]
    assert {TWO.component_of(name) for name in TWO.named(ComponentRole.MATRIX)} == {"matrix"}
    assert [TWO.units(name) for name in TWO.parts] == [1, 1, 2, 3]
    assert list(TWO.shared) == ["ddr"]


def test_a_single_unit_has_the_name_of_its_component():
    assert list(machine({"matrix": {}}).engines) == list(machine({"matrix": {"count": 1}}).engines)
    assert list(machine({"matrix": {}}).engines) == ["ddr.0", "ddr.1", "sram", "matrix", "host"]


def test_the_bound_shares_the_work_between_units():
    work = Work(macs=3000, vector_ops=3000)
    assert TWO.least_ps(work) == {"ddr": 0, "matrix": 1_500_000, "host": 1_000_000}
    several = machine({"large": {"count": 3}, "small": {}})
    assert several.least_ps(work)["large+small"] == 750_000


def test_each_unit_is_built_by_itself():
    engines = build(TWO, behaviours(TWO), Environment())
    assert list(engines) == list(TWO.engines)
    assert len({id(engine) for engine in engines.values()}) == len(engines)


def test_units_work_at_the_same_time():
    work = Work(macs=1000)
    took = MatrixSpec(**MATRIX).duration_ps(work)
    names = ("matrix.0", "matrix.1", "matrix.1")
    tasks = tuple(Task(name, TaskKind.MATRIX, work, layer=0) for name in names)
    record = prove(Program("by hand", "", tasks, layers=(Layer("a", "row"),)), TWO)
    assert record.makespan_ps == 2 * took
    assert [record.engines[name].working_ps for name in ("matrix.0", "matrix.1")] == [took, 2 * took]


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", 257, None])
def test_only_whole_numbers_from_1_to_256_are_counts(count):
    with pytest.raises(ValidationError, match="count"):
        MatrixSpec(**MATRIX, count=count)


@given(workload=workloads(), count=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_equal_units_do_what_as_many_components_do(workload, count):
    together = machine({"matrix": {"count": count}})
    apart = machine({f"matrix{number}": {} for number in range(count)})
    try:
        programs = [
            overlapped.schedule(workload, each, overlapped.Parameters()) for each in (together, apart)
        ]
    except AnswerIsNo:
        return
    records = [
        prove(program, each, workload) for program, each in zip(programs, (together, apart), strict=True)
    ]
    assert records[0].rows == records[1].rows
    assert list(records[0].engines.values()) == list(records[1].engines.values())
    work = Work(macs=workload.macs)
    assert together.least_ps(work)["matrix"] == max(apart.least_ps(work).values())


def with_hosts(**runs):
    return chip(
        {
            "ddr": BusSpec(kind="ddr", bandwidth="10 GB/s"),
            "sram": SramSpec(kind="sram", capacity="64 KiB"),
            **{
                name: HostSpec(kind="host", rate="1 GFLOP/s", runs=kinds, count=1 + (name == "pair"))
                for name, kinds in runs.items()
            },
        }
    )


@pytest.mark.parametrize(
    ("runs", "of"),
    [
        ({"cpu": None, "sfu": ["softmax"]}, {"softmax": ["sfu"], "relu": ["cpu"], "": ["cpu"]}),
        ({"cpu": None, "sfu": ["softmax", "any"]}, {"softmax": ["sfu"], "relu": ["cpu", "sfu"]}),
        ({"cpu": ["any"], "sfu": ["softmax"]}, {"softmax": ["cpu", "sfu"], "relu": ["cpu"]}),
        ({"dsp": ["softmax"], "sfu": ["softmax"]}, {"softmax": ["dsp", "sfu"], "relu": [], "": []}),
        ({"pair": ["relu"], "cpu": None}, {"relu": ["pair.0", "pair.1"], "add": ["cpu"]}),
        ({"cpu": None, "dsp": None}, {"relu": ["cpu", "dsp"], "": ["cpu", "dsp"]}),
    ],
)
def test_an_operator_goes_to_the_hosts_that_name_it(runs, of):
    on = with_hosts(**runs)
    assert {kind: list(on.able(ComponentRole.HOST, kind)) for kind in of} == of
    for kind, names in of.items():
        work = Work(vector_ops=10, op=Op("a", kind, Unit.HOST, (), ()))
        if names:
            assert on.fastest(ComponentRole.HOST, work) == names[0]
        else:
            with pytest.raises(SimresError, match="no host of the chip runs"):
                on.fastest(ComponentRole.HOST, work)


def test_bounds_hold_the_work_of_an_operator_against_the_hosts_that_run_it():
    on = with_hosts(cpu=None, sfu=["softmax"])
    of = [
        Work(vector_ops=n, op=Op("", kind, Unit.HOST, (), ())) for kind, n in (("softmax", 30), ("add", 10))
    ]
    assert on.least_ps(*of) == {"ddr": 0, "cpu": 10_000, "sfu": 30_000, "cpu+sfu": 20_000}
    assert on.least_ps(Work(vector_ops=40)) == {"ddr": 0, "cpu": 0, "sfu": 0, "cpu+sfu": 20_000}
    assert with_hosts(cpu=None, dsp=None).least_ps(*of) == {"ddr": 0, "cpu+dsp": 20_000}


def test_a_host_that_has_no_rate_for_a_type_does_not_count_for_it():
    base = {"ddr": BusSpec(kind="ddr", bandwidth="10 GB/s"), "sram": SramSpec(kind="sram", capacity="64 KiB")}
    sfu = HostSpec(kind="host", rate={"fp16": "3 GFLOP/s"}, runs=["softmax"])
    on = chip({**base, "cpu": HostSpec(kind="host", rate="1 GFLOP/s"), "sfu": sfu})
    relu = Work(vector_ops=10, dtype="int8", op=Op("", "relu", Unit.HOST, (), ()))
    assert on.least_ps(relu) == {"ddr": 0, "cpu": 10_000, "sfu": 0, "cpu+sfu": 10_000}
