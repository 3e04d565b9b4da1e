"""torch's Transformer layers look into masks and take fast paths; a trace needs neither."""

# ruff: noqa: E402
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn

from simres.tracing import trace
from simres.tracing.flops import flop_counter_macs

pytestmark = pytest.mark.torch


class Encodes(nn.Module):
    def __init__(self, width: int, layers: int, causal: bool | None, padded: bool) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 2, 2 * width, batch_first=True)
        self.encoder, self.causal, self.padded = nn.TransformerEncoder(layer, layers), causal, padded

    def forward(self, x, pad):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.encoder(x, mask, is_causal=self.causal, src_key_padding_mask=pad if self.padded else None)


@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(2, 5),
    st.sampled_from([None, True, False]),
    st.booleans(),
)
@settings(max_examples=6, deadline=None)
def test_an_encoder_traces_with_any_mask(batch, layers, words, causal, padded) -> None:
    width = 8
    workload = trace(Encodes(width, layers, causal, padded), [(words, width), f"{words}:bool"], batch=batch)
    projections, feed_forward = words * width * 4 * width, 2 * words * width * 2 * width
    assert workload.macs == batch * layers * (projections + 2 * words * words * width + feed_forward)


def test_a_whole_transformer_traces_with_its_masks() -> None:
    class Translates(nn.Module):
        def __init__(self):
            super().__init__()
            self.both = nn.Transformer(16, 4, 1, 1, 32, batch_first=True)

        def forward(self, x, y):
            mask = nn.Transformer.generate_square_subsequent_mask(y.shape[1])
            return self.both(x, y, tgt_mask=mask, tgt_key_padding_mask=y[..., 0] > 0)

    given = [(6, 16), (4, 16)]
    assert trace(Translates(), given).macs == flop_counter_macs(Translates(), given) > 0


def test_torch_is_as_it_was_afterwards() -> None:
    kept = nn.modules.transformer._detect_is_causal_mask
    fast = torch.backends.mha.get_fastpath_enabled()
    trace(nn.Linear(3, 3), (3,))
    assert nn.modules.transformer._detect_is_causal_mask is kept
    assert torch.backends.mha.get_fastpath_enabled() is fast
    packed = nn.utils.rnn.pack_padded_sequence(torch.zeros(1, 3, 2), torch.tensor([3]), batch_first=True)
    assert packed.data.shape == (3, 2)
