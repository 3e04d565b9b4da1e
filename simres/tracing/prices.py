"""The cost table of the host's vector operations, as tracing and docs/prices.md use it.

The costs are those of `simres.workload.kinds`; a test holds the page to them.
"""

from __future__ import annotations

from simres.workload.kind import Per
from simres.workload.kinds import KINDS

PRICES = {name: kind.cost for name, kind in KINDS.items() if kind.cost is not None}
"""Vector operations by kind of operator."""


def vector_ops(kind: str, outputs: int = 0, inputs: int = 0, window: int = 0) -> int:
    """What the host spends on an operator of that kind.

    `outputs` and `inputs` are elements, `window` is the number of (output, input) pairs of a pooling,
    that of (element, level) pairs of a tree, or that of an algorithm's operations.
    """
    cost = PRICES[kind]
    count = {Per.OUTPUT: outputs, Per.INPUT: inputs}.get(cost.per, window)
    return cost.ops * count


def levels(count: int) -> int:
    """Levels of a binary tree over `count` items: log2, rounded up, at least 1."""
    return max(1, (count - 1).bit_length())


def page() -> str:
    """docs/prices.md: `python -m simres.tracing.prices > docs/prices.md` writes it anew."""
    rows = [
        f"| {kind} | {cost.ops} | {cost.per} | {cost.reason.replace('|', chr(92) + '|')} |"
        for kind, cost in PRICES.items()
    ]
    return "\n".join([*_PAGE.strip().splitlines(), *rows, ""])


_PAGE = """
# Cost table of vector operations

The operations per element of each kind of host operator. The host's rate (`host.rate`) is in vector
operations per second. One operation is one element through one instruction of a vector processor: an add, a
multiply, a compare, a select, or one look-up of an elementary function. The table is written from
`simres/workload/kinds.py`, and a test compares the two.

Not in the table:

- **Matrix work** (`conv`, `linear`, `matmul`: convolutions, linear layers, attention's products) is counted
  in multiply-accumulates on the matrix unit. The counts equal those of `torch.utils.flop_counter` over the
  exported, decomposed program.
- **A bias** of a convolution or linear layer is a separate host operator (`bias`, below): one addition per
  element. ResNet-20 has 10, after its classifier, in addition to its 655,360 other vector operations.
- **Moves** (`pad`, `concat`, `copy`, `gather`, `scatter`, `roll`, `flip`, `repeat`, `interpolate_nearest`)
  compute nothing; they copy the bytes of their output on chip, and those are listed.
- **Views** (`reshape`, `permute`, `slice`, `select`, `split`, `squeeze`, `unsqueeze`, `expand`) cost nothing:
  the bytes stay in place and get another name.
- **Constants**: everything that depends on weights alone is computed ahead of time. So batch norm loads two
  vectors, not four, and a table indexed with constants is loaded as the result. Dropout vanishes.

Any other operator fails the trace, by name. A plugin can give it a cost (`simres_operators`), or
`--allow-unmodelled` accepts it at no cost, with a warning in every result.

| kind | operations | per | because |
|---|---|---|---|
"""


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
