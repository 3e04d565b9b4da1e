"""The Workload: operators in execution order, and tensors as the edges between them.

A `Workload` is a traced network. A `Ledger` is a spreadsheet: stated bytes and operations per row, no
graph; only the `paper` scheduler takes one. Both are plain frozen data with a written JSON form.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache

SCHEMA_VERSION = 1
"""Version of the JSON form; a file of a newer one is refused."""

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
    "bool": 8,
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
    """Vector operations, priced per element by the table in `simres.tracing.prices`."""
    MOVE = "move"
    """Copies bytes on chip and computes nothing: padding, concatenation, channel shuffle."""
    VIEW = "view"
    """Renames bytes that stay where they are: reshape, slice, transpose."""
    UNMODELLED = "unmodelled"
    """Let through by `--allow-unmodelled`; takes no time, and every result says so."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An edge of the graph: `shape` in elements, batch first.

    Measured on real images, None where nobody did: `density`, the share of non-zeros, and `deviation`, the
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
    `r` x `s` kernel. A product of A (n x c) and B (c x m) has `p = q = r = s = 1`; a batch of products
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
    """How a convolution or pooling slides: (rows, columns) each; padding as (top, bottom, left, right)."""

    __pydantic_config__ = STRICT

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)


Attribute = bool | int | float | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Op:
    """A node of the graph: what is computed from what, and what it costs.

    `macs` are for the matrix unit, `vector_ops` for the host. `block` is the module it belongs to
    (`layers.0`), `source` the operator it was traced from (`aten.convolution.default`).

    A matrix operator's `inputs` are its data and its weights, then, where passes added them, the value
    from which the accumulators of each output channel start, a scale for each output channel, and what
    the fused operators read.

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

    @property
    def label(self) -> str:
        """What it does, for people: `conv`, or with what is fused `conv+add+relu`."""
        return "+".join((self.kind, *(op.kind for op in self.fused)))


@dataclass(frozen=True)
class Workload:
    """A traced network: `ops` in execution order, every tensor they name, and what comes out.

    `origin` says where it was traced from and with which versions; like `name` it is no part of the
    digest. `warnings` (operators let through unmodelled, say) stay in every result.
    """

    __pydantic_config__ = STRICT

    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]
    parameters: int = 0
    accuracy: float | None = None
    weight_digest: str | None = None
    warnings: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def producer(self) -> Mapping[str, Op]:
        """The operator that makes each activation."""
        return {tensor: op for op in self.ops for tensor in op.outputs}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Op, ...]]:
        """The operators that read each tensor, in execution order (none: an empty tuple)."""
        found: dict[str, list[Op]] = {name: [] for name in self.tensors}
        for op in self.ops:
            for tensor in dict.fromkeys(op.inputs):
                found[tensor].append(op)
        return {name: tuple(ops) for name, ops in found.items()}

    def storage(self, tensor: str) -> str:
        """The tensor whose bytes `tensor` is a view of: itself, where it is no view."""
        while (base := self.tensors[tensor].view_of) is not None:
            tensor = base
        return tensor

    def _stored(self, names: Iterable[str]) -> Iterator[Tensor]:
        for name in dict.fromkeys(self.storage(name) for name in names):
            yield self.tensors[name]

    @property
    def images(self) -> int:
        """Images in a batch: the first axis of the first input."""
        inputs = (tensor for tensor in self.tensors.values() if tensor.role is Role.INPUT)
        first = next(inputs, None)
        return first.shape[0] if first is not None and first.shape else 1

    @cached_property
    def bytes_in(self) -> int:
        """Bytes that any schedule must read: inputs and weights that some operator uses."""
        used = (name for op in self.ops if op.unit is not Unit.VIEW for name in op.inputs)
        return sum(tensor.nbytes for tensor in self._stored(used) if tensor.role is not Role.ACTIVATION)

    @cached_property
    def bytes_out(self) -> int:
        """Bytes that any schedule must write: the outputs, in so far as an operator made them."""
        made = (tensor for tensor in self._stored(self.outputs) if tensor.role is Role.ACTIVATION)
        return sum(tensor.nbytes for tensor in made)

    @cached_property
    def compulsory_bytes(self) -> int:
        """LB0 of the design: the least bytes any schedule moves, `bytes_in + bytes_out`."""
        return self.bytes_in + self.bytes_out

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of all weights that some operator uses."""
        used = (name for op in self.ops if op.unit is not Unit.VIEW for name in op.inputs)
        return sum(tensor.nbytes for tensor in self._stored(used) if tensor.role is Role.WEIGHT)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates in all."""
        return sum(op.macs for op in self.ops)

    @cached_property
    def vector_ops(self) -> int:
        """Vector operations in all."""
        return sum(op.vector_ops for op in self.ops)

    @cached_property
    def unmodelled(self) -> tuple[Op, ...]:
        """Operators that no engine is charged for."""
        return tuple(op for op in self.ops if op.unit is Unit.UNMODELLED)

    @cached_property
    def moved_on_chip_bytes(self) -> int:
        """Bytes written by pure data movement inside the chip."""
        moves = (op for op in self.ops if op.unit is Unit.MOVE)
        return sum(self.tensors[name].nbytes for op in moves for name in op.outputs)

    @property
    def coverage(self) -> str:
        """One line for people: how much of the network has a price."""
        count = sum(1 + len(op.fused) for op in self.ops)
        macs = "100 % of MACs" if not self.unmodelled else "MACs of the rest unknown"
        return f"{count - len(self.unmodelled)} of {count} ops, {macs}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that a simulation can depend on: tensors, operators, outputs."""
        ops = tuple(replace(op, source="") for op in self.ops)  # names that change with torch's version
        document = to_document(replace(self, origin={}, name="", ops=ops))
        return "sha256:" + hashlib.sha256(canonical(document).encode()).hexdigest()

    @property
    def unmeasured(self) -> Workload:
        """The network by itself, as it is traced with any weights: without what was measured with its own."""
        tensors = {
            name: replace(tensor, density=None, deviation=None) for name, tensor in self.tensors.items()
        }
        return replace(self, tensors=tensors, accuracy=None, weight_digest=None)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a ledger, as stated: bytes, multiply-accumulates and host operations."""

    __pydantic_config__ = STRICT

    name: str
    coefficient_bytes: int
    ifmap_bytes: int
    ofmap_bytes: int
    macs: int
    host_ops: int


@dataclass(frozen=True)
class Ledger:
    """A spreadsheet of layers: stated figures and no graph, so nothing can be said of residency."""

    __pydantic_config__ = STRICT

    name: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates in all, as stated."""
        return sum(row.macs for row in self.rows)

    @cached_property
    def vector_ops(self) -> int:
        """Host operations in all, as stated."""
        return sum(row.host_ops for row in self.rows)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows."""
        document = to_document(replace(self, origin={}, name=""))
        return "sha256:" + hashlib.sha256(canonical(document).encode()).hexdigest()


def canonical(document: object) -> str:
    """The one JSON text of a document: sorted keys, no spaces. What digests are taken of."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is None:
        return value
    items = {}
    for name, declared in fields.items():
        item = getattr(value, name)
        if item != declared.default and not (declared.default_factory is dict and not item):
            items[name] = _plain(item)
    return items


def to_document(workload: Workload | Ledger) -> dict[str, object]:
    """The JSON form: fields at their default are left out, tensors are a list in first-use order."""
    document: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "form": "ledger" if isinstance(workload, Ledger) else "graph",
    }
    plain = _plain(workload)
    assert isinstance(plain, dict)
    if isinstance(workload, Workload):
        plain["tensors"] = list(plain["tensors"].values())
    return document | plain
