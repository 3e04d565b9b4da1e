"""The usual passes for a data type and a batch, beside a scenario's own."""

from __future__ import annotations

import pytest

from simres.passes.usual import chosen

INT8 = ("fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues")


@pytest.mark.parametrize(
    ("own", "asked", "found"),
    [
        ((), {}, ()),
        ((), {"dtype": "int8"}, INT8),
        (("fold_bias", "mine"), {"dtype": "int8"}, (*INT8, "mine")),
        (("quantize_fp16", "batch_4"), {"dtype": "int8"}, (*INT8, "batch_4")),
        (INT8, {"dtype": "bf16"}, ("fold_batch_norm", "fold_bias", "quantise_bf16", "fuse_epilogues")),
        (("batch_4", "mine"), {"batch": 8}, ("mine", "batch_8")),
        (("batch_4", "mine"), {"batch": 1}, ("mine",)),
        ((), {"dtype": "int8", "batch": 2}, (*INT8, "batch_2")),
    ],
)
def test_what_is_asked_for_replaces_what_there_was(own, asked, found):
    assert chosen(own, **asked) == found
