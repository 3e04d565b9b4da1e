"""Lowers operators that compute nothing: views, and copies on chip."""

from __future__ import annotations

from functools import partial

from simres.tracing.lowering import IDENTITY, Lowered, Lowering, Node, Value, scalars
from simres.workload.kinds import KINDS
from simres.workload.operators import Unit


def _view(kind: str, node: Node) -> Lowered:
    """The bytes stay where they are."""
    if len(node.outputs) == 1 and node.output.shape == node.inputs[0].shape and not _reorders(kind, node):
        return IDENTITY
    return Lowered(kind, Unit.VIEW, inputs=node.inputs[:1], attributes=_slice_ends(node))


def _reorders(kind: str, node: Node) -> bool:
    """True of a permutation that leaves the shape as it was but not the order."""
    if kind == "permute":
        return node.integers("dims") != tuple(range(len(node.output.shape)))
    return kind in {"as_strided", "unfold"}


def _slice_ends(node: Node) -> dict[str, bool | int | float | str | tuple[int, ...]]:
    found = scalars(node)
    if node.source == "aten.slice.Tensor":
        dim = found.get("dim", 0)
        assert isinstance(dim, int)
        size = node.inputs[0].shape[dim]
        start, end, step = slice(
            node.arguments.get("start"), node.arguments.get("end"), node.number("step", 1)
        ).indices(size)
        found |= {"start": start, "end": end, "step": step}
    return found


def _move(kind: str, node: Node) -> Lowered:
    """The bytes of the output are written once, on chip."""
    return Lowered(kind, Unit.MOVE, attributes=scalars(node))


def _copy(node: Node) -> Lowered:
    """A copy that changes nothing about the order of bytes need not be made."""
    same_order = node.inputs[0].contiguous and node.output.contiguous
    return IDENTITY if same_order else Lowered("copy", Unit.MOVE)


def _cat(node: Node) -> Lowered:
    """Concatenation; empty tensors take no part."""
    parts = tuple(value for value in node.inputs if value.elements)
    return (
        IDENTITY
        if len(node.inputs) == 1
        else Lowered("concat", Unit.MOVE, inputs=parts, attributes=scalars(node))
    )


def _overwrite(node: Node) -> Lowered:
    """`copy(self, src)` of the same shape: the result is src."""
    source = node.tensor("src")
    if source.shape == node.output.shape and source.dtype == node.output.dtype:
        return Lowered("identity", Unit.VIEW, inputs=(source,))
    return Lowered("copy", Unit.MOVE, inputs=(source,))


def _index(node: Node) -> Lowered:
    """x[index, :, other]: the axes that are indexed are in the attribute `axes`."""
    indices = node.arguments.get("indices")
    places = enumerate(indices) if isinstance(indices, list | tuple) else ()
    axes = tuple(axis for axis, index in places if isinstance(index, Value))
    return Lowered("gather", Unit.MOVE, attributes={"axes": axes})


def _pad(node: Node) -> Lowered:
    if not any(node.integers("pad")):
        return IDENTITY
    return _move("pad", node)


_VIEWS = {
    "reshape": "view.default reshape.default _unsafe_view.default view_copy.default",
    "permute": "permute.default t.default transpose.int",
    "squeeze": "squeeze.dim squeeze.dims squeeze.default",
    "unsqueeze": "unsqueeze.default",
    "slice": "slice.Tensor",
    "select": "select.int",
    "expand": "expand.default",
    "split": "split_with_sizes.default split.Tensor unbind.int",
    "diagonal": "diagonal.default",
    "unfold": "unfold.default",
    "as_strided": "as_strided.default",
}
LOWERINGS: dict[str, Lowering] = {
    **{f"aten.{name}": partial(_view, kind) for kind, names in _VIEWS.items() for name in names.split()},
    **{
        f"aten.{source}": partial(_move, kind.name)
        for kind in KINDS.values()
        if kind.unit is Unit.MOVE
        for source in kind.sources
    },
    "aten.index.Tensor": _index,
    "aten.constant_pad_nd.default": _pad,
    "aten.cat.default": _cat,
    "aten.clone.default": _copy,
    "aten.copy.default": _overwrite,
    "aten.alias.default": lambda _: IDENTITY,
    "aten.detach.default": lambda _: IDENTITY,
    "aten.lift_fresh_copy.default": lambda _: IDENTITY,
    "aten._assert_tensor_metadata.default": lambda _: IDENTITY,
}
"""Lowering functions by operator."""
