"""Lower bounds: the least work of each kind, at the chip's peak rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simres.hardware.chip import Chip
from simres.program.tasks import Program, Work
from simres.workload.graph import Ledger, Workload


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower bounds on the makespan, in picoseconds.

    `engines` holds one lower bound per role, under the component's name (components of one role share the
    work: `a+b`). These hold for any schedule of the workload. `dependency` is the longest chain of dependent
    tasks in this Program. `makespan` is the largest of all.
    """

    engines: Mapping[str, int]
    dependency: int

    @property
    def makespan(self) -> int:
        """The tightest lower bound."""
        return max([self.dependency, *self.engines.values()])

    @property
    def tightest(self) -> str:
        """The name of the tightest lower bound."""
        named = {**self.engines, "dependency": self.dependency}
        return max(named, key=lambda name: named[name])


def bounds(
    workload: Workload | Ledger, program: Program, chip: Chip, chain_ps: int, repeats: int = 1
) -> Bounds:
    """The lower bounds of `workload` on `chip`; `chain_ps` is the Program's longest chain at full speed.

    A graph's lower bound on the bus is LB0: weights, inputs and outputs once each. A ledger has no graph, so
    its lower bound on the bus is the traffic of its Program. If the workload `repeats`, its weights need
    to be loaded only once.
    """
    return bounds_of([least_work(workload, program, repeats)], chip, chain_ps)


def least_work(workload: Workload | Ledger, program: Program, repeats: int = 1) -> Work:
    """The work that any schedule must do: bytes over the bus, multiply-accumulates, vector operations."""
    if isinstance(workload, Ledger):
        moved = repeats * (program.bytes_read + program.bytes_written)
    else:
        resident = _spared(workload, program)
        again = (repeats - 1) * (workload.compulsory_bytes - workload.needed_weight_bytes)
        moved = max(0, workload.compulsory_bytes + again - resident)
    return Work(moved, repeats * workload.macs, repeats * workload.vector_ops)


def _spared(workload: Workload, program: Program) -> int:
    """Bytes that need not be read, as they lie in memory from the start: at most those that are needed."""
    resident: dict[str, int] = {}
    for number in program.resident_in:
        buffer = program.buffers[number]
        resident[buffer.tensor] = resident.get(buffer.tensor, 0) + buffer.nbytes
    return sum(min(nbytes, workload.needed_bytes.get(name, nbytes)) for name, nbytes in resident.items())


def bounds_of(works: Iterable[Work], chip: Chip, chain_ps: int) -> Bounds:
    """The lower bounds of all these amounts of work together, on `chip`."""
    works = list(works)
    total = Work(
        sum(work.nbytes for work in works),
        sum(work.macs for work in works),
        sum(work.vector_ops for work in works),
    )
    return Bounds(chip.least_ps(total), chain_ps)
