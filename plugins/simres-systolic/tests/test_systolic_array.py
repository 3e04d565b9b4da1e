"""What layers cost as SCALE-Sim counts: by hand, its own figures, and what holds for every shape."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import simres_systolic
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from simres_systolic import topology
from simres_systolic.array import OUTPUT_SIZE, ArraySpec, Counting
from simres_systolic.mapping import SCALESIM, Dataflow
from simres_systolic.shapes import scalesim_shapes

import simres
from simres.errors import RenamedWarning
from simres.program import Work
from simres.reporting.text.headline import remarks
from simres.testing import check_component, check_plugin, registry_with
from simres.units import PS_PER_S, format_duration
from simres.workload import Loops, Op, Unit, Workload

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ROW = r"^\| (\w\w) \| (\d+) x (\d+) \| (.+ MHz) \| (.+) \| (\d+) % \| (.+) \|$"
REFERENCE = json.loads((ROOT / "tests" / "reference" / "scalesim.json").read_text(encoding="utf-8"))
RUNS = [(name, run) for name, runs in REFERENCE.items() if name != "source" for run in runs]
COUNTS = ("groups", "n", "m", "c", "p", "q", "r", "s")

sides = st.integers(1, 96)
counts = st.integers(1, 48)
arrays = st.builds(
    ArraySpec,
    kind=st.just("array"),
    counting=st.just(Counting.SCALESIM),
    rows=sides,
    columns=sides,
    clock=st.integers(10**6, 3 * 10**9),
    dataflow=st.sampled_from(SCALESIM),
    launch=st.integers(0, 10**6),
)
nests = st.builds(Loops, **dict.fromkeys(COUNTS, counts))


def array(dataflow: str = "ws", rows: int = 32, columns: int = 32, **more: Any) -> ArraySpec:
    said = {"kind": "array", "rows": rows, "columns": columns, "clock": "1 GHz", "dataflow": dataflow}
    return ArraySpec.model_validate(said | {"counting": "scalesim"} | more)


def work(loops: Loops) -> Work:
    return Work(macs=loops.macs, loops=loops)


def reference(network: str) -> Workload:
    text = (ROOT / "tests" / "reference" / f"{network}.csv").read_text(encoding="utf-8")
    return topology.workload(text, network, network)


def test_every_contract_is_kept() -> None:
    check_plugin(simres_systolic)


@pytest.mark.parametrize("dataflow", SCALESIM)
def test_every_dataflow_keeps_the_contract_of_components(dataflow: Dataflow) -> None:
    figures = {"rows": 7, "columns": 3, "clock": "700 MHz", "dataflow": dataflow.value}
    check_component(registry_with(simres_systolic).component("array"), **figures, counting="scalesim")


def test_the_old_name_means_the_same_and_says_what_to_write() -> None:
    old = {"kind": "systolic", "rows": 32, "columns": 32, "clock": "1 GHz"}
    new = old | {"kind": "array", "counting": "scalesim"}
    said = "hardware.matrix.kind: `systolic` is an old name; write `kind: array` with `counting: scalesim`"
    registry = registry_with(simres_systolic)
    with pytest.warns(RenamedWarning, match=f"^{re.escape(said)}; from 0.3 on this is an error$"):
        before = simres.simulate("resnet20", overrides={"hardware.matrix": old}, registry=registry)
    after = simres.simulate("resnet20", overrides={"hardware.matrix": new}, registry=registry)
    assert before.makespan_ps == after.makespan_ps


@pytest.mark.parametrize(
    ("dataflow", "folds", "cycles"),
    [
        # 144 weights a filter, 40 filters, 16 x 16 pixels on 32 x 16 cells; 46 cycles to cross the array.
        ("ws", 5 * 3, 5 * 3 * (32 + 256 + 46) - 1),
        ("is", 5 * 16, 5 * 16 * (32 + 40 + 46) - 1),
        ("os", 8 * 3, 8 * 3 * (144 + 46) - 1),
    ],
)
def test_a_layer_by_hand(dataflow: str, folds: int, cycles: int) -> None:
    loops = Loops(m=40, c=16, p=16, q=16, r=3, s=3)
    spec = array(dataflow, 32, 16)
    assert spec.folded(loops).number == folds
    assert spec.cycles(loops) == cycles
    assert spec.duration_ps(work(loops)) == cycles * 1000


@pytest.mark.parametrize(
    ("network", "run"),
    RUNS,
    ids=[f"{name}-{run['dataflow']}-{run['rows']}x{run['columns']}" for name, run in RUNS],
)
def test_cycles_are_those_that_scalesim_counts(network: str, run: dict[str, Any]) -> None:
    spec = array(run["dataflow"], run["rows"], run["columns"])
    counted = []
    for op in scalesim_shapes(reference(network)).ops:
        assert op.loops is not None
        cycles = spec.cycles(op.loops, op)
        # SCALE-Sim lists a depthwise layer channel by channel.
        counted += [Fraction(cycles, op.loops.groups)] * op.loops.groups
    assert counted == run["cycles"]


@pytest.mark.parametrize(("network", "scenario"), [("resnet20", "resnet20"), ("resnet18", "resnet18")])
def test_a_traced_network_takes_the_same_cycles_on_the_simulated_chip(network: str, scenario: str) -> None:
    overrides = {"passes": ["scalesim_shapes"], "hardware.matrix.clock": "1 GHz"}
    result = simres.simulate(ROOT / "scenarios" / f"{scenario}-systolic.yaml", overrides=overrides)
    worked = [layer.busy_ps["matrix"] for layer in result.layers if "matrix" in layer.busy_ps]
    (run,) = (
        run for run in REFERENCE[network] if (run["dataflow"], run["rows"], run["columns"]) == ("ws", 32, 32)
    )
    assert worked == [cycles * 1000 for cycles in run["cycles"]]
    assert result.origin.versions["simres-systolic"] == "0.1.0"


def test_the_report_says_that_the_switch_is_on() -> None:
    scenario = ROOT / "scenarios" / "resnet20-systolic.yaml"
    result = simres.simulate(scenario, overrides={"passes": ["scalesim_shapes"]})
    assert "Passes: scalesim_shapes. No amounts changed, 2 operators did." in remarks(result)


def test_shapes_are_the_networks_unless_asked_otherwise() -> None:
    result = simres.simulate(ROOT / "scenarios" / "resnet20-systolic.yaml")
    cycles = {layer.name: layer.busy_ps.get("matrix", 0) * 488281250 // PS_PER_S for layer in result.layers}
    # Stride 2, 144 and 288 weights a filter, 16 x 16 and 8 x 8 pixels.
    assert cycles["layers.3.conv1"] == 5 * (32 + 256 + 62) - 1
    assert cycles["layers.6.conv1"] == 9 * 2 * (32 + 64 + 62) - 1


@given(arrays, nests)
def test_never_faster_than_the_peak(spec: ArraySpec, loops: Loops) -> None:
    assert spec.duration_ps(work(loops)) >= spec.launch + spec.at_peak_ps(work(loops))
    assert 0 < spec.utilisation(loops) <= 1
    assert spec.at_peak_ps(work(loops)) == Fraction(2 * loops.macs * PS_PER_S, spec.rate)


@given(arrays, nests, st.sampled_from(COUNTS), counts)
def test_more_work_never_takes_less_time(spec: ArraySpec, loops: Loops, count: str, more: int) -> None:
    larger = replace(loops, **{count: getattr(loops, count) + more})
    assert spec.duration_ps(work(larger)) >= spec.duration_ps(work(loops))


@given(arrays, nests)
def test_groups_are_layers_of_their_own(spec: ArraySpec, loops: Loops) -> None:
    alone = spec.cycles(replace(loops, groups=1))
    assert spec.cycles(loops) == loops.groups * alone


@given(arrays, nests)
def test_swapping_pixels_and_filters_swaps_what_is_stationary(spec: ArraySpec, loops: Loops) -> None:
    swapped = replace(loops, n=1, p=loops.m, q=1, m=loops.n * loops.p * loops.q)
    weights, inputs = (spec.model_copy(update={"dataflow": Dataflow(name)}) for name in ("ws", "is"))
    assert weights.cycles(loops) == inputs.cycles(swapped)


@given(arrays, st.integers(0, 10**9))
def test_without_a_loop_nest_the_peak_holds(spec: ArraySpec, macs: int) -> None:
    assert spec.duration_ps(Work(macs=macs)) == spec.launch + ceil(spec.at_peak_ps(Work(macs=macs)))


@given(arrays)
def test_no_work_takes_no_cycles(spec: ArraySpec) -> None:
    assert spec.duration_ps(work(Loops(n=0))) == spec.launch
    assert spec.utilisation(Loops(n=0)) == 0


@given(arrays, nests, st.integers(1, 12), st.data())
def test_tiles_share_the_output_that_scalesim_counts(
    spec: ArraySpec, loops: Loops, more: int, data: st.DataObject
) -> None:
    counted = (loops.p + more, loops.q + 1)
    op = Op("c", "conv", Unit.MATRIX, ("x", "w"), ("c",), loops=loops, attributes={OUTPUT_SIZE: counted})
    assert spec.cycles(loops, op) == spec.cycles(replace(loops, p=counted[0], q=counted[1]))
    tile = replace(loops, p=data.draw(st.integers(1, loops.p)))
    # The cycle that a layer is less by is not taken off again for each of its tiles.
    assert spec.cycles(tile) - loops.groups <= spec.cycles(tile, op) <= spec.cycles(loops, op) + loops.groups


def test_only_a_whole_layer_is_one_cycle_less() -> None:
    loops = Loops(m=40, c=16, p=16, q=16, r=3, s=3)
    op = Op("c", "conv", Unit.MATRIX, ("x", "w"), ("c",), loops=loops)
    spec = array("ws", 32, 16)
    assert spec.cycles(loops, op) == 15 * (32 + 256 + 46) - 1
    halves = replace(loops, p=8)
    assert spec.cycles(halves, op) == 15 * (32 + 128 + 46)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 0},
        {"columns": -1},
        {"rows": True},
        {"clock": "1 GB/s"},
        {"clock": 0},
        {"launch": -1},
        {"dataflow": "ns"},
        {"fill": "hidden"},
        {"row": 1},
    ],
)
def test_what_makes_no_array_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        array(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", re.findall(ROW, README.read_text(encoding="utf-8"), re.MULTILINE))
def test_the_readme_says_what_comes_out(row: tuple[str, ...]) -> None:
    dataflow, rows, columns, clock, works, share, makespan = row
    array = {"dataflow": dataflow, "rows": rows, "columns": columns, "clock": clock}
    result = simres.simulate(
        ROOT / "scenarios" / "resnet20-systolic.yaml",
        overrides={f"hardware.matrix.{key}": array[key] for key in array},
    )
    working_ps = result.record.engines["matrix"].working_ps
    assert (format_duration(working_ps), format_duration(result.makespan_ps)) == (works, makespan)
    assert round(100 * Fraction(2 * result.workload.macs, working_ps)) == int(share)
