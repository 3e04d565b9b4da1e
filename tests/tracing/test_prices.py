"""The price table: one page of code, one page of docs, the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simres.tracing.built_in import ROOMS
from simres.tracing.prices import PRICES, page, vector_ops
from simres.workload.kind import Per

PAGE = Path(__file__).parents[2] / "docs" / "prices.md"


def test_the_page_is_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m simres.tracing.prices > docs/prices.md"


def test_every_price_is_paid_and_has_a_reason():
    assert all(price.ops >= 1 and price.reason for price in PRICES.values())


def test_the_prices_of_the_design():
    stated = {"batch_norm": 2, "relu": 1, "add": 1, "mul": 1, "bias": 1, "max_pool": 1, "avg_pool": 1}
    assert {kind: PRICES[kind].ops for kind in stated} == stated
    assert PRICES["max_pool"].per is PRICES["avg_pool"].per is Per.WINDOW


def test_composed_prices_are_the_sum_of_their_parts():
    price = {kind: found.ops for kind, found in PRICES.items()}
    assert price["sigmoid"] == price["neg"] + price["exp"] + price["add"] + price["reciprocal"]
    assert price["silu"] == price["sigmoid"] + price["mul"]
    assert price["softplus"] == price["exp"] + price["add"] + price["log"]
    assert price["mish"] == price["softplus"] + price["tanh"] + price["mul"]
    assert price["hardsigmoid"] == price["mul"] + price["add"] + price["clamp"]
    assert price["hardswish"] == price["hardsigmoid"] + price["mul"]
    assert price["gelu"] == 2 * price["mul"] + price["add"] + price["mul"] + price["sigmoid"] + price["mul"]
    assert price["tan"] == price["sin"] + price["cos"] + price["reciprocal"] + price["mul"]
    assert price["sinh"] == price["exp"] + price["reciprocal"] + price["sub"] + price["mul"]
    assert price["atan2"] == price["atan"] + price["reciprocal"] + price["mul"] + 3
    assert price["erfc"] == price["erf"] + price["sub"]
    assert price["quantise"] == price["mul"] + price["round"] + price["clamp"]
    assert price["random_normal"] == price["random"] + 5
    assert price["complex_div"] == price["complex_reciprocal"] + price["complex_mul"]
    assert price["complex_angle"] == price["atan2"]
    assert price["grid_bilinear"] == price["interpolate_bilinear"]
    assert price["interpolate_trilinear"] == price["grid_trilinear"] == 7 * price["interpolate_linear"]
    assert price["pow"] == price["log"] + price["mul"] + price["exp"]
    assert price["layer_norm"] == price["instance_norm"] + price["mul"] + price["add"]
    assert price["interpolate_bilinear"] == 3 * price["interpolate_linear"]


@pytest.mark.parametrize("kind", PRICES)
def test_prices_scale_with_what_they_are_per(kind: str):
    price = PRICES[kind]
    counts = dict.fromkeys(Per, 0) | {price.per: 10}
    others = sum(count for per, count in counts.items() if per not in (Per.OUTPUT, Per.INPUT))
    found = vector_ops(kind, counts[Per.OUTPUT], counts[Per.INPUT], others)
    assert found == 10 * price.ops


def test_no_operator_is_lowered_twice():
    tables = [room.LOWERINGS for room in ROOMS]
    assert len(set().union(*tables)) == sum(map(len, tables))


def test_prices_and_lowerings_need_no_torch():
    code = (
        "import sys, simres.tracing, simres.tracing.built_in, "
        "simres.tracing.input_shapes, simres.networks.network_names; sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_tracing_says_what_to_install():
    code = """
import sys
sys.modules["torch"] = None
from simres.errors import SimresError
try:
    from simres.tracing import trace
except SimresError as error:
    assert "needs torch" in error.message, error.message
    assert error.hint.endswith("pip install 'simres[torch]'")
else:
    sys.exit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
