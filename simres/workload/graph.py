"""The Workload: operators in execution order, and tensors as the edges between them.

A `Workload` is a traced network. A `Ledger` is a spreadsheet: stated bytes and operations per row, no
graph; only the `paper` scheduler takes one. Both are plain frozen data with a written JSON form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from simres.workload.operators import STRICT, Op, Role, Tensor, Unit, computed_in

if TYPE_CHECKING:  # the table of operators is loaded when a graph asks for it; a ledger never does
    from simres.workload.axes import Axes
    from simres.workload.footprint import Reach

SCHEMA_VERSION = 1
"""Version of the JSON form; a file of a newer one is refused."""


@dataclass(frozen=True)
class Workload:
    """A traced network: `ops` in execution order, every tensor they name, and the outputs.

    `batched` says that the first axis of the first input is a batch; otherwise, as for a product of matrices,
    a run is one inference. `origin` says what it was traced from and with which versions; like `name` it is
    not part of the digest. `warnings` (such as operators accepted without a cost) stay in every result.
    """

    __pydantic_config__ = STRICT

    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]
    parameters: int = 0
    batched: bool = True
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
        """The tensor whose bytes `tensor` is a view of: itself if it is not a view."""
        while (base := self.tensors[tensor].view_of) is not None:
            tensor = base
        return tensor

    def _stored(self, names: Iterable[str]) -> Iterator[Tensor]:
        for name in dict.fromkeys(self.storage(name) for name in names):
            yield self.tensors[name]

    @property
    def images(self) -> int:
        """Images in a batch: the first axis of the first input; 1 where nothing is batched."""
        if not self.batched:
            return 1
        inputs = (tensor for tensor in self.tensors.values() if tensor.role is Role.INPUT)
        first = next(inputs, None)
        return first.shape[0] if first is not None and first.shape else 1

    @cached_property
    def looked_up(self) -> Mapping[tuple[str, int], int]:
        """By operator and place of the input: the rows that others looked up in the same table before."""
        from simres.workload.footprint import looked_up

        return looked_up(self)

    @cached_property
    def axes(self) -> Mapping[str, Axes]:
        """The axes along which the output of each operator can be cut; views have none."""
        from simres.workload.axes import axes_of

        return axes_of(self)

    def reaches(self, op: Op) -> tuple[Reach, ...]:
        """The reach of each input of an operator."""
        found = self._reaches.get(op.name)
        if found is None:
            from simres.workload.footprint import Reach, call_of

            call = call_of(self, op)
            found = tuple([Reach(self, op, place, call) for place in range(len(op.inputs))])
            self._reaches[op.name] = found
        return found

    @cached_property
    def _reaches(self) -> dict[str, tuple[Reach, ...]]:
        return {}

    @cached_property
    def tables(self) -> frozenset[str]:
        """Inputs and weights of which only some rows are looked up."""
        names = {
            op.inputs[place]
            for op in self.ops
            for place in range(len(op.inputs))
            if (op.name, place) in self.looked_up
        }
        return frozenset(name for name in names if self.needed_bytes[name] < self.tensors[name].nbytes)

    @cached_property
    def needed_bytes(self) -> Mapping[str, int]:
        """The bytes that any schedule must read of each input and weight that an operator uses."""
        from simres.workload.footprint import needed_bytes

        return needed_bytes(self)

    @cached_property
    def bytes_in(self) -> int:
        """Bytes that any schedule must read: of inputs and weights what operators use.

        Of a table in which rows are looked up, at most as many rows as are looked up.
        """
        return sum(self.needed_bytes.values())

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
    def needed_weight_bytes(self) -> int:
        """The part of `bytes_in` that is weights."""
        return sum(
            nbytes for name, nbytes in self.needed_bytes.items() if self.tensors[name].role is Role.WEIGHT
        )

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates in all."""
        return sum(op.macs for op in self.ops)

    @cached_property
    def vector_ops(self) -> int:
        """Vector operations in all."""
        return sum(op.vector_ops for op in self.ops)

    @cached_property
    def amounts(self) -> Mapping[str, tuple[int, int]]:
        """Multiply-accumulates and vector operations by the data type that they are computed in."""
        found: dict[str, tuple[int, int]] = {}
        for op in self.ops:
            for part in op.parts():
                if part.macs or part.vector_ops:
                    dtype = computed_in(part, self.tensors)
                    macs, vector_ops = found.get(dtype, (0, 0))
                    found[dtype] = macs + part.macs, vector_ops + part.vector_ops
        return found

    @cached_property
    def vector_ops_by_kind(self) -> Mapping[tuple[str, str], int]:
        """Vector operations by kind of operator and the data type that they are computed in."""
        found: dict[tuple[str, str], int] = {}
        for op in self.ops:
            for part in op.parts():
                if part.vector_ops:
                    key = part.kind, computed_in(part, self.tensors)
                    found[key] = found.get(key, 0) + part.vector_ops
        return found

    @property
    def data_type(self) -> str:
        """The data type of most multiply-accumulates, else of most vector operations; empty without work."""
        return max(self.amounts, key=lambda dtype: self.amounts[dtype], default="")

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
        """The network as traced with any weights, without what was measured with its own."""
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
    """A spreadsheet of layers: stated figures without a graph, so residency is unknown."""

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
    import json

    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float):  # most of them, and quickly told
        return value
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
