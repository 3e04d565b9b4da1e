"""Corrects the paper's sheet step by step, with the traced network as reference.

Its 19 rows are the convolutions of ResNet-20 in order, so the correct value of each row can be looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from math import isqrt

from simres.scenario import shipped
from simres.units import format_duration
from simres.workload.graph import Ledger, Row, Workload
from simres.workload.json import read as read_workload
from simres.workload.operators import Unit

PRINTED_TRANSFERS_NS = (17280, *(12 * [8216]), 18432, *(7 * [1086340]))
"""The printed cells of the sheet's column of transfers (the paper's appendix 8.2), in nanoseconds; at the
sheet's 1 GB/s these are bytes."""

PRINTED_MACS = (1769472, *(12 * [9437184]), 4718592, *(6 * [9437184]))
"""The printed cells of its column of "MACs", for the matrix unit and again for the host."""

Step = tuple[str, str, Ledger]
"""The name of a correction, its description in one line, and the sheet after it."""


def the_papers(ledger: Ledger) -> bool:
    """Whether a ledger is the paper's sheet."""
    own = read_workload(shipped.workload("paper"))
    return ledger.digest == own.digest


def corrections(sheet: Ledger, network: Workload, makespan_ps: Callable[[Ledger], int]) -> Iterator[Step]:
    """Yields the sheet as it is, then after each correction, cumulatively.

    `network` is the traced ResNet-20; `makespan_ps` replays a ledger by the sheet's rule.
    """
    rows = sheet.rows
    convolutions = [op for op in network.ops if op.kind == "conv"]
    weights = [network.tensors[op.inputs[1]] for op in convolutions]
    maps = [network.tensors[op.inputs[0]] for op in convolutions]
    last = len(rows)

    def step(name: str, said: str, changed: Iterator[Row] | None = None) -> Step:
        nonlocal rows
        rows = rows if changed is None else tuple(changed)
        return name, said, replace(sheet, rows=rows)

    yield step("the sheet", f"{last} rows, one at a time: transfer, matrix unit, host")

    printed = makespan_ps(as_printed())
    yield step(
        "printed columns",
        f"{len(PRINTED_TRANSFERS_NS)} and {len(PRINTED_MACS)} cells for {last} rows would give "
        f"{format_duration(printed)}; its sums are right",
    )

    wrong = [number for number, row in enumerate(rows) if row.coefficient_bytes % weights[number].elements]
    slip = {number: weights[number].elements // 9 for number in wrong}
    yield step(
        "a typing error",
        f"4196 for {slip[wrong[0]]} kernels in rows {wrong[0] + 1} to {wrong[-1] + 1}" if wrong else "",
        (
            replace(row, coefficient_bytes=weights[number].elements) if number in slip else row
            for number, row in enumerate(rows)
        ),
    )

    before = sum(row.ifmap_bytes for row in rows)
    largest = max(range(last), key=lambda number: rows[number].ifmap_bytes)
    right = maps[largest]
    side = isqrt(rows[largest].ifmap_bytes * right.shape[2] * right.shape[3] // right.nbytes)
    yield step(
        "input maps",
        f"{right.shape[2]} x {right.shape[3]} pixels in rows {largest + 1} to {last}, not {side} x {side}; "
        f"in all {sum(one.nbytes for one in maps)} B, not {before} B",
        (replace(row, ifmap_bytes=one.nbytes) for row, one in zip(rows, maps, strict=True)),
    )

    counted = sum(row.macs for row in rows)
    macs = sum(op.macs for op in convolutions)
    yield step(
        "multiply-accumulates",
        f"{macs}, not {counted}: it multiplied by the bytes of the outputs",
        (replace(row, macs=op.macs, host_ops=op.macs) for row, op in zip(rows, convolutions, strict=True)),
    )

    own = _host_ops(network)
    yield step(
        "the host's work",
        f"{sum(own)} operations (batch norm, ReLU, add, pooling), not the convolutions again",
        (replace(row, host_ops=ops) for row, ops in zip(rows, own, strict=True)),
    )

    wide = sum(row.coefficient_bytes == one.nbytes for row, one in zip(rows, weights, strict=True))
    yield step(
        "four bytes per weight",
        f"{sum(one.nbytes for one in weights)} B, not {sum(row.coefficient_bytes for row in rows)} B: "
        f"{wide} rows had four bytes, the others one",
        (replace(row, coefficient_bytes=one.nbytes) for row, one in zip(rows, weights, strict=True)),
    )

    missing = Row(
        "what is missing",
        network.compulsory_bytes - sum(row.coefficient_bytes for row in rows),
        0,
        0,
        network.macs - sum(row.macs for row in rows),
        network.vector_ops - sum(row.host_ops for row in rows),
    )
    yield step(
        "what is missing",
        f"the image, the logits, the classifier, batch norm's vectors: {missing.coefficient_bytes} B more",
        iter((*rows, missing)),
    )


def as_printed() -> Ledger:
    """Returns the sheet's printed cells as rows."""
    cells = zip_longest(PRINTED_TRANSFERS_NS, PRINTED_MACS, fillvalue=0)
    rows = (Row(f"cell {number}", nbytes, 0, 0, macs, macs) for number, (nbytes, macs) in enumerate(cells, 1))
    return Ledger("paper, as printed", tuple(rows))


def _host_ops(network: Workload) -> list[int]:
    """Returns the vector operations from each convolution to the next, from the last to the classifier."""
    found: list[int] = []
    for op in network.ops:
        if op.unit is Unit.MATRIX:
            if op.kind != "conv":
                break
            found.append(0)
        elif found:
            found[-1] += op.vector_ops
    return found
