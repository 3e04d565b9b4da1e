"""Keeps torch's recurrent layers whole during export: unrolled into steps they would take minutes.

`nn.LSTM`, `nn.GRU` and `nn.RNN` become one call of `simres::recurrent`, which computes what they do, and
`simres.tracing.recurrent` says what its steps are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn.modules import rnn

_VF: Any = torch._VF


@torch.library.custom_op("simres::recurrent", mutates_args=())
def _recurrent(
    x: Tensor,
    states: list[Tensor],
    weights: list[Tensor],
    mode: str,
    bias: bool,
    layers: int,
    bidirectional: bool,
    batch_first: bool,
) -> list[Tensor]:
    """The output, the last hidden state, and of an LSTM the last state of its cells."""
    given = states if mode == "lstm" else states[0]
    found = getattr(_VF, mode)(x, given, weights, bias, layers, 0.0, False, bidirectional, batch_first)
    return [part.clone() for part in found]


@_recurrent.register_fake
def _(
    x: Tensor,
    states: list[Tensor],
    weights: list[Tensor],  # noqa: ARG001 - as the operator has it
    mode: str,  # noqa: ARG001
    bias: bool,  # noqa: ARG001
    layers: int,  # noqa: ARG001
    bidirectional: bool,
    batch_first: bool,  # noqa: ARG001
) -> list[Tensor]:
    directions = 2 if bidirectional else 1
    made = x.new_empty((*x.shape[:2], directions * states[0].shape[-1]))
    return [made, *(torch.empty_like(state) for state in states)]


def _call(mode: str) -> Any:
    def call(x: Tensor, states: Any, weights: list[Tensor], bias: bool, layers: int, *rest: Any) -> Any:
        _dropout, _training, bidirectional, batch_first = rest
        given = list(states) if mode == "lstm" else [states]
        return tuple(_recurrent(x, given, list(weights), mode, bias, layers, bidirectional, batch_first))

    return call


@contextmanager
def whole_layers() -> Iterator[None]:
    """For a while, recurrent layers call `simres::recurrent`."""
    cells = {name: getattr(_VF, f"{name}_cell") for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")}
    calls = {name: _call(name) for name in cells}
    named = {f"{name}_cell": cell for name, cell in cells.items()}
    with patch.object(rnn, "_VF", SimpleNamespace(**calls, **named)):
        yield
