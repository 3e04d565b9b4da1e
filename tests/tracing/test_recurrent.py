"""Recurrent layers: step by step what torch's own decomposition does, though torch never takes a step."""

# ruff: noqa: E402
from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
import simres.workload.json

torch = pytest.importorskip("torch")

from torch import nn

from simres.tracing import trace
from simres.tracing.export import export
from simres.tracing.flops import flop_counter_macs
from simres.tracing.input_shapes import input_shapes

pytestmark = pytest.mark.torch

GATES = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}
PER_STATE = {nn.LSTM: 3 * 4 + 2 * 6 + 3 + 1 + 4, nn.GRU: 2 * 4 + 6 + 2 + 5, nn.RNN: 1 + 6}
"""Operations for each element of the state: LSTM three sigmoids, two tanh, three products, one sum, and four
sums of the gates; GRU two sigmoids, a tanh, two products, five sums and
differences; RNN a sum and a tanh."""


@st.composite
def layers(draw):
    kind = draw(st.sampled_from(sorted(GATES, key=str)))
    width, state, depth = (draw(st.integers(1, 5)) for _ in range(3))
    depth = min(depth, 2)
    projected = (
        draw(st.integers(1, state - 1)) if kind is nn.LSTM and state > 1 and draw(st.booleans()) else 0
    )
    options = {name: draw(st.booleans()) for name in ("bias", "bidirectional", "batch_first")}
    if projected:
        options["proj_size"] = projected
    return kind(width, state, depth, **options), draw(st.integers(1, 3)), draw(st.integers(1, 6))


@given(layers())
@settings(max_examples=12, deadline=None)
def test_the_steps_are_torch_s(drawn) -> None:
    module, batch, steps = drawn
    shape = (batch, steps, module.input_size) if module.batch_first else (steps, batch, module.input_size)
    found = trace(module, shape, batch=None, operators={})
    assert found.macs == flop_counter_macs(module, shape, batch=None)
    cells = module.num_layers * (2 if module.bidirectional else 1) * steps * batch
    gates = GATES[type(module)] * module.hidden_size
    price = PER_STATE[type(module)] * module.hidden_size + (2 * gates if module.bias else 0)
    assert found.vector_ops == cells * price
    states = 2 if isinstance(module, nn.LSTM) else 1
    assert len(found.outputs) in (states, 1 + states)  # after one step the output is the state
    assert simres.simulate(found, chip="paper").makespan_ps > 0

    program = export(module, input_shapes(shape), None, "net").program
    x = torch.randn(shape)
    assert torch.allclose(program.module()(x)[0], module(x)[0], atol=1e-6)


def test_a_thousand_steps_are_a_thousand_times_the_same() -> None:
    found = trace(nn.GRU(4, 8, batch_first=True), (1000, 4), operators={})
    kinds = Counter(op.kind for op in found.ops)
    assert (kinds["sigmoid"], kinds["tanh"], kinds["linear"]) == (2000, 1000, 1001)
    assert found.macs == 1000 * 24 * (4 + 8)
    text = simres.workload.json.dumps(found)
    assert text.count("\n") < 150
    assert text.count('{"repeat": 999') == 2  # tensors, and operators
    assert simres.workload.json.loads(text) == found


@given(layers())
@settings(max_examples=6, deadline=None)
def test_every_layer_is_a_loop_in_the_text(drawn) -> None:
    module, batch, _ = drawn
    lengths = []
    for steps in (50, 60):
        shape = (batch, steps, module.input_size) if module.batch_first else (steps, batch, module.input_size)
        found = trace(module, shape, batch=None, operators={})
        text = simres.workload.json.dumps(found)
        assert simres.workload.json.loads(text) == found
        lengths.append(text.count("\n"))
    assert lengths[0] == lengths[1]


def test_cells_and_packed_states_are_traced_as_they_are_called() -> None:
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.layer = nn.LSTMCell(4, 8), nn.LSTM(4, 8)

        def forward(self, x, h, c):
            h, c = self.cell(x[0], (h, c))
            return self.layer(x, (h[None], c[None]))

    given = [(3, 2, 4), (2, 8), (2, 8)]
    found = trace(Steps(), given, batch=None, operators={})
    assert found.macs == 4 * 2 * 32 * (4 + 8) == flop_counter_macs(Steps(), given, batch=None)


def test_torch_is_as_it_was_afterwards() -> None:
    kept = nn.modules.rnn._VF
    trace(nn.RNN(4, 8), (3, 4))
    assert nn.modules.rnn._VF is kept
