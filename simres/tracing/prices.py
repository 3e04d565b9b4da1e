"""The price table: how many vector operations the host spends on each kind of operator, and why.

The host's rate is in operations a second, one operation being one element through one instruction of a
vector processor. An add, multiply, compare or select costs 1; so does an elementary function (exp, log,
rsqrt, reciprocal, sin, cos), which vector units look up in a table; everything else is made of those.
docs/prices.md shows this table, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Per(StrEnum):
    """What a price is multiplied by."""

    OUTPUT = "element of the output"
    INPUT = "element of the input"
    WINDOW = "input in the window of each output"


@dataclass(frozen=True, slots=True)
class Price:
    """`ops` vector operations per element, and the reason for the number."""

    ops: int
    per: Per
    reason: str


_ONE = "one instruction an element"
_TABLE = "an elementary function: one table lookup an element"

PRICES: dict[str, Price] = {
    # what residual networks are made of
    "batch_norm": Price(2, Per.OUTPUT, "y = a x + b: its four vectors are combined ahead of time into two"),
    "relu": Price(1, Per.OUTPUT, "one comparison with zero"),
    "add": Price(1, Per.OUTPUT, _ONE),
    "bias": Price(1, Per.OUTPUT, "one addition an element of a convolution's or linear layer's result"),
    "max_pool": Price(1, Per.WINDOW, "k x k comparisons an output (the first is with minus infinity)"),
    "avg_pool": Price(1, Per.WINDOW, "k x k additions an output: each input once where windows tile"),
    # arithmetic
    "sub": Price(1, Per.OUTPUT, _ONE),
    "mul": Price(1, Per.OUTPUT, _ONE),
    "div": Price(1, Per.OUTPUT, "a multiplication with a reciprocal that was looked up or is constant"),
    "neg": Price(1, Per.OUTPUT, _ONE),
    "abs": Price(1, Per.OUTPUT, _ONE),
    "sign": Price(1, Per.OUTPUT, _ONE),
    "round": Price(1, Per.OUTPUT, "floor, ceil, round and trunc: one instruction an element"),
    "remainder": Price(3, Per.OUTPUT, "divide, round down, multiply and subtract in one"),
    "maximum": Price(1, Per.OUTPUT, "the greater or lesser of two: one comparison"),
    "compare": Price(1, Per.OUTPUT, _ONE),
    "logical": Price(1, Per.OUTPUT, "and, or, not, xor: one instruction an element"),
    "select": Price(1, Per.OUTPUT, "where(condition, a, b): one select an element"),
    "clamp": Price(2, Per.OUTPUT, "one comparison for each of two limits (relu6, hardtanh)"),
    "cast": Price(1, Per.OUTPUT, "one conversion an element"),
    # elementary functions
    "exp": Price(1, Per.OUTPUT, _TABLE),
    "log": Price(1, Per.OUTPUT, _TABLE),
    "sqrt": Price(1, Per.OUTPUT, _TABLE),
    "rsqrt": Price(1, Per.OUTPUT, _TABLE),
    "reciprocal": Price(1, Per.OUTPUT, _TABLE),
    "sin": Price(1, Per.OUTPUT, _TABLE),
    "cos": Price(1, Per.OUTPUT, _TABLE),
    "square": Price(1, Per.OUTPUT, "x x x"),
    "pow": Price(3, Per.OUTPUT, "exp(p log x): look up, multiply, look up"),
    "erf": Price(
        15, Per.OUTPUT, "Abramowitz and Stegun 7.1.25: |x| and sign 2, t 3, cubic 5, exp(-x x) 3, rest 2"
    ),
    # activations
    "sigmoid": Price(4, Per.OUTPUT, "1 / (1 + exp(-x)): negate, exp, add, reciprocal"),
    "tanh": Price(6, Per.OUTPUT, "1 - 2 / (exp(2x) + 1): multiply, exp, add, reciprocal, multiply, subtract"),
    "silu": Price(5, Per.OUTPUT, "x sigmoid(x): sigmoid 4, multiply"),
    "gelu": Price(9, Per.OUTPUT, "x sigmoid(x (a + b x x)): 4 for the polynomial, sigmoid 4, multiply"),
    "hardsigmoid": Price(4, Per.OUTPUT, "clamp(x / 6 + 1/2): multiply, add, clamp 2"),
    "hardswish": Price(5, Per.OUTPUT, "x hardsigmoid(x): hardsigmoid 4, multiply"),
    "leaky_relu": Price(2, Per.OUTPUT, "max(x, a x): multiply, compare (PReLU too)"),
    "elu": Price(4, Per.OUTPUT, "exp, subtract, multiply, select (CELU and SELU too)"),
    "softplus": Price(3, Per.OUTPUT, "log(1 + exp(x)): exp, add, log"),
    "mish": Price(10, Per.OUTPUT, "x tanh(softplus(x)): softplus 3, tanh 6, multiply"),
    # over many elements at once
    "softmax": Price(5, Per.OUTPUT, "find the maximum, subtract it, exp, sum, multiply by the reciprocal"),
    "log_softmax": Price(5, Per.OUTPUT, "find the maximum, subtract it, exp, sum, subtract the logarithm"),
    "layer_norm": Price(7, Per.OUTPUT, "sum, subtract the mean, square, sum, scale, then weight and bias"),
    "group_norm": Price(7, Per.OUTPUT, "as layer norm, over groups of channels"),
    "instance_norm": Price(5, Per.OUTPUT, "as layer norm without weight and bias, over pixels"),
    "rms_norm": Price(4, Per.OUTPUT, "square, sum, scale, weight"),
    "sum": Price(1, Per.INPUT, "one addition an element read (a mean's division is one an output: left out)"),
    "mean": Price(1, Per.INPUT, "as sum"),
    "variance": Price(4, Per.INPUT, "sum, subtract the mean, square, sum"),
    "reduce": Price(1, Per.INPUT, "max, min, argmax, any, all, prod: one instruction an element read"),
    "cumsum": Price(1, Per.OUTPUT, "one addition an element"),
    "norm": Price(2, Per.INPUT, "square and sum (the root is one an output: left out)"),
    # resampling that computes
    "interpolate_linear": Price(3, Per.OUTPUT, "two taps: a + t (b - a)"),
    "interpolate_bilinear": Price(9, Per.OUTPUT, "four taps: three times a + t (b - a)"),
    "interpolate_bicubic": Price(
        35, Per.OUTPUT, "sixteen taps: five times 4 multiplications and 3 additions"
    ),
}
"""Vector operations by kind of operator."""


def vector_ops(kind: str, outputs: int, inputs: int = 0, window: int = 0) -> int:
    """What the host spends on an operator of that kind.

    `outputs` and `inputs` are elements, `window` is the number of (output, input) pairs of a pooling.
    """
    price = PRICES[kind]
    count = {Per.OUTPUT: outputs, Per.INPUT: inputs, Per.WINDOW: window}[price.per]
    return price.ops * count


def page() -> str:
    """docs/prices.md: `python -m simres.tracing.prices > docs/prices.md` writes it anew."""
    rows = [
        f"| {kind} | {price.ops} | {price.per} | {price.reason.replace('|', chr(92) + '|')} |"
        for kind, price in PRICES.items()
    ]
    return "\n".join([*_PAGE.strip().splitlines(), *rows, ""])


_PAGE = """
# Prices of vector operations

The host's rate (`host.rate`) is in vector operations a second. One operation is one element through one
instruction of a vector processor: an add, a multiply, a compare, a select, or one look-up of an elementary
function. This table says how many of them each kind of operator costs. It is written from
`simres/tracing/prices.py`, and a test holds the two together.

What is not in it:

- **Matrix work** (`conv`, `linear`, `matmul`: convolutions, linear layers, attention's products) is counted
  in multiply-accumulates and done by the matrix unit. The counts are those of
  `torch.utils.flop_counter` over the exported, decomposed program, exactly.
- **A bias** of a convolution or linear layer is a host operator of its own (`bias`, below): one addition an
  element. ResNet-20 has 10 of them, after its classifier, beside its 655,360 other vector operations.
- **Moves** (`pad`, `concat`, `copy`, `gather`, `scatter`, `roll`, `flip`, `repeat`, `interpolate_nearest`)
  compute nothing; they copy the bytes of their output on chip, and those are listed.
- **Views** (`reshape`, `permute`, `slice`, `select`, `split`, `squeeze`, `unsqueeze`, `expand`) cost nothing:
  the bytes stay where they are and get another name.
- **Constants**: whatever depends on weights alone is computed ahead of time. So batch norm has two vectors
  to load, not four, and a table that is indexed with constants is loaded as the result. Dropout vanishes.

Anything else fails the trace, by name; a plugin can price it (`simres_operators`), or `--allow-unmodelled`
lets it pass unpriced with a warning that stays in every result.

| kind | operations | per | because |
|---|---|---|---|
"""


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
