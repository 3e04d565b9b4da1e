"""Data of the page's timeline: tasks, stalls, buffers and the critical path.

The data is one JSON object. Columns are packed (`simres.reporting.html.packed`) and times are in picoseconds.
Names are listed once and referred to by number. Spans are grouped in lanes, one per engine, each in order
of time, and are referred to by their number in that order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate

from simres.analysis.critical_path import Stretch, Why
from simres.program.record import STALLS, Cause, Span
from simres.program.tasks import Task, TaskKind
from simres.reporting import lexicon
from simres.reporting.html.packed import packed
from simres.result import Result
from simres.workload.graph import Workload
from simres.workload.operators import Role

KINDS = tuple(TaskKind)
CAUSES = tuple(Cause)
WHYS = (*Why, *Cause)
_ROLES = tuple(Role)


class _Names:
    """Numbers of names, each name listed once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


def document(result: Result, path: Sequence[Stretch]) -> str:
    """Returns the data of a result with a full record as JSON that is safe in a script element."""
    lanes = [name for name, engine in result.record.engines.items() if engine.tasks]
    tensors, holders = _Names(), _Names()
    spans = result.record.spans
    order = _by_lane(result, spans, lanes)
    place = {row: number for number, row in enumerate(order)}
    data = {
        "makespan": result.makespan_ps,
        "lanes": [[name, result.chip[name].role] for name in lanes],
        "kinds": KINDS,
        "causes": CAUSES,
        "stalls": STALLS,
        "whys": WHYS,
        "roles": _ROLES,
        "lexicon": lexicon.document(),
        "layers": [layer.name for layer in result.program.layers],
        "tasks": _tasks(result, tensors),
        "launches": [packed(column) for column in _launches(result)],
        "spans": _spans(result, spans, order, place, lanes),
        "shared": [
            packed(column)
            for column in _columns(
                sorted((place[row], holders.number(name), ps) for row, name, ps in result.record.bus_holders),
                3,
            )
        ],
        "memories": [
            [name, memory.capacity] for name, memory in result.record.memories.items() if memory.peak
        ],
    }
    data["stays"] = _stays(result, place, tensors)
    data["path"] = _path(path, spans, place, lanes, holders)
    data["tensors"] = list(tensors.numbers)
    data["of"] = _roles(result, tensors)
    data["holders"] = list(holders.numbers)
    # Inside a script element only the element's own end tag has a meaning.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")


def _by_lane(result: Result, spans: Sequence[Span], lanes: Sequence[str]) -> list[int]:
    """Returns the Record's rows in the order of the page: lane by lane, each in order of time."""
    lane = {name: number for number, name in enumerate(lanes)}
    tasks = result.program.tasks
    return sorted(range(len(spans)), key=lambda row: (lane[tasks[spans[row].task].engine], spans[row].end))


def _tasks(result: Result, tensors: _Names) -> dict[str, str]:
    tasks = result.program.tasks
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    return {
        "layer": packed(task.layer for task in tasks),
        "kind": packed(kinds[task.kind] for task in tasks),
        "tensor": packed(-1 if (name := _about(task)) is None else tensors.number(name) for task in tasks),
        "amount": packed(task.work.nbytes or task.work.macs or task.work.vector_ops for task in tasks),
        "needing": packed(accumulate(len(task.needs) for task in tasks)),
        "needs": packed(number - need for number, task in enumerate(tasks) for need in task.needs),
    }


def _about(task: Task) -> str | None:
    """Returns the tensor that a task moves or produces."""
    regions = task.reads if task.kind in (TaskKind.LOAD, TaskKind.STORE) else task.writes
    return regions[0].tensor if regions else None


def _launches(result: Result) -> list[list[int]]:
    tasks = len(result.program.tasks)
    found = [(one.at_ps, one.first, one.past) for one in result.record.launches] or [(0, 0, tasks)]
    return _columns(found, 3)


def _spans(
    result: Result, spans: Sequence[Span], order: Sequence[int], place: dict[int, int], lanes: Sequence[str]
) -> dict[str, object]:
    ended = {(span.task, span.end): row for row, span in enumerate(spans)}
    counts = dict.fromkeys(lanes, 0)
    for span in spans:
        counts[result.program.tasks[span.task].engine] += 1

    def held(row: int, holder: int, until: int) -> int:
        """Returns the distance back to a span's holder in the order of the page; 0 for none."""
        found = ended.get((holder, until)) if holder >= 0 else None
        return 0 if found is None else place[row] - place[found]

    rows = [(row, spans[row]) for row in order]
    return {
        "counts": list(counts.values()),
        "launch": packed(span.launch for _, span in rows),
        "task": packed(span.task for _, span in rows),
        "since": packed(span.since for _, span in rows),
        "ready": packed(span.ready - span.since for _, span in rows),
        "space": packed(span.granted - span.ready for _, span in rows),
        **{
            cause.value: packed(span.stalls_ps[place] for _, span in rows)
            for place, cause in enumerate(STALLS)
        },
        "work": packed(span.working_ps for _, span in rows),
        "holder": packed(held(row, span.holder, span.ready) for row, span in rows),
        "made_room": packed(held(row, span.space_holder, span.granted) for row, span in rows),
    }


def _stays(result: Result, place: dict[int, int], tensors: _Names) -> list[str]:
    """Returns columns: memory, tensor, bytes, start, length, and the span it was granted to (-1 for none)."""
    memories = [name for name, memory in result.record.memories.items() if memory.peak]
    number = {name: at for at, name in enumerate(memories)}
    rows = {(span.launch, span.task): row for row, span in enumerate(result.record.spans)}
    found = [
        (
            number[stay.memory],
            tensors.number(stay.tensor),
            stay.nbytes,
            stay.start_ps,
            stay.end_ps - stay.start_ps,
            place[rows[stay.launch, stay.task]] if stay.task >= 0 else -1,
        )
        for stay in result.stays
        if stay.memory in number
    ]
    return [packed(column) for column in _columns(found, 6)]


def _path(
    path: Iterable[Stretch],
    spans: Sequence[Span],
    place: dict[int, int],
    lanes: Sequence[str],
    holders: _Names,
) -> list[str]:
    """Returns columns: length, span (-1 for none), lane (-1), layer (-1), cause, holder (-1)."""
    whys = {why: number for number, why in enumerate(WHYS)}
    lane = {name: number for number, name in enumerate(lanes)}
    runs: dict[int, list[int]] = {}
    for row, span in enumerate(spans):
        runs.setdefault(span.task, []).append(row)

    def row_of(part: Stretch) -> int:
        for row in runs.get(part.task, ()):
            if spans[row].since <= part.start_ps and part.end_ps <= spans[row].end:
                return place[row]
        return -1

    found = [
        (
            part.took_ps,
            row_of(part),
            lane.get(part.engine, -1),
            part.layer,
            whys[part.cause],
            holders.number(part.holder) if part.holder else -1,
        )
        for part in path
    ]
    return [packed(column) for column in _columns(found, 6)]


def _columns(rows: Iterable[tuple[int, ...]], width: int) -> list[list[int]]:
    """Transposes rows into columns; without rows there are `width` empty columns."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _roles(result: Result, tensors: _Names) -> list[int]:
    """Returns the role of each tensor by number; unknown tensors count as activations."""
    known = result.scheduled.tensors if isinstance(result.scheduled, Workload) else {}
    return [_ROLES.index(known[name].role if name in known else Role.ACTIVATION) for name in tensors.numbers]
