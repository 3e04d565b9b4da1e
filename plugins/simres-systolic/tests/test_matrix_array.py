"""What layers cost on the array by each mechanism: by hand, and what holds for every shape."""

from __future__ import annotations

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
from simres_systolic.array import ArraySpec, Phase
from simres_systolic.mapping import SCALESIM, Dataflow, Depthwise, Taps
from simres_systolic.row_stationary import Registers, mapped

import simres
from simres.program import Work
from simres.testing import check_component, registry_with
from simres.units import PS_PER_S, format_duration
from simres.workload import Loops

ROOT = Path(__file__).parents[1]
SCENARIO = ROOT / "scenarios" / "resnet20-array.yaml"
README = ROOT / "README.md"
ROW = r"^\| (\d+) x (\d+) \| (.+ MHz) \| (.+) \| (\d+) % \| (.+) \|$"
COUNTS = ("groups", "n", "m", "c", "p", "q", "r", "s")
THIN = Loops(m=16, c=64, p=14, q=12, r=3, s=5)
"""The first of NVDLA's measured layers: 240 folds of 8 x 8, 168 pixels each."""

sides = st.integers(1, 256)
counts = st.integers(1, 64)
arrays = st.builds(
    ArraySpec,
    kind=st.just("array"),
    rows=sides,
    columns=sides,
    clock=st.integers(10**6, 3 * 10**9),
    dataflow=st.sampled_from(SCALESIM),
    taps=st.sampled_from(Taps),
    fill=st.sampled_from([None, *Phase]),
    drain=st.sampled_from([None, *Phase]),
    pad_channels=st.sampled_from([1, 4, 32]),
    weight_port=st.one_of(st.none(), sides),
    staging=st.one_of(st.none(), st.integers(1, 1 << 20)),
    staging_port=st.integers(1, 64),
    pace=st.sampled_from([1.0, 1.3, 7.0]),
    launch=st.integers(0, 10**6),
)
weight_stationary = st.builds(
    ArraySpec,
    kind=st.just("array"),
    rows=sides,
    columns=sides,
    clock=st.just(10**9),
    depthwise=st.sampled_from(Depthwise),
    accumulator=st.one_of(st.none(), st.integers(1, 512)),
    fill=st.sampled_from(Phase),
)
row_stationary = st.builds(
    ArraySpec,
    kind=st.just("array"),
    rows=st.integers(1, 16),
    columns=st.integers(1, 16),
    clock=st.just(10**9),
    dataflow=st.just(Dataflow.ROW_STATIONARY),
    fill=st.sampled_from(Phase),
    input_registers=st.integers(1, 16),
    weight_registers=st.integers(1, 300),
    sum_registers=st.integers(1, 32),
    weight_port=st.integers(1, 8),
    sum_port=st.integers(1, 8),
)
nests = st.builds(Loops, **dict.fromkeys(COUNTS, counts))


def array(rows: int = 32, columns: int = 32, **more: Any) -> ArraySpec:
    return ArraySpec.model_validate(
        {"kind": "array", "rows": rows, "columns": columns, "clock": "1 GHz"} | more
    )


def work(loops: Loops) -> Work:
    return Work(macs=loops.macs, loops=loops)


@pytest.mark.parametrize(
    "switches",
    [
        {"taps": "separate", "accumulator": 16},
        {"fill": "shown", "drain": "shown", "depthwise": "packed"},
        {"dataflow": "os", "pad_channels": 8},
        {"dataflow": "rs", "fill": "shown", "weight_port": 2},
        {"arrays": 4, "cores": 2, "pace": 1.5},
    ],
)
def test_every_mechanism_keeps_the_contract_of_components(switches: dict[str, Any]) -> None:
    figures = {"rows": 7, "columns": 3, "clock": "700 MHz"} | switches
    check_component(registry_with(simres_systolic).component("array"), **figures)


def test_a_layer_by_hand() -> None:
    # 3 x 3 x 16 weights in 5 folds of 32 rows, 16 of 32 columns, 32 x 32 pixels, 62 cycles through it.
    loops = Loops(m=16, c=16, p=32, q=32, r=3, s=3)
    assert array().cycles(loops) == 5 * 1024 + 62
    assert array().duration_ps(work(loops)) == (5 * 1024 + 62) * 1000
    assert array(fill="shown").cycles(loops) == 5 * (32 + 1024) + 62
    assert array(drain="shown").cycles(loops) == 5 * (1024 + 62)
    assert array(fill="shown", weight_port=16).cycles(loops) == 5 * (64 + 1024) + 62


def test_taps_of_their_own_leave_rows_empty() -> None:
    loops = Loops(m=128, c=64, p=16, q=16, r=3, s=3)
    assert array(128, 128).folded(loops).number == 5
    assert array(128, 128, taps="by_row").folded(loops).number == 3 * 2
    assert array(128, 128, taps="separate").folded(loops).number == 9
    assert array(128, 128, pad_channels=96).folded(loops).number == 7
    assert array(8, 8, taps="separate").folded(THIN).number == 240


@pytest.mark.parametrize(
    ("channels", "side", "folds"),
    [
        (3, 7, 7),  # all 7 taps of a row lie beside each other
        (16, 11, 11 * 2),  # 8 of 11
        (48, 3, 3 * 2),  # 2 of 3: a third would be cut
        (128, 3, 9),
        (192, 3, 9 * 2),
    ],
)
def test_taps_of_a_row_share_a_fold_as_far_as_they_fit_whole(channels: int, side: int, folds: int) -> None:
    loops = Loops(m=128, c=channels, p=16, q=16, r=side, s=side)
    assert array(128, 128, taps="by_row").folded(loops).number == folds


@given(nests, sides)
def test_the_more_taps_share_a_fold_the_fewer_folds_there_are(loops: Loops, rows: int) -> None:
    packed, by_row, separate = (array(rows, 8, taps=way.value).folded(loops).number for way in Taps)
    assert packed <= by_row <= separate


def test_hidden_weights_still_take_the_cycles_that_they_need_to_load() -> None:
    few = Loops(m=64, c=64, p=2, q=3)
    assert array().cycles(few) == 4 * 32 + 62
    assert array(weight_port=64).cycles(few) == 4 * 16 + 62
    assert array(weight_port=1024).cycles(few) == 4 * 6 + 62


def test_sums_of_so_many_pixels_bring_the_weights_again() -> None:
    # 168 pixels: ten times 16, and 8.
    assert array(8, 8, accumulator=16).cycles(THIN) == 240 * 168 + 14
    assert array(8, 8, accumulator=16, fill="shown").cycles(THIN) == 240 * (168 + 11 * 8) + 14
    assert array(8, 8, accumulator=168, fill="shown").cycles(THIN) == 240 * (168 + 8) + 14
    assert array(8, 8, accumulator=5).cycles(THIN) == 240 * (33 * 8 + 8) + 14


def test_depthwise_channels_share_a_fold_where_they_fit() -> None:
    depthwise = Loops(groups=64, p=16, q=16, r=3, s=3)
    assert array().cycles(depthwise) == 64 * 256 + 62
    assert array().utilisation(depthwise) < Fraction(9, 1024)
    assert array(depthwise="packed").cycles(depthwise) == ceil(64 / 3) * 256 + 62  # 27 of 32 rows
    separate = array(depthwise="packed", taps="separate")
    assert separate.cycles(depthwise) == 2 * 9 * 256 + 62  # 32 channels, tap by tap
    by_row = array(depthwise="packed", taps="by_row")
    assert by_row.cycles(depthwise) == ceil(64 / 10) * 3 * 256 + 62  # 10 channels, 3 taps of each at once
    assert array(64, 2, depthwise="packed").cycles(depthwise) == 32 * 256 + 64


def test_depthwise_layers_can_be_the_hosts_work() -> None:
    registry = registry_with(simres_systolic)
    passes = ["fold_batch_norm", "fold_bias", "depthwise_on_host", "fuse_epilogues"]
    said = {"scheduler": "serial", "passes": passes}
    there = simres.simulate("mobilenet_v2", chip="edge-npu", overrides=said, registry=registry)
    kept = [name for name in passes if name != "depthwise_on_host"]
    here = simres.simulate("mobilenet_v2", chip="edge-npu", overrides=said | {"passes": kept})
    moved = 20_716_416  # MobileNetV2's depthwise multiply-accumulates
    assert there.scheduled.macs == here.scheduled.macs - moved
    assert there.scheduled.vector_ops == here.scheduled.vector_ops + moved
    last = ["fuse_epilogues", "depthwise_on_host"]
    with pytest.raises(simres.SimresError, match="fused into"):
        simres.simulate("mobilenet_v2", chip="edge-npu", overrides=said | {"passes": last}, registry=registry)


@pytest.mark.parametrize(
    ("filters", "cores"), [(128, 2), (256, 2), (200, 1), (2001, 1)], ids=lambda value: str(value)
)
def test_cores_share_whole_columns_of_filters(filters: int, cores: int) -> None:
    loops = Loops(n=100, m=filters, c=128)
    spec = array(128, 128, arrays=8, cores=2, fill="shown")
    folds = ceil(filters / 128)
    assert spec.cycles(loops) == ceil((folds * 228 + 254) / (4 * cores))


def test_a_slower_pace_stretches_what_streams() -> None:
    loops = Loops(m=32, c=32, p=10, q=10)
    assert array(pace=1.25).cycles(loops) == 125 + 62


def test_what_a_buffer_holds_comes_before_the_work_and_no_more() -> None:
    loops = Loops(n=100, m=32, c=32)  # 3200 values, 1024 and 3200
    staged = {"arrays": 2, "staging_port": 8}
    alone = array(arrays=2).cycles(loops)
    assert alone == (100 + 62) // 2
    assert array(staging=4000, **staged).cycles(loops) == alone + 7424 // 8 // 2
    assert array(staging=1000, **staged).cycles(loops) == alone + 2000 // 8 // 2


@pytest.mark.parametrize(
    ("loops", "active"),
    [
        # Table V of the paper on Eyeriss has these counts of elements at work.
        (Loops(m=96, c=3, p=55, q=55, r=11, s=11), 154),
        (Loops(m=128, c=48, p=27, q=27, r=5, s=5), 135),
        (Loops(n=4, m=384, c=256, p=13, q=13, r=3, s=3), 156),
        (Loops(n=4, m=192, c=192, p=13, q=13, r=3, s=3), 156),
        (Loops(n=4, m=128, c=192, p=13, q=13, r=3, s=3), 156),
    ],
)
def test_row_stationary_mapping_has_the_published_elements_at_work(loops: Loops, active: int) -> None:
    found = mapped(loops, 12, 14, Registers(12, 224, 24), 4, 4, True)
    assert found.active == active
    assert loops.macs / active < found.cycles < 1.15 * loops.macs / active


def test_a_row_stationary_pass_by_hand() -> None:
    # One filter, one channel: a set of 3 x 4 makes 4 rows of 5 pixels, 3 taps each, after 9 weights.
    loops = Loops(p=4, q=5, r=3, s=3)
    spec = array(3, 4, dataflow="rs", fill="shown", weight_port=1, sum_port=4)
    assert spec.cycles(loops) == 9 + 15
    assert array(3, 4, dataflow="rs", fill="shown", weight_port=1, sum_port=1).cycles(loops) == 9 + 20


@given(
    st.integers(1, 64),
    st.integers(1, 64),
    st.builds(Loops, groups=counts, n=counts, p=st.integers(64, 99), q=counts),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_a_shape_that_divides_the_array_wastes_only_the_way_through(
    rows: int, columns: int, shape: Loops, deep: int, wide: int
) -> None:
    loops = replace(shape, c=deep * rows, m=wide * columns)
    spec = array(rows, columns)
    assert (spec.cycles(loops) - (rows + columns - 2)) * rows * columns == loops.macs


@given(st.one_of(arrays, weight_stationary, row_stationary), nests)
def test_never_faster_than_the_peak(spec: ArraySpec, loops: Loops) -> None:
    assert spec.duration_ps(work(loops)) >= spec.launch + spec.at_peak_ps(work(loops))
    assert 0 < spec.utilisation(loops) <= 1
    assert spec.at_peak_ps(work(loops)) == Fraction(2 * loops.macs * PS_PER_S, spec.rate)


@given(st.one_of(arrays, weight_stationary), nests, st.sampled_from(COUNTS), counts)
def test_more_work_never_takes_less_time(spec: ArraySpec, loops: Loops, count: str, more: int) -> None:
    larger = replace(loops, **{count: getattr(loops, count) + more})
    assert spec.duration_ps(work(larger)) >= spec.duration_ps(work(loops))


@given(arrays, nests)
def test_showing_a_phase_costs_time(spec: ArraySpec, loops: Loops) -> None:
    for phase in ("fill", "drain"):
        hidden, shown = (spec.model_copy(update={phase: value}) for value in Phase)
        assert hidden.cycles(loops) <= shown.cycles(loops)


@given(arrays, st.integers(0, 10**9))
def test_without_a_loop_nest_the_peak_holds(spec: ArraySpec, macs: int) -> None:
    assert spec.duration_ps(Work(macs=macs)) == spec.launch + ceil(spec.at_peak_ps(Work(macs=macs)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 0},
        {"columns": -1},
        {"rows": True},
        {"clock": "1 GB/s"},
        {"clock": 0},
        {"launch": -1},
        {"row": 1},
        {"pace": 0.5},
        {"arrays": 3, "cores": 2},
        {"dataflow": "os", "accumulator": 16},
        {"dataflow": "is", "depthwise": "packed"},
        {"counting": "scalesim", "drain": "hidden"},
    ],
)
def test_what_makes_no_array_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        array(**wrong)  # type: ignore[arg-type]


def test_the_shipped_scenario_runs_on_it() -> None:
    result = simres.simulate(SCENARIO)
    assert result.chip["matrix"].kind == "array"
    assert "simres-systolic" in result.origin.versions
    ideal = simres.simulate("resnet20")
    slower = result.record.engines["matrix"].working_ps - ideal.record.engines["matrix"].working_ps
    assert slower > 0
    assert result.makespan_ps == ideal.makespan_ps + slower
    assert result.bounds.engines["matrix"] >= ideal.bounds.engines["matrix"]


def test_the_old_kind_is_a_setting_of_the_new_one() -> None:
    old = simres.simulate(ROOT / "scenarios" / "resnet20-systolic.yaml")
    new = {"kind": "array", "rows": 32, "columns": 32, "clock": "488.28125 MHz", "counting": "scalesim"}
    overrides = {"hardware.matrix": new}
    same = simres.simulate(ROOT / "scenarios" / "resnet20-systolic.yaml", overrides=overrides)
    assert old.makespan_ps == same.makespan_ps


@pytest.mark.parametrize("row", re.findall(ROW, README.read_text(encoding="utf-8"), re.MULTILINE))
def test_the_readme_says_what_comes_out(row: tuple[str, ...]) -> None:
    rows, columns, clock, works, share, makespan = row
    array = {"rows": rows, "columns": columns, "clock": clock}
    result = simres.simulate(SCENARIO, overrides={f"hardware.matrix.{key}": array[key] for key in array})
    working_ps = result.record.engines["matrix"].working_ps
    assert (format_duration(working_ps), format_duration(result.makespan_ps)) == (works, makespan)
    assert round(100 * Fraction(2 * result.workload.macs, working_ps)) == int(share)
