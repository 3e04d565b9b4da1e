"""What operators of a kind have in common, for passes and schedulers."""

from __future__ import annotations

_ELEMENTWISE = """
    batch_norm bias relu add sub mul div neg abs sign round remainder maximum compare logical select clamp
    cast exp log sqrt rsqrt reciprocal sin cos square pow erf sigmoid tanh silu gelu hardsigmoid hardswish
    leaky_relu elu softplus mish
"""
ELEMENTWISE = frozenset(_ELEMENTWISE.split())
"""Kinds of which each output element depends on one element of each operand that is not broadcast."""

POOLING = frozenset({"max_pool", "avg_pool"})
"""Kinds that slide a window over rows and columns, channel by channel."""
