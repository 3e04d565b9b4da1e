"""Blocks cut out of a traced graph: what is left is what a trace of the smaller module gives."""

# ruff: noqa: E402
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from simres.errors import SimresError
from simres.exploration.block_choice import unnamed_digest
from simres.networks.build import build_variant
from simres.networks.variant import Variant
from simres.networks.without_blocks import removable
from simres.passes.without_blocks import without_blocks
from simres.tracing import trace

pytestmark = pytest.mark.torch

VARIANTS = [
    pytest.param(Variant("resnet8"), id="padded"),
    pytest.param(Variant("resnet8", shortcut="projection"), id="projection", marks=pytest.mark.slow),
    pytest.param(Variant("resnet8", block="preact"), id="preact", marks=pytest.mark.slow),
    pytest.param(Variant("resnet8", block="preact", shortcut="projection"), id="preact projection"),
    pytest.param(Variant("resnet20", span=3), id="three layers", marks=pytest.mark.slow),
    pytest.param(Variant("tiny:ic"), id="MLPerf Tiny", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_cut_graph_is_the_trace_of_the_smaller_module(variant: Variant) -> None:
    network = build_variant(variant)
    whole = trace(network.module, network.input or "", name="n")
    blocks = removable(network.module)
    for gone in ((blocks[1],), blocks[:1] + blocks[2:3], blocks):
        smaller = trace(build_variant(variant.without(*gone)).module, network.input or "", name="n")
        cut = without_blocks(whole, gone)
        assert unnamed_digest(cut) == unnamed_digest(smaller)
        assert cut.parameters == smaller.parameters
    assert without_blocks(whole, ()) is whole


def test_what_cannot_be_cut_is_named() -> None:
    network = build_variant(Variant("plain8"))
    whole = trace(network.module, network.input or "", name="plain8")
    with pytest.raises(SimresError, match=r"no residual block `layers.9`"):
        without_blocks(whole, ["layers.9"])
    with pytest.raises(SimresError, match=r"`layers.0` of `plain8` does not end in an addition"):
        without_blocks(whole, ["layers.0"])
