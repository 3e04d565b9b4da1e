"""Measured shares of a peak: at the points as measured, between them a power law, and never beyond them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import ceil
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simres.errors import InvalidFile
from simres.hardware.efficiency import PARTS, Surface
from simres.hardware.specs import HostSpec, MatrixSpec
from simres.plugins.registry import default_registry
from simres.program import Work
from simres.scenario import loader
from simres.testing.component_contract import check_component
from simres.workload import Loops, Op, Unit, Window

shares = st.floats(0.01, 1, allow_nan=False)
positions = st.integers(1, 10**6)
points = st.dictionaries(st.tuples(positions, positions), shares, min_size=1, max_size=12)


@given(points)
def test_a_share_is_as_measured_where_it_was_measured(points):
    surface = Surface(points.items())
    for place, share in points.items():
        assert surface.parts(*place) == pytest.approx(share * PARTS, abs=1)


@given(points, st.tuples(positions, positions))
def test_between_points_it_is_between_their_shares(points, place):
    low, high = min(points.values()), max(points.values())
    assert round(low * PARTS) - 1 <= Surface(points.items()).parts(*place) <= round(high * PARTS) + 1


@given(points, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_nothing_to_it(points, random):
    rows = list(points.items())
    random.shuffle(rows)
    here, there = Surface(points.items()), Surface(rows)
    assert all(here.parts(*place) == there.parts(*place) for place in product((1, 50, 10**5), repeat=2))


@given(
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.lists(positions, min_size=2, max_size=4, unique=True),
    st.lists(positions, min_size=2, max_size=4, unique=True),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_power_law_is_met_everywhere_between_its_points(first, second, xs, ys, along, up):
    def law(x, y):
        return 0.5 * (x / max(xs)) ** first * (y / max(ys)) ** second

    most = max(law(x, y) for x in xs for y in ys)
    surface = Surface(((x, y), law(x, y) / most) for x in xs for y in ys)
    x = round(min(xs) + along * (max(xs) - min(xs)))
    y = round(min(ys) + up * (max(ys) - min(ys)))
    assert surface.parts(x, y) == pytest.approx(max(1, law(x, y) / most * PARTS), rel=1e-6, abs=1)


def test_half_way_on_logarithmic_axes_is_the_geometric_mean_and_the_ends_go_on():
    surface = Surface([((1, 10), 0.2), ((1, 1000), 0.8), ((9, 5), 0.1)])
    assert surface.parts(1, 100) == 400_000
    assert surface.parts(1, 1) == surface.parts(1, 10) == 200_000
    assert surface.parts(1, 10**9) == 800_000
    assert surface.parts(100, 77) == 100_000
    assert surface.parts(3, 100) == 200_000  # between 0.4 and, whatever the second position, 0.1


amounts = st.integers(1, 10**6)
nests = st.builds(Loops, *(st.integers(1, n) for n in (4, 2, 300, 300, 50, 50, 5, 5)))
rows = st.lists(
    st.tuples(st.sampled_from(["conv", "product"]), *([st.integers(1, 500)] * 6), shares),
    min_size=1,
    max_size=8,
    unique_by=itemgetter(slice(7)),
)


@given(rows, nests)
def test_a_product_takes_its_share_of_the_peak_rounded_up_once(rows, loops):
    unit = MatrixSpec(kind="matrix", rate="1 TFLOP/s", launch="7 ps", efficiency=rows)
    work = Work(macs=loops.macs, loops=loops)
    parts = unit.parts(work)
    assert 1 <= parts <= PARTS
    assert unit.duration_ps(work) == 7 + ceil(2 * loops.macs * PARTS / parts)
    assert unit.duration_ps(work) >= unit.at_peak_ps(work)


def op(kind, kernel=(3, 3), stride=(1, 1)):
    return Op("y", kind, Unit.MATRIX, ("x",), ("y",), window=Window(kernel, stride))


def test_operator_stride_kernel_channels_and_pixels_choose_the_share():
    base = {"groups": 1, "stride": 2, "kernel": 9, "c": 16, "m": 32, "pixels": 72}
    loops = Loops(n=2, m=32, c=16, p=6, q=6, r=3, s=3)
    for other in base:
        changed = base | {other: base[other] * 4}
        unit = MatrixSpec(
            kind="matrix",
            rate="1 TFLOP/s",
            efficiency=[("conv", *base.values(), 0.25), ("conv", *changed.values(), 0.5)],
        )
        assert unit.parts(Work(macs=loops.macs, loops=loops, op=op("conv", stride=(2, 2)))) == 250_000
    unit = MatrixSpec(kind="matrix", rate="1 TFLOP/s", efficiency=[("product", *base.values(), 0.25)])
    assert unit.parts(Work(macs=loops.macs, loops=loops, op=op("conv"))) == PARTS
    assert unit.parts(Work(macs=loops.macs, loops=loops, op=op("matmul"))) == 250_000
    assert unit.parts(Work(macs=loops.macs)) == PARTS, "a ledger's row has no shape"


def test_small_convolutions_have_rows_of_their_own():
    point = (1, 1, 9, 10, 10, 100)
    rows = [("conv", *point, 0.5), ("small_conv", *point, 0.25)]
    unit = MatrixSpec(kind="matrix", rate="1 TFLOP/s", efficiency=rows, small_input=1000)

    def parts(spec, loops, stride=(1, 1)):
        kernel = (loops.r, loops.s)
        padding = tuple(size // 2 for size in kernel for _ in range(2))
        window = Window(kernel, stride, padding)
        made = Op("y", "conv", Unit.MATRIX, ("x", "w"), ("y",), loops.macs, loops=loops, window=window)
        return spec.parts(Work(macs=loops.macs, loops=loops, op=made))

    small = Loops(m=10, c=10, p=10, q=10, r=3, s=3)
    assert parts(unit, small) == 250_000
    for larger in ({"c": 11}, {"n": 2}, {"groups": 2}, {"r": 5, "s": 5}):
        assert parts(unit, replace(small, **larger)) == 500_000
    assert parts(unit, replace(small, c=2), stride=(2, 2)) == 250_000  # 2 x 19 x 19 values
    assert parts(unit, replace(small, c=3), stride=(2, 2)) == 500_000
    assert parts(unit.model_copy(update={"small_input": None}), small) == 500_000
    assert (
        parts(MatrixSpec(kind="matrix", rate="1 TFLOP/s", efficiency=rows[:1], small_input=1000), small)
        == 500_000
    )


def test_a_host_looks_for_the_window_then_the_kind_then_any():
    def parts(*rows, work=None):
        named = [(name, 10, share) for name, share in rows]
        spec = HostSpec(kind="host", rate="1 GFLOP/s", efficiency=named)
        return spec.parts(work or Work(vector_ops=10, op=op("max_pool", (2, 2))))

    exact, kind, every = ("max_pool_2x2", 0.1), ("max_pool", 0.2), ("any", 0.3)
    assert parts(exact, kind, every) == 100_000
    assert parts(kind, every) == 200_000
    assert parts(every, ("relu", 0.4)) == 300_000
    assert parts(("relu", 0.4)) == PARTS
    assert parts(every, work=Work(vector_ops=10)) == 300_000


def test_windows_side_by_side_have_a_row_of_their_own():
    rows = [("max_pool_2x2", 10, 0.1), ("max_pool_stride_1", 10, 0.4), ("max_pool", 10, 0.2)]
    spec = HostSpec(kind="host", rate="1 GFLOP/s", efficiency=rows)
    for kernel, stride, share in (((3, 3), (1, 1), 0.4), ((3, 3), (2, 1), 0.2), ((2, 2), (1, 1), 0.1)):
        pool = Op("y", "max_pool", Unit.HOST, ("x",), ("y",), window=Window(kernel, stride))
        assert spec.parts(Work(vector_ops=10, op=pool)) == round(share * PARTS)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["conv", 1, 1, 9, 16, 16, 0, 0.5], "greater than or equal to 1"),
        (["conv", 1, 1, 9, 16, 16, 36, 0], "greater than 0"),
        (["conv", 1, 1, 9, 16, 16, 36, 1.5], "less than or equal to 1"),
        (["conv", 1, 1, 9, 16, 16, 36, float("nan")], "less than or equal to 1"),
        (["pool", 1, 1, 9, 16, 16, 36, 0.5], "conv"),
        (["conv", 36, 0.5], "missing"),
    ],
)
def test_rows_that_mean_nothing_are_refused(row, said):
    with pytest.raises(ValidationError) as refused:
        MatrixSpec(kind="matrix", rate="1 TFLOP/s", efficiency=[row])
    assert said in str(refused.value).lower()


def test_a_point_given_twice_is_an_error_with_its_place(tmp_path):
    chip = tmp_path / "chip.yaml"
    chip.write_text(
        "hardware:\n  host: {kind: host, rate: 1 GFLOP/s, efficiency: [[relu, 10, 0.5], [relu, 10, 0.25]]}\n"
    )
    with pytest.raises(InvalidFile) as refused:
        loader.load_chip(chip, registry=default_registry())
    assert "the point 10 is given twice" in str(refused.value)
    assert refused.value.problems[0].line == 2


def test_measured_units_hold_what_all_components_do():
    check_component(
        "matrix",
        rate="1 TFLOP/s",
        efficiency=[["conv", 1, 1, 9, 16, 16, 36, 0.5], ["product", 1, 1, 1, 8, 8, 1, 0.01]],
    )
    check_component("host", rate="1 GFLOP/s", efficiency=[["relu", 10, 0.5], ["any", 100, 0.125]])


def test_no_share_is_nothing():
    """A share below a millionth counts as one, so that no work takes for ever."""
    surface = Surface([((1,), 1e-12), ((100,), 1.0)])
    assert surface.parts(1) == 1
    assert surface.parts(100) == PARTS
