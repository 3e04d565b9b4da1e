"""Bytes that crossed the bus again after an eviction, by tensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from simres.program.record import Launched, Record
from simres.program.tasks import Box, Program, TaskKind
from simres.workload.boxes import elements, subtract
from simres.workload.graph import Workload
from simres.workload.nearby import Nearby
from simres.workload.operators import Role


@dataclass(frozen=True, slots=True)
class Eviction:
    """A tensor that was evicted, in part or more than once.

    `written_bytes` were written back (results that are no part of an inference's output, or outputs written
    again). `read_bytes` were loaded again (activations; weights loaded before; inputs loaded before for the
    same inference). `bus_ps` is the time that both took on the bus; 0 unless the Record is full.
    """

    tensor: str
    role: Role
    written_bytes: int
    read_bytes: int
    bus_ps: int

    @property
    def nbytes(self) -> int:
        """Bytes in both directions."""
        return self.written_bytes + self.read_bytes


class _Once:
    """The parts of each tensor that have crossed the bus."""

    def __init__(self) -> None:
        self._crossed: dict[str, Nearby[None]] = {}

    def new(self, tensor: str, box: Box) -> int:
        """The number of elements of `box` that cross for the first time; marks them as crossed."""
        crossed = self._crossed.setdefault(tensor, Nearby())
        missing = [box] if elements(box) else []
        for part in {part for part, _ in crossed.near(box) if part is not None}:
            if not missing:
                break
            missing = [left for piece in missing for left in subtract(piece, part)]
        if missing:
            crossed.add(box, None)
        return sum(map(elements, missing))


def evictions(program: Program, workload: Workload, record: Record) -> tuple[Eviction, ...]:
    """The cost of each tensor beyond its first load and store, over all launches; the largest first.

    Weights are loaded once per run, inputs and outputs once per launch. This follows from the regions of the
    Program's loads and stores, whatever the scheduler. Without these bytes, the rest are those of LB0, less
    what never had to move.
    """
    launches = record.launches or (Launched(0, 0, 0, len(program.tasks)),)
    first: dict[tuple[int, int], int] = {}
    for number, one in enumerate(launches):
        first.setdefault((one.first, one.past), number)
    times = Counter((one.first, one.past) for one in launches)
    again: dict[tuple[bool, int], tuple[str, int]] = {}
    sums: dict[str, list[int]] = {}
    weights = _Once()
    for part in times:
        for later in (False, True) if times[part] > 1 else (False,):
            for number, name, nbytes in _again(program, range(*part), workload, weights):
                again[later, number] = (name, nbytes)
                found = sums.setdefault(name, [0, 0, 0])
                loads = program.tasks[number].kind is TaskKind.LOAD
                found[loads] += nbytes * (times[part] - 1 if later else 1)
    firsts = {*first.values()}
    for span in record.spans:
        name, nbytes = again.get((span.launch not in firsts, span.task), ("", 0))
        if nbytes:
            sums[name][2] += span.working_ps * nbytes // program.tasks[span.task].work.nbytes
    rows = [Eviction(name, workload.tensors[name].role, *found) for name, found in sums.items()]
    return tuple(sorted(rows, key=lambda row: (-row.nbytes, row.tensor)))


def _again(
    program: Program, part: range, workload: Workload, weights: _Once
) -> Iterator[tuple[int, str, int]]:
    """Yields each transfer of a launch, its tensor, and its bytes that crossed before or need not have."""
    outputs = {workload.storage(name) for name in workload.outputs}
    inputs, stored = _Once(), _Once()
    for number in part:
        task = program.tasks[number]
        if task.kind is TaskKind.LOAD:
            regions = task.reads
        elif task.kind is TaskKind.STORE:
            regions = task.writes
        else:
            continue
        outside = next((region for region in regions if region.buffer is None), None)
        if outside is None or not task.work.nbytes:
            continue
        name = workload.storage(outside.tensor)
        tensor = workload.tensors[name]
        nbytes = task.work.nbytes
        brought = tensor.role is not Role.ACTIVATION
        if brought if task.kind is TaskKind.LOAD else name in outputs:
            once = weights if tensor.role is Role.WEIGHT else inputs
            once = once if task.kind is TaskKind.LOAD else stored
            whole = tuple((0, size) for size in tensor.shape)
            # The elements of a view are not worked out: a view counts as the whole tensor.
            box = outside.box if outside.box is not None and outside.tensor == name else whole
            total = elements(box)
            nbytes -= nbytes * once.new(name, box) // total if total else 0
        if nbytes:
            yield number, name, nbytes
