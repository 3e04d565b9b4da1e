"""Text about the row and the moment under the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.cells import cell_len

from simres.analysis.critical_path import Stretch
from simres.program.record import Cause
from simres.program.tasks import Region, Task
from simres.reporting import lexicon
from simres.reporting.drawing.ruler import spelled
from simres.reporting.page import Page
from simres.reporting.text.amounts import percent, printable
from simres.reporting.text.columns import shorten
from simres.reporting.text.styled import Text
from simres.reporting.viewer.index import ViewIndex
from simres.reporting.viewer.picture import PictureRow, Sort
from simres.units import format_bytes, format_count, format_duration

_INDENT = "  "
_NAMED = 4
"""The maximum number of tensors named per task and direction."""


def details(index: ViewIndex, row: PictureRow, at_ps: int, page: Page) -> list[Text]:
    """Describes the row at a moment, in the lines of a page."""
    said: list[tuple[str, str]]
    if row.sort is Sort.PATH:
        said = list(_of_path(index, index.path[index.stretch_at(at_ps)]))
    elif row.sort is Sort.BUS:
        said = list(_of_bus(index, row.name, at_ps))
    elif row.sort is Sort.MEMORY:
        said = list(_of_memory(index, row.name, at_ps))
    else:
        found = index.row_at(row.name, at_ps)
        said = list(_of_nothing(index, row.name, at_ps) if found is None else _of_task(index, found, at_ps))
    page = replace(page, width=max(page.width, 20))
    return [line for text, style in said for line in page.prose(text, style, _INDENT)]


def held(index: ViewIndex, at_ps: int, width: int) -> Iterator[Text]:
    """Yields the contents of every on-chip memory at a moment, by tensor, largest first."""
    for name in index.memories:
        tensors = index.held(name).at(at_ps)
        capacity = index.result.record.memories[name].capacity
        total = sum(tensors.values())
        head = f"{printable(name)} {format_bytes(total)} of {format_bytes(capacity)}"
        yield Text(shorten(head, width), "role.memory")
        sizes = {tensor: format_bytes(nbytes) for tensor, nbytes in tensors.items()}
        room = max(map(len, sizes.values()), default=0)
        for tensor, size in sizes.items():
            yield Text(f"{size:>{room}} ").append(_ending(tensor, max(1, width - room - 1)))


def _of_task(index: ViewIndex, row: int, at_ps: int) -> Iterator[tuple[str, str]]:
    span = index.span(row)
    task = index.result.program.tasks[span.task]
    layer = index.result.program.layers[task.layer]
    now = "busy" if span.begun <= at_ps else "stalled"
    yield (
        f"{printable(task.engine)} {now}: {task.kind.value}, {printable(layer.name)} ({layer.kind})",
        "title",
    )
    launch = f" of launch {span.launch}" if len(index.result.record.launches) > 1 else ""
    yield f"task {span.task}{launch}: {_amount(task)}", ""
    took = format_duration(span.working_ps)
    yield f"busy {spelled(span.begun)} to {spelled(span.end)}, for {took}", ""
    yield from _stalls(index, row)
    for stay in index.stays_of(row):
        size, stayed = format_bytes(stay.nbytes), format_duration(stay.end_ps - stay.start_ps)
        yield f"takes {size} of {stay.memory} for {stay.tensor}, held for {stayed}", ""
    for verb, regions in (("reads", task.reads), ("writes", task.writes)):
        if regions:
            yield f"{verb} {_tensors(regions)}", "muted"


def _stalls(index: ViewIndex, row: int) -> Iterator[tuple[str, str]]:
    """Yields one line per stall of a row's task, with the holder."""
    span = index.span(row)
    task = index.result.program.tasks[span.task]
    for wait in span.waits(task.needs):
        holder = _released_by(index, wait.holder)
        if wait.cause is Cause.BUS:
            holder = _bus_holders(index, row)
        yield _stall(wait.cause, wait.end_ps - wait.start_ps, holder)
    if span.since == span.begun:
        yield "did not stall", "muted"


def _bus_holders(index: ViewIndex, row: int) -> str:
    masters = [
        f"{printable(name) or lexicon.BUS_ITSELF} {format_duration(ps)}"
        for name, ps in index.holders.get(row, {}).items()
    ]
    return f", held by {', '.join(masters)}" if masters else ""


def _stall(cause: Cause, ps: int, holder: str) -> tuple[str, str]:
    return f"stalled {format_duration(ps)}: {lexicon.word(cause)}{holder}", f"cause.{cause}"


def _released_by(index: ViewIndex, number: int) -> str:
    if number < 0:
        return ""
    task = index.result.program.tasks[number]
    layer = index.result.program.layers[task.layer].name
    what = _tensors(task.writes) if task.writes else layer
    return f", until {task.engine} ended {task.kind.value} of {what} (task {number})"


def _amount(task: Task) -> str:
    work = task.work
    parts = [
        format_bytes(work.nbytes) if work.nbytes else "",
        f"{format_count(work.macs)} MACs" if work.macs else "",
        f"{format_count(work.vector_ops)} operations" if work.vector_ops else "",
    ]
    return ", ".join(filter(None, parts)) or "no work"


def _tensors(regions: Sequence[Region]) -> str:
    names = list(dict.fromkeys(printable(region.tensor) for region in regions))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _of_nothing(index: ViewIndex, engine: str, at_ps: int) -> Iterator[tuple[str, str]]:
    yield f"{printable(engine)} is idle: its queue is empty", "title"
    following = index.row_after(engine, at_ps)
    if following is not None:
        yield f"goes on at {spelled(index.span(following).since)}", ""


def _of_path(index: ViewIndex, stretch: Stretch) -> Iterator[tuple[str, str]]:
    program = index.result.program
    took = f"{spelled(stretch.start_ps)} to {spelled(stretch.end_ps)}, {format_duration(stretch.took_ps)}"
    share = percent(stretch.took_ps, index.result.makespan_ps)
    if stretch.task < 0:
        yield f"critical path: {lexicon.word(stretch.cause)}", "title"
        yield took, ""
        return
    yield f"critical path: {printable(stretch.engine)} {lexicon.spent(stretch.cause)}", "title"
    yield f"{took}, {share} % of the run", ""
    layer = program.layers[stretch.layer]
    kind = program.tasks[stretch.task].kind.value
    yield f"task {stretch.task}, {kind} of {printable(layer.name)} ({layer.kind})", ""
    if stretch.holder:
        yield f"held by: {stretch.holder}", ""
    yield "a shorter stretch here would shorten the run", "muted"


def _of_bus(index: ViewIndex, bus: str, at_ps: int) -> Iterator[tuple[str, str]]:
    """Yields the utilisation of a bus over the run, and the transfer on each channel."""
    engines = index.buses[bus]
    worked = sum(index.result.record.engines[name].working_ps for name in engines)
    yield f"{printable(bus)} is busy {percent(worked, index.result.makespan_ps)} % of the run", "title"
    for name in engines:
        row = index.row_at(name, at_ps)
        if row is None:
            yield f"{printable(name)}: nothing to move", "muted"
            continue
        span = index.span(row)
        task = index.result.program.tasks[span.task]
        verb = "moves" if span.begun <= at_ps else "stalls before it moves"
        what = _tensors(task.writes or task.reads)
        yield f"{printable(name)} {verb} {format_bytes(task.work.nbytes)}: {task.kind.value} of {what}", ""


def _of_memory(index: ViewIndex, memory: str, at_ps: int) -> Iterator[tuple[str, str]]:
    totals = index.result.record.memories[memory]
    total = sum(index.held(memory).at(at_ps).values())
    yield f"{printable(memory)} holds {format_bytes(total)} at {spelled(at_ps)}", "title"
    share = percent(totals.peak, totals.capacity)
    yield f"peak {format_bytes(totals.peak)}, {share} % of {format_bytes(totals.capacity)}", ""
    if totals.left:
        yield f"{format_bytes(totals.left)} are left in it at the end", ""


def _ending(text: str, size: int) -> str:
    """Returns a name, or its end if it is too long, since tensor names share their beginnings."""
    text = printable(text)
    if cell_len(text) <= size:
        return text
    while text and cell_len(text) >= size:
        text = text[1:]
    return f"~{text}"
