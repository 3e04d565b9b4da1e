"""Tables of a Program: decisions, dataflow by layer, and tasks on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simres.analysis.dataflow import MOVERS, Handling, handling
from simres.program.tasks import Box, Program, Region, Task
from simres.reporting.page import Page
from simres.reporting.tables import candidate_table
from simres.reporting.text.amounts import NOTHING
from simres.reporting.text.columns import Column
from simres.reporting.text.layer_names import matching
from simres.reporting.text.styled import Text
from simres.result.data import Candidate
from simres.units import format_bytes, format_count
from simres.workload.graph import Ledger, Workload

_KIB = 1024


def schedule_table(
    name: str,
    program: Program,
    candidates: Sequence[Candidate],
    workload: Workload | Ledger,
    page: Page,
    *,
    layer: str | None = None,
    tasks: bool = False,
) -> Iterator[Text]:
    """Yields the lines: decisions, candidates, one row per layer, and with `tasks` the tasks themselves.

    `workload` is the Program's workload. `layer` (a name, a glob or a prefix) leaves out all other layers.
    Raises `SimresError` if no layer matches.
    """
    rows = handling(program, workload)
    shown = range(len(rows)) if layer is None else matching([row.name for row in rows], layer, "schedule")

    yield from page.prose(f"{name}: schedule `{program.scheduler}`", "headline")
    yield from page.prose(
        f"{len(program.tasks)} tasks on {len(program.engines)} engines, {len(program.buffers)} buffers; "
        f"reads {format_bytes(program.bytes_read)}, writes {format_bytes(program.bytes_written)}"
    )
    yield from page.titled("Decisions", "by the scheduler, in its words")
    for what, how in program.decisions.items():
        yield from page.prose(f"{what}: {how}", indent="  ")
    if program.resident_in or program.resident_out:
        for what, numbers in (("found", program.resident_in), ("left", program.resident_out)):
            nbytes = sum(program.buffers[number].nbytes for number in numbers)
            yield Text(f"{what} on chip: {len(numbers)} buffers, {format_bytes(nbytes)}")
    if candidates:
        yield from page.titled("Candidates", "each simulated, the fastest kept")
        yield from candidate_table.table(candidates, page)

    yield from page.titled("Layers", "KiB; loaded over the bus for the layer, or kept: found on chip")
    yield from _layers([rows[number] for number in shown], page)

    if tasks:
        yield from page.titled("Tasks", "in program order; grants of memory go in this order too")
        for number, task in enumerate(program.tasks):
            if task.layer in shown:
                yield from page.prose(_told(program, number, task, workload), indent=" " * 6)


def _layers(rows: Sequence[Handling], page: Page) -> list[Text]:
    """Returns one row per layer. Columns without any value are left out."""
    columns = [
        Column("layer", [row.name for row in rows], total="total", right=False, elastic=True),
        Column("engine", ["+".join(row.engines) or NOTHING for row in rows], right=False, rank=6),
        Column("tiles", [str(row.tiles) for row in rows], total=str(sum(row.tiles for row in rows))),
        Column("rows", [_cut(row) for row in rows], "x ch.", rank=1),
    ]
    for head, unit, amounts, rank in (
        ("weights", "loaded", [row.weights for row in rows], 0),
        ("", "kept", [row.weights_kept for row in rows], 5),
        ("inputs", "loaded", [row.inputs for row in rows], 0),
        ("", "kept", [row.inputs_kept for row in rows], 4),
        ("loaded", "again", [row.again for row in rows], 3),
        ("halo", "kept", [row.halo_kept for row in rows], 5),
        ("", "again", [row.halo_again for row in rows], 5),
        ("stored", "", [row.stored for row in rows], 0),
        ("spilled", "of it", [row.spilled for row in rows], 2),
    ):
        if any(amounts) or (head and not rank):
            columns.append(Column(head, [_kib(n) for n in amounts], unit, _kib(sum(amounts)), rank))
    return page.table(columns)


def _cut(row: Handling) -> str:
    return "whole" if row.rows * row.channels == 1 else f"{row.rows} x {row.channels}"


def _kib(nbytes: int) -> str:
    return f"{nbytes / _KIB:.1f}" if nbytes else NOTHING


def _told(program: Program, number: int, task: Task, workload: Workload | Ledger) -> str:
    """Describes a task in a sentence: engine, kind, work, regions, dependencies and buffers."""
    work = task.work
    amounts = (
        (work.nbytes, format_bytes(work.nbytes)),
        (work.macs, f"{format_count(work.macs)} MACs"),
        (work.vector_ops, f"{format_count(work.vector_ops)} ops"),
    )
    head = [f"{number:>5} {task.engine} {task.kind.value} {program.layers[task.layer].name}"]
    if some := [text for amount, text in amounts if amount]:
        head.append(", ".join(some))
    parts = []
    if task.kind in MOVERS and task.reads and task.writes:
        parts.append(f"{_region(task.reads[0], workload)} -> {_region(task.writes[0], workload)}")
    else:
        for verb, regions in (("reads", task.reads), ("makes", task.writes)):
            if regions:
                parts.append(f"{verb} {', '.join(_region(region, workload) for region in regions)}")
    for what, others in (("needs", task.needs), ("after", task.after)):
        if others:
            parts.append(f"{what} {_numbers(others)}")
    if task.reserves:
        sizes = (f"b{buffer} ({format_bytes(program.buffers[buffer].nbytes)})" for buffer in task.reserves)
        parts.append(f"reserves {', '.join(sizes)}")
    used = {region.buffer for region in (*task.reads, *task.writes) if region.buffer is not None}
    freed = [n for n in sorted(used) if max(program.buffers[n].freed_by, default=-1) == number]
    if freed:
        parts.append(f"frees {', '.join(f'b{buffer}' for buffer in freed)}")
    return "; ".join((": ".join(head), *parts))


def _region(region: Region, workload: Workload | Ledger) -> str:
    """Formats a region: `x[0:16, 4:9, :] in b7`; an uncut axis is `:`, a whole tensor has no brackets."""
    tensor = workload.tensors.get(region.tensor) if isinstance(workload, Workload) else None
    where = "" if region.buffer is None else f" in b{region.buffer}"
    return f"{region.tensor}{_box(region.box, tensor.shape if tensor else None)}{where}"


def _box(box: Box | None, shape: Sequence[int] | None) -> str:
    if box is None:
        return ""
    sizes: Sequence[int | None] = shape if shape is not None and len(shape) == len(box) else [None] * len(box)
    axes = [
        ":" if (first, past) == (0, size) else f"{first}:{past}"
        for (first, past), size in zip(box, sizes, strict=True)
    ]
    return "" if all(axis == ":" for axis in axes) else f"[{', '.join(axes)}]"


def _numbers(numbers: Sequence[int]) -> str:
    """Formats numbers with their runs joined: `3, 7-9`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
