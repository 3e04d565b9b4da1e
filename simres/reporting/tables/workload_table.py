"""Tables of a workload: operations and bytes by layer, independent of a chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simres.reporting.page import Page
from simres.reporting.text.amounts import BYTES, COUNT, NOTHING, printable, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.units import format_bytes, format_count
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Op, Role, Unit

_UNIT_STYLE = {Unit.MATRIX: "role.matrix", Unit.HOST: "role.host", Unit.UNMODELLED: "warning"}


def workload_table(workload: Workload | Ledger, page: Page) -> Iterator[Text]:
    """Yields the lines of the tables."""
    if isinstance(workload, Ledger):
        yield from _ledger(workload, page)
    else:
        yield from _graph(workload, page)


def _graph(workload: Workload, page: Page) -> Iterator[Text]:
    yield Text(printable(workload.name), style="headline")
    yield from page.prose(
        f"{format_count(workload.macs)} MACs, {format_count(workload.vector_ops)} vector ops, "
        f"{format_count(workload.parameters)} parameters, {format_bytes(workload.weight_bytes)} of weights"
    )
    yield from page.prose(f"coverage: {workload.coverage}", "warning" if workload.unmodelled else "")
    for warning in workload.warnings:
        yield from page.prose(f"warning: {warning}", "warning")

    computing = [op for op in workload.ops if op.unit not in (Unit.VIEW, Unit.MOVE)]
    moving = [op for op in workload.ops if op.unit in (Unit.VIEW, Unit.MOVE)]
    if computing:
        yield from page.titled("Layers", "bytes each reads and writes if nothing stays on chip")
        yield from page.table(_layers(workload, computing))
        yield from page.titled("Kinds")
        yield from page.table(_kinds(computing))
    if moving:
        copied = format_bytes(workload.moved_on_chip_bytes)
        yield from page.titled("Data movement", f"{copied} copied on chip; a view moves nothing")
        yield from page.table(_movement(workload, moving))
    yield from page.titled("Bytes")
    yield from page.prose(
        f"at least {format_bytes(workload.compulsory_bytes)} pass between the chip and its memory: "
        f"{format_bytes(workload.bytes_in)} of weights and input, "
        f"{format_bytes(workload.bytes_out)} of output"
    )
    if workload.accuracy is not None:
        yield from page.prose(f"accuracy: {100 * workload.accuracy:.2f} %")
    if workload.origin:
        yield from page.prose("origin: " + ", ".join(f"{k} {v}" for k, v in workload.origin.items()), "muted")
    yield from page.prose(f"digest: {workload.digest}", "muted")


def _layers(workload: Workload, ops: Sequence[Op]) -> list[Column]:
    weights = [_bytes(workload, op.inputs, weights=True) for op in ops]
    read = [_bytes(workload, op.inputs, weights=False) for op in ops]
    written = [_bytes(workload, op.outputs, weights=False) for op in ops]
    columns = [
        Column("layer", [op.name for op in ops], total="total", right=False, elastic=True),
        Column("kind", [Text(op.kind, _UNIT_STYLE[op.unit]) for op in ops], right=False, rank=1),
        Column(
            "input", [_shape(workload, _first_activation(workload, op)) for op in ops], right=False, rank=6
        ),
        Column("output", [_shape(workload, op.outputs[0]) for op in ops], right=False, rank=2),
    ]
    columns += [
        _amounts("MACs", [op.macs for op in ops], COUNT),
        _amounts("vector ops", [op.vector_ops for op in ops], COUNT),
        _amounts("weights", weights, BYTES, rank=3),
        _amounts("read", read, BYTES, rank=4),
        _amounts("written", written, BYTES, rank=5),
    ]
    columns += _measured(workload, ops)
    touched = [sum(parts) for parts in zip(weights, read, written, strict=True)]
    columns.append(
        Column(
            "intensity",
            [_intensity(op.macs, nbytes) for op, nbytes in zip(ops, touched, strict=True)],
            "MAC/B",
            _intensity(sum(op.macs for op in ops), sum(touched)),
            rank=7,
        )
    )
    return columns


def _measured(workload: Workload, ops: Sequence[Op]) -> list[Column]:
    """Returns the columns measured on real images, if there are any."""
    results = [workload.tensors[op.outputs[0]] for op in ops]
    columns = []
    if any(tensor.density is not None for tensor in results):
        cells = [NOTHING if t.density is None else f"{100 * t.density:.1f}" for t in results]
        columns.append(Column("non-zero", cells, "%", rank=3))
    if any(tensor.deviation is not None for tensor in results):
        cells = [NOTHING if t.deviation is None else f"{t.deviation:.3f}" for t in results]
        columns.append(Column("response", cells, "std", rank=4))
    return columns


def _kinds(ops: Sequence[Op]) -> list[Column]:
    """Returns sums by kind, in exact figures, which can be checked against other sources."""
    kinds = list(dict.fromkeys(op.kind for op in ops))
    of = {kind: [op for op in ops if op.kind == kind] for kind in kinds}
    macs = [sum(op.macs for op in of[kind]) for kind in kinds]
    vector = [sum(op.vector_ops for op in of[kind]) for kind in kinds]
    return [
        Column(
            "kind", [Text(kind, _UNIT_STYLE[of[kind][0].unit]) for kind in kinds], total="total", right=False
        ),
        Column("layers", [str(len(of[kind])) for kind in kinds], total=str(len(ops))),
        Column("MACs", [str(count or NOTHING) for count in macs], total=str(sum(macs))),
        Column("vector ops", [str(count or NOTHING) for count in vector], total=str(sum(vector))),
    ]


def _movement(workload: Workload, ops: Sequence[Op]) -> list[Column]:
    written = [_bytes(workload, op.outputs, weights=False) for op in ops]
    moved = [nbytes if op.unit is Unit.MOVE else 0 for op, nbytes in zip(ops, written, strict=True)]
    viewed = [nbytes if op.unit is Unit.VIEW else 0 for op, nbytes in zip(ops, written, strict=True)]
    return [
        Column("operator", [op.name for op in ops], total="total", right=False, elastic=True),
        Column("kind", [op.kind for op in ops], right=False, rank=1, style="muted"),
        Column(
            "input", [_shape(workload, op.inputs[0] if op.inputs else "") for op in ops], right=False, rank=3
        ),
        Column("output", [_shape(workload, op.outputs[0]) for op in ops], right=False, rank=2),
        _amounts("copied", moved, BYTES),
        _amounts("viewed", viewed, BYTES),
    ]


def _ledger(ledger: Ledger, page: Page) -> Iterator[Text]:
    rows = ledger.rows
    yield Text(printable(ledger.name), style="headline")
    yield from page.prose("a ledger: stated bytes and operations, and no graph")
    yield Text()
    columns = [
        Column("row", [row.name for row in rows], total="total", right=False, elastic=True),
        *(
            Column(head, [str(count) for count in counts], unit, total=str(sum(counts)), rank=rank)
            for head, unit, counts, rank in (
                ("coefficients", "B", [row.coefficient_bytes for row in rows], 0),
                ("input map", "B", [row.ifmap_bytes for row in rows], 1),
                ("output map", "B", [row.ofmap_bytes for row in rows], 2),
                ("MACs", "", [row.macs for row in rows], 0),
                ("host ops", "", [row.host_ops for row in rows], 0),
            )
        ),
    ]
    yield from page.table(columns)
    yield Text()
    for warning in ledger.warnings:
        yield from page.prose(f"warning: {warning}", "warning")
    if ledger.origin:
        yield from page.prose("origin: " + ", ".join(f"{k} {v}" for k, v in ledger.origin.items()), "muted")
    yield from page.prose(f"digest: {ledger.digest}", "muted")


def _amounts(head: str, amounts: Sequence[int], ladder: dict[str, int], rank: int = 0) -> Column:
    unit = scale(sum(amounts), ladder)
    return Column(head, unit.texts(amounts), unit.unit, unit.text(sum(amounts)), rank)


def _bytes(workload: Workload, names: Sequence[str], *, weights: bool) -> int:
    """Returns the bytes of the weights in `names`, or of the others; a view has its storage's role."""
    return sum(
        workload.tensors[name].nbytes
        for name in dict.fromkeys(names)
        if (workload.tensors[workload.storage(name)].role is Role.WEIGHT) == weights
    )


def _first_activation(workload: Workload, op: Op) -> str:
    return next((name for name in op.inputs if workload.tensors[name].role is not Role.WEIGHT), "")


def _shape(workload: Workload, name: str) -> str:
    if not name:
        return NOTHING
    return "x".join(str(size) for size in workload.tensors[name].shape) or "1"


def _intensity(macs: int, nbytes: int) -> str:
    return f"{macs / nbytes:.1f}" if macs and nbytes else NOTHING
