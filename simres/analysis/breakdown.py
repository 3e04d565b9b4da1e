"""Totals of time, bytes and operations by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simres.program.record import Record
from simres.program.tasks import Program, TaskKind


@dataclass(frozen=True, slots=True)
class LayerTotals:
    """One layer's share of a run.

    `start_ps` is the start of its first task, `end_ps` the end of its last one. `busy_ps` is by engine.
    Bytes are those moved over the bus for the layer (`read_bytes`, `written_bytes`) and those copied on chip.
    """

    name: str
    kind: str
    block: str
    start_ps: int
    end_ps: int
    macs: int
    vector_ops: int
    read_bytes: int
    written_bytes: int
    copied_bytes: int
    busy_ps: Mapping[str, int]


def by_layer(program: Program, record: Record) -> tuple[LayerTotals, ...]:
    """The totals of every layer of `program` over all launches; times are 0 unless the Record is full."""
    count = len(program.layers)
    starts: list[int | None] = [None] * count
    ends = [0] * count
    working: list[dict[str, int]] = [{} for _ in range(count)]
    for span in record.spans:
        task = program.tasks[span.task]
        layer = task.layer
        start = starts[layer]
        starts[layer] = span.granted if start is None else min(start, span.granted)
        ends[layer] = max(ends[layer], span.end)
        working[layer][task.engine] = working[layer].get(task.engine, 0) + span.working_ps
    macs, vector_ops = [0] * count, [0] * count
    moved = {kind: [0] * count for kind in TaskKind}
    for task, times in zip(program.tasks, record.repeats(len(program.tasks)), strict=True):
        macs[task.layer] += times * task.work.macs
        vector_ops[task.layer] += times * task.work.vector_ops
        moved[task.kind][task.layer] += times * task.work.nbytes
    return tuple(
        LayerTotals(
            name=layer.name,
            kind=layer.kind,
            block=layer.block,
            start_ps=starts[number] or 0,
            end_ps=ends[number],
            macs=macs[number],
            vector_ops=vector_ops[number],
            read_bytes=moved[TaskKind.LOAD][number],
            written_bytes=moved[TaskKind.STORE][number],
            copied_bytes=moved[TaskKind.MOVE][number],
            busy_ps=working[number],
        )
        for number, layer in enumerate(program.layers)
    )
