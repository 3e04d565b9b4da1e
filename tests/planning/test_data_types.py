"""A network that computes in a type without a rate is refused, with the component and the remedy."""

from __future__ import annotations

import pytest

import simres
from simres.errors import SimresError
from simres.workload.operators import Op, Role, Tensor, Unit, computed_in

INT8 = {"hardware.matrix.rate": {"int8": "2.3 TOP/s"}}


def test_a_type_without_a_rate_is_refused_with_the_remedy():
    with pytest.raises(
        SimresError, match=r"`hardware.matrix` has no rate for fp32, in which `conv` comp"
    ) as no:
        simres.simulate("resnet20", overrides=INT8)
    assert no.value.hint == (
        "state one for fp32 too, or change the type: `--int8` runs it in int8, with the pass `quantise_int8`"
    )


def test_the_remedy_helps():
    quantised = {"passes": ["quantise_int8"]}
    plain = simres.simulate("resnet20", overrides={"hardware.matrix.rate": "2.3 TOP/s"} | quantised)
    found = simres.simulate("resnet20", overrides=INT8 | quantised)
    assert found.makespan_ps == plain.makespan_ps
    assert found.peak("matrix") == 2_300_000_000_000


def test_the_host_s_rate_counts_by_type_too():
    """Logits leave an int8 network as fp32."""
    host = {"hardware.host.rate": {"int8": "10 GOP/s"}, "passes": ["quantise_int8"]}
    with pytest.raises(SimresError, match=r"`hardware.host` has no rate for fp32"):
        simres.simulate("resnet20", overrides=host)
    found = simres.simulate(
        "resnet20", overrides=host | {"hardware.host.rate": {"int8": "20 GOP/s", "fp32": "10 GFLOP/s"}}
    )
    assert found.bounds.engines["host"] < 655_370 * 100 / 1.9 * 1000


def test_a_ledger_does_not_say_its_type():
    with pytest.raises(SimresError, match="the ledger `paper` does not state its data type"):
        simres.simulate("paper", overrides=INT8)


def test_complex_numbers_need_the_rate_of_their_parts():
    tensors = {
        "x": Tensor("x", Role.INPUT, (4,), "complex64"),
        "y": Tensor("y", Role.ACTIVATION, (4,), "complex64"),
    }
    op = Op("twist", "complex_mul", Unit.HOST, ("x",), ("y",), vector_ops=24)
    assert computed_in(op, tensors) == "fp32"


@pytest.mark.parametrize(
    ("hardware", "said"),
    [
        ({"hardware.matrix.rate": "1 TFLOP/s"}, ()),
        ({"hardware.matrix.rate": "500 GMAC/s"}, ()),
        (
            {"hardware.matrix.rate": "1 TOP/s"},
            ("resnet20 is fp32, run at the integer rate of `matrix` (1 TOP/s): try `--int8`",),
        ),
        (
            {"hardware.matrix.rate": {"int8": "4 TOP/s", "fp16": "2 TFLOP/s", "fp32": "1 TFLOP/s"}},
            ("resnet20 is fp32, and `matrix` is 4x as fast in int8: try `--int8`",),
        ),
        (
            {"hardware.matrix.rate": {"bf16": "2 TFLOP/s", "fp32": "1 TFLOP/s"}},
            ("resnet20 is fp32, and `matrix` is 2x as fast in bf16: try `--bf16`",),
        ),
        ({"hardware.matrix.rate": {"int8": "1 TOP/s", "fp32": "1 TFLOP/s"}}, ()),
        ({"hardware.matrix.rate": "1 TOP/s", "passes": ["quantise_int8"]}, ()),
    ],
)
def test_a_network_wider_than_the_unit_is_a_warning(hardware, said):
    assert simres.simulate("resnet20", overrides=hardware).warnings == said
