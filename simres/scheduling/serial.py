"""One operator after the other: the honest minimum, in which nothing overlaps.

Each operator's inputs are loaded unless they are on chip already; it computes; what cannot stay is
spilled. Activations stay as long as there is space, weights leave with their last use. When space runs
out, the tensor whose next use is furthest away goes first (Belady's rule, IBM Systems Journal 1966),
written back if there is no copy off-chip.
"""

from __future__ import annotations

from pydantic import BaseModel

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.hookspecs import ComponentRole
from simres.program import Program, Region, TaskKind, Work
from simres.scheduling.draft import Draft, stored, work_of
from simres.units import format_bytes
from simres.workload import Op, Role, Unit, Workload

NEVER = 1 << 62


class _Serial:
    def __init__(self, workload: Workload, chip: Chip) -> None:
        self.workload = workload
        self.chip = chip
        self.draft = Draft()
        self.memory, self.spec = chip.scratchpad()
        self.free = self.spec.capacity
        self.resident: dict[str, int] = {}
        """Buffer of each stored tensor that is on chip now."""
        self.copied: dict[str, tuple[int, ...]] = {
            tensor.name: () for tensor in workload.tensors.values() if tensor.role is not Role.ACTIVATION
        }
        """Stored tensors with a copy off-chip, and the task that wrote it there."""
        self.outputs = {workload.storage(name) for name in workload.outputs}
        self.uses: dict[str, list[int]] = {}
        for position, op in enumerate(workload.ops):
            if op.unit is not Unit.VIEW:
                for name in self.stored(op.inputs):
                    self.uses.setdefault(name, []).append(position)
        self.spills = 0
        self.spilled_bytes = 0

    def stored(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return stored(self.workload, names)

    def occupied(self, name: str) -> int:
        return self.spec.occupied(self.workload.tensors[name].nbytes)

    def next_use(self, name: str, position: int) -> int:
        return next((use for use in self.uses.get(name, ()) if use > position), NEVER)

    def run(self) -> Program:
        for position, op in enumerate(self.workload.ops):
            if op.unit is not Unit.VIEW:
                self.operator(position, op)
        return self.draft.freeze(
            "serial",
            self.workload.digest,
            {
                "order": "operators one after the other, nothing overlaps",
                "spilled": f"{self.spills} tensors, {format_bytes(self.spilled_bytes)}"
                if self.spills
                else "nothing: every activation stays on chip from its making to its last use",
            },
        )

    def after(self) -> tuple[int, ...]:
        """The task before, so that one at a time is under way."""
        return self.draft.last

    def operator(self, position: int, op: Op) -> None:
        self.draft.layer(op.name, op.label, op.block)
        inputs, outputs = self.stored(op.inputs), self.stored(op.outputs)
        self.make_room(position, op, inputs, outputs)
        for name in inputs:
            if name not in self.resident:
                self.load(name)
        made = {name: self.reserve(name) for name in outputs}
        kind, role, work = work_of(op, self.workload)
        self.draft.task(
            self.memory if role is ComponentRole.MEMORY else self.chip.fastest(role, work),
            kind,
            work,
            reads=[Region(name, self.resident[name]) for name in inputs],
            writes=[Region(name, buffer) for name, buffer in made.items()],
            reserves=made.values(),
            after=self.after(),
        )
        if op.fused:
            read = self.stored(tuple(name for part in op.fused for name in part.inputs if name in op.inputs))
            work = Work(vector_ops=op.vector_ops, op=op)
            self.draft.task(
                self.chip.fastest(ComponentRole.HOST, work),
                TaskKind.HOST,
                work,
                reads=[Region(name, self.resident[name]) for name in read]
                + [Region(name, buffer) for name, buffer in made.items()],
                writes=[Region(name, buffer) for name, buffer in made.items()],
                after=self.after(),
            )
        self.resident |= made
        for name in outputs:
            if name in self.outputs:
                self.store(name)
        for name in (*inputs, *outputs):
            if name in self.resident and self.next_use(name, position) == NEVER:
                self.drop(name)

    def make_room(self, position: int, op: Op, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        """Evicts until what the operator still lacks fits; raises when its tensors never can."""
        together = sum(self.occupied(name) for name in (*inputs, *outputs))
        capacity = self.spec.capacity
        if together > capacity:
            raise AnswerIsNo(
                f"`{op.name}` ({op.kind}) does not fit: its tensors take {together} B, `{self.memory}` "
                f"holds {capacity} B ({format_bytes(capacity)}), short by {together - capacity} B",
                f"the `serial` scheduler keeps an operator's tensors on chip whole; this network fits with "
                f'`--set hardware.{self.memory}.capacity="{self.least()} B"`, or cut into tiles with '
                "`--set scheduler=overlapped`",
            )
        lacking = sum(self.occupied(name) for name in (*inputs, *outputs) if name not in self.resident)
        while self.free < lacking:
            spare = [name for name in self.resident if name not in inputs]
            victim = max(spare, key=lambda name: (self.next_use(name, position), self.occupied(name)))
            if victim not in self.copied:
                self.store(victim)
                self.spills += 1
                self.spilled_bytes += self.workload.tensors[victim].nbytes
            self.drop(victim)

    def least(self) -> int:
        """The bytes of the largest operator's tensors: the least capacity with which none fails."""
        together = [
            sum(self.occupied(name) for name in {*self.stored(op.inputs), *self.stored(op.outputs)})
            for op in self.workload.ops
            if op.unit is not Unit.VIEW
        ]
        return max(together)

    def reserve(self, name: str) -> int:
        self.free -= self.occupied(name)
        return self.draft.buffer(name, self.workload.tensors[name].nbytes, self.memory)

    def load(self, name: str) -> None:
        buffer = self.reserve(name)
        work = Work(nbytes=self.workload.tensors[name].nbytes)
        self.draft.task(
            self.chip.fastest(ComponentRole.BUS, work),
            TaskKind.LOAD,
            work,
            reads=[Region(name)],
            writes=[Region(name, buffer)],
            reserves=[buffer],
            needs=self.copied[name],
            after=self.after(),
        )
        self.resident[name] = buffer

    def store(self, name: str) -> None:
        work = Work(nbytes=self.workload.tensors[name].nbytes)
        stored = self.draft.task(
            self.chip.fastest(ComponentRole.BUS, work),
            TaskKind.STORE,
            work,
            reads=[Region(name, self.resident[name])],
            writes=[Region(name)],
            after=self.after(),
        )
        self.copied[name] = (stored,)

    def drop(self, name: str) -> None:
        del self.resident[name]
        self.free += self.occupied(name)


def schedule(workload: Workload, chip: Chip, parameters: BaseModel) -> Program:  # noqa: ARG001
    """A Program that runs `workload` on `chip` one operator at a time.

    Raises `AnswerIsNo` naming the operator and the bytes it is short of when one does not fit on chip.
    """
    return _Serial(workload, chip).run()
