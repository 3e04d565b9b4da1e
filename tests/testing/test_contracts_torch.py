"""The contracts of what needs torch: blocks and operators that keep them, and ways not to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from simres.networks.blocks import BasicBlock  # noqa: E402
from simres.passes.fuse_epilogues import fuse_epilogues  # noqa: E402
from simres.plugins.hooks import Block, Operator  # noqa: E402
from simres.scheduling import serial  # noqa: E402
from simres.scheduling.parameters import NoParameters  # noqa: E402
from simres.testing import ContractBroken, check_block, check_operator, paper_chip, prove  # noqa: E402
from simres.tracing import trace  # noqa: E402
from simres.tracing.lowering import Lowered, Node  # noqa: E402
from simres.workload import Unit  # noqa: E402
from simres.workload.json import dumps, loads  # noqa: E402
from simres.workload.reaches import Along, Reads  # noqa: E402

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


@torch.library.custom_op("contract::doubled", mutates_args=())
def doubled(x: Tensor) -> Tensor:
    """An operator of these tests alone: it has a derivative, and no release of simres will price it."""
    return x * 2


@doubled.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


doubled.register_autograd(lambda ctx, gradient: gradient * 2)


class Unpriced(BasicBlock):
    """Uses what simres has no price for."""

    def forward(self, x: Tensor) -> Tensor:
        return doubled(super().forward(x))


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
    class Doubled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return doubled(x)

    def lower(node: Node) -> Lowered:
        return Lowered("doubled", Unit.HOST, vector_ops=node.output.elements)

    vars(parts)["lower"] = lower
    declared = Operator("contract.doubled.default", f"{HERE}:lower", "twice its input")
    check_operator(declared, Doubled(), (3, 8, 8))
    with pytest.raises(ContractBroken, match=r"does not use `contract.doubled.default`; it uses aten"):
        check_operator(declared, nn.ReLU(), (3, 8, 8))


class Blurred(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.special.bessel_j0(x)


@pytest.mark.parametrize(
    ("reads", "broken"),
    [
        ((tuple(map(Along, range(4))),), False),
        (((None, None, None, None),), False),
        (((Along(0), Along(1), Along(2), Along(3, first=1, last=1)),), True),
        (((Along(0), Along(1), Along(2, times=0), Along(3)),), True),
    ],
)
def test_the_reach_that_an_operator_states_is_tried_out(
    parts: ModuleType, reads: tuple[Reads, ...], *, broken: bool
) -> None:
    def lower(node: Node) -> Lowered:
        return Lowered("bessel", Unit.HOST, vector_ops=20 * node.output.elements, reads=reads)

    vars(parts)["lower"] = lower
    declared = Operator("aten.special_bessel_j0.default", f"{HERE}:lower", "a Bessel function")
    with pytest.raises(ContractBroken, match=r"depends on element") if broken else nullcontext():
        check_operator(declared, Blurred(), (2, 4, 4))


def test_an_elementwise_operator_needs_no_code_and_is_fused_and_cut() -> None:
    source = "aten.special_bessel_j0.default"
    declared = Operator(source, "", "a Bessel function", kind="bessel", ops=20, elementwise=True)
    check_operator(declared, Blurred(), (3, 8, 8))
    module = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), Blurred(), nn.ReLU()).eval()
    workload = trace(module, (3, 32, 32), operators={source: declared})
    bessel = next(op for op in workload.ops if op.source == source)
    assert bessel.vector_ops == 20 * 16 * 32 * 32
    assert loads(dumps(workload)) == workload
    assert [op.label for op in fuse_epilogues(workload).ops] == ["conv+bessel+relu"]
    chip = paper_chip(capacity="20 kB")
    program = serial.schedule(workload, chip, NoParameters())
    prove(program, chip, workload)
    tiles = [task for task in program.tasks if task.work.op is not None and task.work.op.kind == "bessel"]
    assert len(tiles) > 1
    assert sum(task.work.vector_ops for task in tiles) == bessel.vector_ops
