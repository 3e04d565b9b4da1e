"""Small CPUs: cycles from counted instructions, by kind of operator, core and data type."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import simres
from simres.errors import SimresError
from simres.hardware.kernels import DUAL_MULTIPLY
from simres.hardware.microcontroller import MicrocontrollerSpec
from simres.plugins.registry import Registry
from simres.program import Work
from simres.scenario.loader import from_document
from simres.workload import Loops, Op, Unit


def cpu(core="cortex-m4", **figures):
    return MicrocontrollerSpec.model_validate(
        {"kind": "microcontroller", "core": core, "clock": "1 MHz"} | figures
    )


def products(kind, loops):
    op = Op("op", kind, Unit.MATRIX, ("x", "w"), ("y",), macs=loops.macs, loops=loops)
    return Work(macs=loops.macs, loops=loops, op=op, dtype="int8")


def cycles(spec, work):
    """At 1 MHz a cycle is a microsecond."""
    return Fraction(spec.duration_ps(work), 1_000_000)


CONV = products("conv", Loops(m=16, c=8, p=4, q=4, r=3, s=3))
DEPTHWISE = products("conv", Loops(groups=16, p=4, q=4, r=3, s=3))
LINEAR = products("linear", Loops(m=16, c=64))


def test_a_convolution_multiplies_widens_its_input_and_requantises_its_output():
    macs, pixels, values = 16 * 8 * 16 * 9, 16, 16 * 16
    assert cycles(cpu(), CONV) == Fraction(25, 16) * macs + 3 * pixels * 72 + 28 * values


def test_a_depthwise_convolution_widens_a_value_for_each_product():
    macs = 16 * 16 * 9
    assert cycles(cpu(), DEPTHWISE) == (Fraction(29, 8) + 3) * macs + 28 * 16 * 16


def test_a_linear_layer_reads_as_it_multiplies():
    assert cycles(cpu(), LINEAR) == 2 * 16 * 64 + 28 * 16


def test_a_tile_costs_its_share():
    half = products("conv", Loops(m=16, c=8, p=2, q=4, r=3, s=3))
    assert 2 * cycles(cpu(), half) == cycles(cpu(), CONV)


@pytest.mark.parametrize(
    ("core", "times"), [("cortex-m33", Fraction(6, 5)), ("cortex-m7", Fraction(214, 125)), ("ax45mp", 2)]
)
def test_a_core_is_faster_by_its_published_figure(core, times):
    for work in (CONV, DEPTHWISE, LINEAR):
        assert cycles(cpu(), work) / times == pytest.approx(cycles(cpu(core), work), abs=1e-6)


def test_cores_without_simd_take_several_times_as_long():
    for work in (CONV, LINEAR):
        assert cycles(cpu("cortex-m0plus"), work) > cycles(cpu("scalar"), work) > 2 * cycles(cpu(), work)


def test_bounds_are_free_and_sums_rescale_three_times():
    relu, add = (
        Work(vector_ops=100, op=Op(kind, kind, Unit.HOST, ("x",), ("y",), vector_ops=100), dtype="int8")
        for kind in ("relu", "add")
    )
    assert cycles(cpu(), relu) == 0
    assert cycles(cpu(), add) == 100 * (3 * 18 + 10)


def test_a_call_comes_on_top_and_a_factor_spares_it():
    plain, slow = cycles(cpu(), CONV), cpu(call="7 us", kernel_factor=1.25)
    assert cycles(slow, CONV) == 7 + Fraction(5, 4) * plain
    assert slow.at_peak_ps(CONV) == Fraction(5, 4) * DUAL_MULTIPLY.least * CONV.macs * 1_000_000


def test_fp32_takes_a_unit_or_calls():
    """3 cycles a product with a floating-point unit, on any core; two calls without."""
    macs = LINEAR.macs
    floats = replace(LINEAR, dtype="fp32")
    for core in ("cortex-m4", "cortex-m7", "scalar"):
        assert cycles(cpu(core), floats) == 3 * macs + 4 * 16
    assert cycles(cpu("cortex-m0plus"), floats) > 90 * macs


def test_other_types_are_refused():
    chip = {
        "flash": {"kind": "ddr", "bandwidth": "200 MB/s"},
        "ram": {"kind": "sram", "capacity": "1 MiB"},
        "cpu": {"kind": "microcontroller", "core": "cortex-m4", "clock": "64 MHz"},
    }
    document = {"hardware": chip, "workload": "tiny:kws", "passes": ["quantise_fp16"]}
    scenario = from_document(document, registry=Registry(external=False))
    with pytest.raises(SimresError, match=r"`hardware.cpu` has no rate for fp16, in which `0.0` computes"):
        simres.simulate(scenario)
