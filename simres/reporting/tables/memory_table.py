"""The table of on-chip memories: peak, largest tensors, and evictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simres.analysis.evictions import Eviction
from simres.analysis.occupancy import peak
from simres.reporting.page import Page
from simres.reporting.text.amounts import BYTES, TIME, percent, scale
from simres.reporting.text.columns import Column, bar
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.units import format_bytes, format_duration

_WIDEST_BAR = 40
_HOLDERS = 3
"""The number of tensors named at the peak."""


def memories(result: Result, page: Page) -> list[Text]:
    """Returns the peak occupancy and the capacity of each on-chip memory."""
    found = result.record.memories
    columns = [
        Column("memory", list(found), right=False, elastic=True),
        Column("peak", [format_bytes(memory.peak) for memory in found.values()]),
        Column("capacity", [format_bytes(memory.capacity) for memory in found.values()]),
        Column("", [percent(memory.peak, memory.capacity) for memory in found.values()], "%"),
    ]
    if size := page.bar_room(columns, _WIDEST_BAR):
        bars: list[str | Text] = [
            bar(
                [
                    (memory.peak, page.glyphs.full, "role.memory"),
                    (memory.capacity - memory.peak, page.glyphs.idle, "idle"),
                ],
                memory.capacity,
                size,
            )
            for memory in found.values()
        ]
        columns.append(Column("", bars, rank=1, right=False))
    return page.table(columns)


def fullest(result: Result, *, whole: bool) -> Iterator[str]:
    """Yields the time of each memory's peak and its largest tensors; all tensors if `whole`."""
    for name in result.record.memories:
        found = peak(result.stays, name)
        if found is None or not found.nbytes:
            continue
        named = list(found.holders.items())[: None if whole else _HOLDERS]
        parts = [f"{tensor} {format_bytes(nbytes)}" for tensor, nbytes in named]
        more = len(found.holders) - len(named)
        rest = found.nbytes - sum(nbytes for _, nbytes in named)
        tail = f", and {more} more with {format_bytes(rest)}" if more else ""
        yield f"{name} peaks at {format_duration(found.at_ps)}: {', '.join(parts)}{tail}."


def evictions_caption(result: Result) -> str:
    """Returns the totals of all evictions."""
    found = result.evictions
    written, read = sum(item.written_bytes for item in found), sum(item.read_bytes for item in found)
    moved = sum(layer.read_bytes + layer.written_bytes for layer in result.layers)
    share = f"{percent(written + read, moved)} % of the traffic"
    took = sum(item.bus_ps for item in found)
    time = f" and {format_duration(took)} of bus time" if took else ""
    return f"{format_bytes(written)} written back, {format_bytes(read)} loaded again: {share}{time}."


def evictions(result: Result, shown: Sequence[Eviction], page: Page) -> list[Text]:
    """Returns one row per evicted tensor in `shown`, and totals of all."""
    return page.table(eviction_columns(result, shown))


def eviction_columns(result: Result, shown: Sequence[Eviction]) -> list[Column]:
    """Returns the columns of `evictions`."""
    found = result.evictions
    written, read, took = (
        [item.written_bytes for item in found],
        [item.read_bytes for item in found],
        [item.bus_ps for item in found],
    )
    unit, time = scale(max(sum(written), sum(read)), BYTES), scale(result.makespan_ps, TIME)
    columns = [
        Column("tensor", [item.tensor for item in shown], total="total", right=False, elastic=True),
        Column("role", [item.role.value for item in shown], right=False, rank=1, style="muted"),
        Column(
            "written back",
            [unit.text(item.written_bytes) for item in shown],
            unit.unit,
            unit.text(sum(written)),
        ),
        Column(
            "loaded again", [unit.text(item.read_bytes) for item in shown], unit.unit, unit.text(sum(read))
        ),
    ]
    if any(took):
        columns.append(
            Column("on the bus", [time.text(item.bus_ps) for item in shown], time.unit, time.text(sum(took)))
        )
    return columns
