"""The contracts of what needs torch: blocks and operators that keep them, and ways not to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from simres.networks.blocks import BasicBlock  # noqa: E402
from simres.plugins.hooks import Block, Operator  # noqa: E402
from simres.testing import ContractBroken, check_block, check_operator  # noqa: E402
from simres.tracing.lowering import Lowered, Node  # noqa: E402
from simres.workload import Unit  # noqa: E402

pytestmark = pytest.mark.torch
HERE = "contract_blocks"


@pytest.fixture
def parts() -> Iterator[ModuleType]:
    """A module that declarations can point into."""
    sys.modules[HERE] = ModuleType(HERE)
    yield sys.modules[HERE]
    del sys.modules[HERE]


class Unstrided(BasicBlock):
    """Forgets its stride."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, 1)


class Sociable(BasicBlock):
    """Looks at the other images."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) - x.mean()


class Restless(BasicBlock):
    """Draws lots in use too."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y + torch.rand_like(y)


class Idle(BasicBlock):
    """Has a parameter that nothing uses."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, stride)
        self.spare = nn.Parameter(torch.zeros(3))


class Blind(BasicBlock):
    """Throws its input away, so no network of it can learn."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 0.0


class Unpriced(BasicBlock):
    """Uses what simres has no price for."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.special.bessel_j0(super().forward(x))


class Narrow(nn.Module):
    """Cannot be built for every place."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        raise ValueError("not with me")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Unstrided, r"as \(16, 32, 2\) it makes \(3, 32, 8, 8\), not \(3, 32, 4, 4\)"),
        (Sociable, "one image's result depends on the others"),
        (Restless, "two evaluations of one input differ"),
        (Idle, "`spare` gets no gradient: is it in use"),
        (Blind, "a network of it does not learn"),
        (Unpriced, "a network of it cannot be traced"),
        (Narrow, "it cannot be built: ValueError: not with me"),
    ],
)
def test_a_broken_block_is_found(parts: ModuleType, made: type, message: str) -> None:
    vars(parts)["Made"] = made
    with pytest.raises(ContractBroken, match=message):
        check_block(Block("tested", f"{HERE}:Made", "a tested one"))


@pytest.mark.parametrize("name", ["basic", "bottleneck", "preact"])
def test_built_in_blocks_keep_their_contract(name: str) -> None:
    check_block(name)


def test_an_operator_is_tried_on_a_module(parts: ModuleType) -> None:
    class Bessel(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.special.bessel_j0(x)

    def lower(node: Node) -> Lowered:
        return Lowered("bessel", Unit.HOST, vector_ops=20 * node.output.elements)

    vars(parts)["lower"] = lower
    declared = Operator("aten.special_bessel_j0.default", f"{HERE}:lower", "a Bessel function")
    check_operator(declared, Bessel(), (3, 8, 8))
    with pytest.raises(ContractBroken, match=r"does not use `aten.special_bessel_j0.default`; it uses aten"):
        check_operator(declared, nn.ReLU(), (3, 8, 8))
