"""What cannot be traced or priced is said in words, and plugins can price what simres cannot."""

# ruff: noqa: E402
from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace

import pytest

from simres.errors import AnswerIsNo, SimresError
from simres.plugins.hooks import Operator
from simres.workload import json as workload_json

torch = pytest.importorskip("torch")

from torch import nn

from simres.tracing import trace
from simres.tracing.lowering import Lowered, Node, host
from simres.workload import Unit

pytestmark = pytest.mark.torch


class Unpriced(nn.Module):
    def forward(self, x):
        return torch.matrix_exp(torch.matrix_exp(x)) + torch.special.modified_bessel_i0(x)


def test_an_operator_without_a_price_fails_by_name() -> None:
    with pytest.raises(AnswerIsNo, match=r"aten\.linalg_matrix_exp\.default +2 times") as raised:
        trace(Unpriced(), (8, 8), operators={})
    assert raised.value.exit_code == 1
    assert "aten.special_modified_bessel_i0.default  once" in raised.value.message
    hint = str(raised.value.hint)
    assert "--allow-unmodelled" in hint
    assert 'Operator("aten.linalg_matrix_exp.default"' in hint


def test_an_operator_without_a_price_can_be_let_through() -> None:
    workload = trace(Unpriced(), (8, 8), operators={}, allow_unmodelled=True)
    assert [op.unit for op in workload.ops].count(Unit.UNMODELLED) == 3
    assert len(workload.warnings) == 2
    assert "aten.linalg_matrix_exp.default 2 times" in workload.warnings[0]
    assert workload.coverage.startswith("1 of 4 ops")
    assert workload_json.loads(workload_json.dumps(workload)) == workload


def lower_exp(node: Node) -> Lowered:
    """A plugin's: three operations an element."""
    return replace(host(node, "add"), kind="matrix_exp", vector_ops=3 * node.inputs[0].elements)


def test_plugins_can_price_an_operator() -> None:
    bessel = lambda node: host(node, "log")  # noqa: E731
    operators = {
        "aten.linalg_matrix_exp.default": lower_exp,
        "aten.special_modified_bessel_i0.default": bessel,
    }
    workload = trace(Unpriced(), (8, 8), operators=operators)
    kinds = Counter({op.kind: op.vector_ops for op in workload.ops if op.kind != "matrix_exp"})
    assert kinds == Counter(log=64, add=64)
    assert [op.vector_ops for op in workload.ops if op.kind == "matrix_exp"] == [192, 192]

    def declared(target: str) -> dict[str, Operator | object]:
        name = "aten.special_modified_bessel_i0.default"
        return operators | {name: Operator(name, target, "")}

    with pytest.raises(SimresError, match=r"cannot load `no\.such:thing`"):
        trace(Unpriced(), (8, 8), operators=declared("no.such:thing"))
    with pytest.raises(SimresError, match="must return a Lowered, returned int"):
        trace(Unpriced(), (8, 8), operators=declared("builtins:id"))
    with pytest.raises(
        SimresError, match=r"`math:sqrt` failed on aten\.special_modified_bessel_i0\.default: TypeError"
    ):
        trace(Unpriced(), (8, 8), operators=declared("math:sqrt"))


class DataDependent(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


class Number(nn.Module):
    def forward(self, x):
        return 3


class Nonzero(nn.Module):
    def forward(self, x):
        return x.nonzero()


class Endless(nn.Module):
    def forward(self, x):
        return self.forward(x)


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.inside = torch.jit.trace(nn.Linear(3, 3), torch.zeros(1, 3))

    def forward(self, x):
        return self.inside(x)


def converted() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.ReLU(), nn.Linear(3, 3)), {nn.Linear}, dtype=torch.qint8
        )


class Packed(nn.Module):
    def forward(self, x, lengths):
        return nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True).data


class ByName(nn.Module):
    def forward(self, x, *, mask):
        return x * mask


FAILING = {
    "script": (Scripted(), (3,), "`inside` in `Scripted`: it is TorchScript"),
    "converted": (converted(), (3,), "`1` in `Sequential`: torch.ao has converted it to Linear"),
    "packed": (Packed(), ["5x3", "scalar:int64"], "packs sequences .*, whose shapes depend on lengths"),
    "by name": (ByName(), ["3", "3"], "too many positional .*; `mask` by name alone"),
    "data": (DataDependent(), (3,), r"depends on the values of a tensor, at .*test_failures\.py:\d+"),
    "number": (Number(), (3,), "returns no tensor"),
    "nonzero": (Nonzero(), (3,), "shape of `nonzero` depends on data"),
    "losses": (nn.CTCLoss(), ["5x3", "2:int64", "scalar:int64", "scalar:int64"], "depends on the values"),
    "endless": (Endless(), (3,), "calls itself without end"),
    "channels": (nn.Conv2d(3, 4, 3), (4, 8, 8), "expected input"),
    "too many": (nn.ReLU(), [(3,), (3,)], "positional arg"),
    "too few": (nn.Bilinear(3, 3, 3), (3,), "missing"),
    "no shape": (nn.ReLU(), [], "no input shape"),
    "no size": (nn.ReLU(), (3, 0), "at least 1"),
    "text": (nn.ReLU(), "three", "`three` is not an input shape"),
    "type": (nn.ReLU(), "3:int3", "unknown data type `int3`"),
    "int4": (nn.ReLU(), "3:int4", "torch has no data type int4"),
    "huge": (nn.ReLU(), (2**21, 2**21), "more than 2\\^40"),
    "no shape at all": (nn.ReLU(), 3, "is not an input shape"),
    "no module": (3, (3,), "is a int, not a torch.nn.Module"),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_cannot_be_traced_says_why(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    module, shape, message = FAILING[name]
    with pytest.raises(SimresError, match=message):
        trace(module, shape, operators={})
    assert capfd.readouterr() == ("", "")
