"""Tensors and operators: the edges and nodes of a workload's graph. Plain frozen data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from simres.workload.reaches import Reads

BITS = {
    "fp64": 64,
    "fp32": 32,
    "fp16": 16,
    "bf16": 16,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "uint8": 8,
    "int4": 4,
    "fp8_e4m3": 8,
    "fp8_e5m2": 8,
    "fp8_e8m0": 8,
    "bool": 8,
    "complex64": 64,
    "complex128": 128,
}
"""Bits an element takes, by data type."""


STRICT = {"extra": "forbid", "strict": True}
"""How `simres.workload.json` reads these types: nothing converted, no unknown field."""


class Role(StrEnum):
    """Where a tensor comes from."""

    INPUT = "input"
    """Given from outside; lies off-chip before the run."""
    WEIGHT = "weight"
    """A parameter or constant; lies off-chip before the run."""
    ACTIVATION = "activation"
    """Made by an operator."""


class Unit(StrEnum):
    """What kind of engine an operator needs."""

    MATRIX = "matrix"
    """Multiply-accumulates: convolutions, linear layers, matrix products."""
    HOST = "host"
    """Vector operations, priced per element by the table in `simres.workload.kinds`."""
    MOVE = "move"
    """Copies bytes on chip and computes nothing: padding, concatenation, channel shuffle."""
    VIEW = "view"
    """Renames bytes that stay where they are: reshape, slice, transpose."""
    UNMODELLED = "unmodelled"
    """Let through by `--allow-unmodelled`; takes no time, and every result says so."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An edge of the graph: `shape` in elements, batch first.

    Measured on real images, else None: `density`, the share of non-zeros, and `deviation`, the
    standard deviation of the values (the size of a layer's response).
    """

    __pydantic_config__ = STRICT

    name: str
    role: Role
    shape: tuple[int, ...]
    dtype: str = "fp32"
    view_of: str | None = None
    density: float | None = None
    deviation: float | None = None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes, elements packed at their width, rounded up to whole bytes."""
        return _packed(self.shape, self.dtype)


@lru_cache(maxsize=65536)  # asked again and again by schedulers, of few shapes
def _packed(shape: tuple[int, ...], dtype: str) -> int:
    return -(-math.prod(shape) * BITS[dtype] // 8)


@dataclass(frozen=True, slots=True)
class Loops:
    """The loop nest of a matrix operator, in the field's letters; all counts are per group.

    A convolution has `n` images, `m` output and `c` input channels, `p` x `q` output pixels and an
    `r` x `s` kernel (a transposed one `p` x `q` *input* pixels); more axes count into the rows, and one axis
    has a single row. A product of A (n x c) and B (c x m) has `p = q = r = s = 1`; a batch of products
    is `groups`.
    """

    __pydantic_config__ = STRICT

    groups: int = 1
    n: int = 1
    m: int = 1
    c: int = 1
    p: int = 1
    q: int = 1
    r: int = 1
    s: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates: the product of all eight counts."""
        return self.groups * self.n * self.m * self.c * self.p * self.q * self.r * self.s


@dataclass(frozen=True, slots=True)
class Window:
    """How a convolution or pooling slides along the last axes of what it reads: one entry for each axis.

    There are at least two, rows and columns; what slides along one axis has a single row. `padding` has two
    entries for each axis, before and after: (top, bottom, left, right).
    """

    __pydantic_config__ = STRICT

    kernel: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    padding: tuple[int, ...] = (0, 0, 0, 0)
    dilation: tuple[int, ...] = (1, 1)


Attribute = bool | int | float | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Op:
    """A node of the graph: its operands, its results and its cost.

    `macs` are for the matrix unit, `vector_ops` for the host. `block` is the module it belongs to
    (`layers.0`), `source` the operator it was traced from (`aten.convolution.default`).

    A matrix operator's `inputs` are its data and its weights, then, where passes added them, the value
    from which the accumulators of each output channel start, a scale for each output channel, and what
    the fused operators read.

    `reads` is the reach of an operator whose kind is not in the table (`simres.workload.kinds`): the rules of
    each input. Of inputs without any, all is read.

    `fused` are host operators that take the result over piece by piece, in order (the pass
    `fuse_epilogues`). The first reads what this operator computes, each next one what the one before
    makes, and the last makes `outputs`. The tensors in between are in `Workload.tensors` for their
    shapes, but never lie in memory whole. Their `vector_ops` are part of this operator's.
    """

    __pydantic_config__ = STRICT

    name: str
    kind: str
    unit: Unit
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    macs: int = 0
    vector_ops: int = 0
    loops: Loops | None = None
    window: Window | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    block: str = ""
    source: str = ""
    fused: tuple[Op, ...] = ()
    reads: tuple[Reads, ...] = ()

    def parts(self) -> Iterator[Op]:
        """The operator and those fused into it, separately and in order."""
        if not self.fused:
            yield self
            return
        made = {name for part in self.fused for name in part.outputs}
        outside = {name for part in self.fused for name in part.inputs} - made
        result = next(name for name in self.fused[0].inputs if name not in self.inputs)
        # Data and weights come first and are its own, whoever else reads them too.
        own = (*self.inputs[:2], *(name for name in self.inputs[2:] if name not in outside))
        vector_ops = self.vector_ops - sum(part.vector_ops for part in self.fused)
        yield replace(self, inputs=own, outputs=(result,), vector_ops=vector_ops, fused=())
        yield from self.fused

    @property
    def label(self) -> str:
        """What it does, for people: `conv`, or with what is fused `conv+add+relu`."""
        return "+".join((self.kind, *(op.kind for op in self.fused)))


def computed_in(op: Op, tensors: Mapping[str, Tensor]) -> str:
    """The data type that an operator computes in.

    Products: that of the first operand. Others: that of the result, or of the first input if the result is a
    mask. Complex numbers are computed in the type of their two parts.
    """
    names = (*op.inputs, *op.outputs) if op.unit is Unit.MATRIX else (*op.outputs, *op.inputs)
    types = [tensors[name].dtype for name in names if name in tensors]
    found = next((dtype for dtype in types if dtype != "bool"), "bool" if types else "")
    return _OF_PARTS.get(found, found)


_OF_PARTS = {"complex64": "fp32", "complex128": "fp64"}
