"""The usual passes for running a network in a data type, in addition to a scenario's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

DATA_TYPES = ("int8", "fp16", "bf16")
"""The data types that a network can be changed to."""

_CHANGES_TYPE = re.compile("quanti[sz]e_.+")
_BATCH = re.compile("batch_[0-9]+")


def usual(dtype: str) -> tuple[str, ...]:
    """The passes that deployment does first: norms and biases folded, the type changed, operators fused."""
    return "fold_batch_norm", "fold_bias", f"quantise_{dtype}", "fuse_epilogues"


def chosen(own: Sequence[str], dtype: str | None = None, batch: int | None = None) -> tuple[str, ...]:
    """A network's `own` passes with another data type, another batch, or both.

    A type has its usual passes, in their order, before what else there is. A batch replaces another one, and
    1 leaves the network as it was traced.
    """
    found = [*own]
    if dtype is not None:
        first = usual(dtype)
        found = [*first, *(name for name in found if name not in first and not _CHANGES_TYPE.fullmatch(name))]
    if batch is not None:
        found = [name for name in found if not _BATCH.fullmatch(name)]
        found += [f"batch_{batch}"] if batch > 1 else []
    return tuple(found)
