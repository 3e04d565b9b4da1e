"""What crossed the bus though it had been on chip before: what evictions cost, by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simres.program import Box, Program, TaskKind
from simres.record import Record
from simres.regions import elements, overlap, subtract
from simres.workload import Role, Workload


@dataclass(frozen=True, slots=True)
class Eviction:
    """A tensor that was given up on chip, in part or more than once.

    `written_bytes` were written back (results that no image's output consists of, or outputs again),
    `read_bytes` loaded again (activations, and of weights and inputs what had been loaded before).
    `bus_ps` is how long the bus worked on both; 0 unless the Record is full.
    """

    tensor: str
    role: Role
    written_bytes: int
    read_bytes: int
    bus_ps: int

    @property
    def nbytes(self) -> int:
        """Both ways."""
        return self.written_bytes + self.read_bytes


class _Once:
    """Of each tensor, what has not crossed the bus yet."""

    def __init__(self) -> None:
        self._missing: dict[str, list[Box]] = {}

    def new(self, tensor: str, whole: Box, box: Box) -> int:
        """Elements of `box` that cross for the first time, and from now on have."""
        missing = self._missing.setdefault(tensor, [whole])
        found = sum(elements(shared) for part in missing if (shared := overlap(part, box)))
        if found:
            self._missing[tensor] = [left for part in missing for left in subtract(part, box)]
        return found


def launches(program: Program, record: Record) -> int:
    """How often `program` was launched in a run of nothing else."""
    done = sum(engine.tasks for engine in record.engines.values())
    return done // len(program.tasks) if program.tasks else 1


def evictions(program: Program, workload: Workload, record: Record) -> tuple[Eviction, ...]:
    """What each tensor cost beyond its first way on chip and out, in all launches; the dearest first.

    Whatever the scheduler, this follows from the regions of the Program's loads and stores. With them
    taken away, the bytes that remain are those of LB0, less what never had to move.
    """
    again = _again(program, workload)
    times = launches(program, record)
    spent: dict[int, int] = {}
    for span in record.spans:
        if span.task in again:
            nbytes = program.tasks[span.task].work.nbytes
            share = span.working_ps * again[span.task][1] // nbytes
            spent[span.task] = spent.get(span.task, 0) + share
    sums: dict[str, list[int]] = {}
    for number, (tensor, nbytes) in again.items():
        found = sums.setdefault(tensor, [0, 0, 0])
        found[program.tasks[number].kind is TaskKind.LOAD] += nbytes * times
        found[2] += spent.get(number, 0)
    rows = [Eviction(name, workload.tensors[name].role, *found) for name, found in sums.items()]
    return tuple(sorted(rows, key=lambda row: (-row.nbytes, row.tensor)))


def _again(program: Program, workload: Workload) -> Mapping[int, tuple[str, int]]:
    """By transfer: its tensor, and how many of its bytes crossed before or need not have."""
    outputs = {workload.storage(name) for name in workload.outputs}
    loaded, stored = _Once(), _Once()
    found: dict[int, tuple[str, int]] = {}
    for number, task in enumerate(program.tasks):
        if task.kind is TaskKind.LOAD:
            once, regions = loaded, task.reads
        elif task.kind is TaskKind.STORE:
            once, regions = stored, task.writes
        else:
            continue
        outside = next((region for region in regions if region.buffer is None), None)
        if outside is None or not task.work.nbytes:
            continue
        name = workload.storage(outside.tensor)
        nbytes = task.work.nbytes
        brought = workload.tensors[name].role is not Role.ACTIVATION
        if brought if task.kind is TaskKind.LOAD else name in outputs:
            whole = tuple((0, size) for size in workload.tensors[name].shape)
            # Of a view, which elements they are is not worked out: it counts as the whole tensor.
            box = outside.box if outside.box is not None and outside.tensor == name else whole
            total = elements(box)
            nbytes -= nbytes * once.new(name, whole, box) // total if total else 0
        if nbytes:
            found[number] = (name, nbytes)
    return found
