"""What layers cost on the array, and that simres finds and uses it."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
import simres_utilisation
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from simres_utilisation.array import ArraySpec

import simres
from simres.program import Work
from simres.testing import check_plugin
from simres.units import PS_PER_S, format_duration
from simres.workload import Loops

SCENARIO = Path(__file__).parents[1] / "scenarios" / "resnet20-array.yaml"
README = Path(__file__).parents[1] / "README.md"
ROW = r"^\| (\d+) x (\d+) \| (.+ MHz) \| (.+) \| (\d+) % \| (.+) \|$"
COUNTS = ("groups", "n", "m", "c", "p", "q", "r", "s")

sides = st.integers(1, 256)
counts = st.integers(1, 64)
arrays = st.builds(
    ArraySpec,
    kind=st.just("array"),
    rows=sides,
    columns=sides,
    clock=st.integers(10**6, 3 * 10**9),
    launch=st.integers(0, 10**6),
)
nests = st.builds(Loops, **dict.fromkeys(COUNTS, counts))


def array(rows: int = 32, columns: int = 32, clock: int = 10**9, launch: int = 0) -> ArraySpec:
    return ArraySpec(kind="array", rows=rows, columns=columns, clock=clock, launch=launch)


def work(loops: Loops) -> Work:
    return Work(macs=loops.macs, loops=loops)


def test_every_contract_is_kept() -> None:
    check_plugin(simres_utilisation)


def test_a_layer_by_hand() -> None:
    # 3 x 3 x 16 weights in 5 folds of 32 rows, 16 of 32 columns, 32 x 32 pixels, 62 cycles through it.
    loops = Loops(m=16, c=16, p=32, q=32, r=3, s=3)
    assert array().cycles(loops) == 5 * 1024 + 62
    assert array().duration_ps(work(loops)) == (5 * 1024 + 62) * 1000


def test_a_depthwise_layer_uses_a_column_at_a_time() -> None:
    depthwise = Loops(groups=64, p=16, q=16, r=3, s=3)
    assert array().cycles(depthwise) == 64 * 256 + 62
    assert array().utilisation(depthwise) < Fraction(9, 1024)


@given(
    arrays,
    st.builds(Loops, groups=counts, n=counts, p=counts, q=counts),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_a_shape_that_divides_the_array_wastes_only_the_way_through(
    spec: ArraySpec, shape: Loops, deep: int, wide: int
) -> None:
    loops = replace(shape, c=deep * spec.rows, m=wide * spec.columns)
    through = spec.rows + spec.columns - 2
    assert (spec.cycles(loops) - through) * spec.rows * spec.columns == loops.macs


@given(arrays, nests)
def test_never_faster_than_the_peak(spec: ArraySpec, loops: Loops) -> None:
    assert spec.duration_ps(work(loops)) >= spec.launch + spec.at_peak_ps(work(loops))
    assert 0 < spec.utilisation(loops) <= 1
    assert spec.at_peak_ps(work(loops)) == Fraction(2 * loops.macs * PS_PER_S, spec.rate)


@given(arrays, nests, st.sampled_from(COUNTS), counts)
def test_more_work_never_takes_less_time(spec: ArraySpec, loops: Loops, count: str, more: int) -> None:
    larger = replace(loops, **{count: getattr(loops, count) + more})
    assert spec.duration_ps(work(larger)) >= spec.duration_ps(work(loops))


@given(arrays, nests, st.integers(2, 8))
def test_more_images_cost_as_many_times_the_cycles(spec: ArraySpec, loops: Loops, images: int) -> None:
    through = spec.rows + spec.columns - 2
    batch = replace(loops, n=loops.n * images)
    assert spec.cycles(batch) - through == images * (spec.cycles(loops) - through)


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
    ],
)
def test_what_makes_no_array_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ArraySpec.model_validate({"kind": "array", "rows": 8, "columns": 8, "clock": "1 GHz"} | wrong)


def test_the_shipped_scenario_runs_on_it() -> None:
    result = simres.simulate(SCENARIO)
    assert result.chip["matrix"].kind == "array"
    assert result.origin.versions["simres-utilisation"] == "0.1.0"
    ideal = simres.simulate("resnet20")
    slower = result.record.engines["matrix"].working_ps - ideal.record.engines["matrix"].working_ps
    assert slower > 0
    assert result.makespan_ps == ideal.makespan_ps + slower
    assert result.bounds.engines["matrix"] >= ideal.bounds.engines["matrix"]


def test_the_largest_of_arrays_is_no_better_for_a_small_network() -> None:
    wide = {
        "hardware.matrix.rows": 64,
        "hardware.matrix.columns": 64,
        "hardware.matrix.clock": "122070312.5 Hz",
    }
    with pytest.raises(simres.SimresError, match="whole number of hertz"):
        simres.simulate(SCENARIO, overrides=wide)
    wide["hardware.matrix.clock"] = "122070312 Hz"
    assert simres.simulate(SCENARIO, overrides=wide).makespan_ps > simres.simulate(SCENARIO).makespan_ps


@pytest.mark.parametrize("row", re.findall(ROW, README.read_text(encoding="utf-8"), re.MULTILINE))
def test_the_readme_says_what_comes_out(row: tuple[str, ...]) -> None:
    rows, columns, clock, works, share, makespan = row
    array = {"rows": rows, "columns": columns, "clock": clock}
    result = simres.simulate(SCENARIO, overrides={f"hardware.matrix.{key}": array[key] for key in array})
    working_ps = result.record.engines["matrix"].working_ps
    assert (format_duration(working_ps), format_duration(result.makespan_ps)) == (works, makespan)
    assert round(100 * Fraction(2 * result.workload.macs, working_ps)) == int(share)
