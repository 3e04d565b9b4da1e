"""Energy of a run in joules, by component and by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from simres.hardware.energy_costs import EnergyCosts
from simres.program.orders import order_of
from simres.program.tasks import Buffer, Program, Region, Task, TaskKind, Work
from simres.sharing.recent import IdentityKey
from simres.units import PS_PER_S
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import BITS, Tensor

_AJ_PER_FJ = 1000


@dataclass(frozen=True, slots=True)
class Energy:
    """The energy of a run, in femtojoules.

    `dynamic_fj` is the energy of the work, by component; `static_fj` is the energy that each component takes
    by being on from start to end. `layers_fj` is the dynamic energy by layer; both sums are equal.
    """

    dynamic_fj: Mapping[str, int]
    static_fj: Mapping[str, int]
    layers_fj: tuple[int, ...]
    makespan_ps: int

    @property
    def total_fj(self) -> int:
        """The total of dynamic and static energy."""
        return sum(self.dynamic_fj.values()) + sum(self.static_fj.values())

    @property
    def average_power_uw(self) -> int:
        """Total energy over the makespan, in microwatts, rounded down."""
        return power_uw(self.total_fj, self.makespan_ps)

    @property
    def energy_delay_js(self) -> float:
        """Energy-delay product: total energy times the makespan, in joule seconds."""
        return energy_delay_js(self.total_fj, self.makespan_ps)


def power_uw(energy_fj: int, time_ps: int) -> int:
    """The average power in microwatts, rounded down; 0 if the time is 0."""
    return energy_fj * _AJ_PER_FJ // time_ps if time_ps else 0


def energy_delay_js(energy_fj: int, time_ps: int) -> float:
    """The energy-delay product in joule seconds."""
    return energy_fj * time_ps / (10**15 * PS_PER_S)


def energy(
    program: Program,
    scheduled: Workload | Ledger,
    costs: Mapping[str, EnergyCosts],
    makespan_ps: int,
    repeats: Sequence[int] | None = None,
) -> Energy:
    """The energy of `program` on components with these `costs`, each task as often as `repeats` says.

    A transfer costs its bytes on the bus and at the on-chip end. Matrix and host work cost their operations
    and each byte of each operand once per task, as if the engine then held it in registers. A copy costs its
    bytes twice. `scheduled` is the workload that the Program was made from; it gives the data type of each
    multiply-accumulate. A ledger has no buffers, so its on-chip bytes are unknown.
    """
    dynamic = dict.fromkeys(costs, 0)
    layers = [0] * len(program.layers)
    tasks = order_of(program)
    if tasks is not None and (repeats is None or len(set(repeats)) == 1):
        own = tasks.pattern
        bill = own.fact("bill", IdentityKey(scheduled), lambda: _Bill(own.program, scheduled))
        times = repeats[0] if repeats else 1
        for (layer, engine, work, dtype), count in bill.works.items():
            spent = times * count * costs[engine].of(bill.asked[work], dtype)
            dynamic[engine] += spent
            layers[layer] += spent
        for (layer, memory), nbytes in bill.nbytes.items():
            if memory in costs:
                spent = times * nbytes * costs[memory].byte_fj
                dynamic[memory] += spent
                layers[layer] += spent
    else:
        each = by_task(program, scheduled, costs)
        for task, parts, often in zip(program.tasks, each, repeats or repeat(1)):  # noqa: B905
            for name, spent in parts:
                dynamic[name] += often * spent
                layers[task.layer] += often * spent
    static = {name: -(-cost.static_uw * makespan_ps // _AJ_PER_FJ) for name, cost in costs.items()}
    return Energy(dynamic, static, tuple(layers), makespan_ps)


class _Bill:
    """The work of all tasks of a Pattern: grouped by layer, engine and data type, and on-chip bytes by layer
    and memory."""

    def __init__(self, program: Program, scheduled: Workload | Ledger) -> None:
        self.asked: dict[int, Work] = {}
        """Identical work, by identity."""
        self.works: Counter[tuple[int, str, int, str]] = Counter()
        self.nbytes: Counter[tuple[int, str]] = Counter()
        tensors = scheduled.tensors if isinstance(scheduled, Workload) else {}
        bits = {name: BITS[tensor.dtype] for name, tensor in tensors.items()}
        for task in program.tasks:
            if task.kind is not TaskKind.MOVE:
                self.asked[id(task.work)] = task.work
                self.works[task.layer, task.engine, id(task.work), _dtype(task, tensors)] += 1
            for region in (*task.reads, *task.writes):
                if region.buffer is not None:
                    buffer = program.buffers[region.buffer]
                    self.nbytes[task.layer, buffer.memory] += _bytes(region, buffer, bits)


def _dtype(task: Task, tensors: Mapping[str, Tensor]) -> str:
    """The data type of a task's work."""
    operand = tensors.get(task.reads[0].tensor) if task.reads else None
    return operand.dtype if operand is not None else "fp32"


def by_task(
    program: Program, scheduled: Workload | Ledger, costs: Mapping[str, EnergyCosts]
) -> Iterator[Sequence[tuple[str, int]]]:
    """Yields the energy of one run of each task: components and femtojoules, counted as `energy` does."""
    tensors = scheduled.tensors if isinstance(scheduled, Workload) else {}
    bits = {name: BITS[tensor.dtype] for name, tensor in tensors.items()}
    for task in program.tasks:
        parts = []
        if task.kind is not TaskKind.MOVE:
            parts.append((task.engine, costs[task.engine].of(task.work, _dtype(task, tensors))))
        for region in (*task.reads, *task.writes):
            if region.buffer is not None:
                buffer = program.buffers[region.buffer]
                if buffer.memory in costs:
                    parts.append((buffer.memory, _bytes(region, buffer, bits) * costs[buffer.memory].byte_fj))
        yield parts


def _bytes(region: Region, buffer: Buffer, bits: Mapping[str, int]) -> int:
    """Bytes of a region; of the whole buffer if the region names no part."""
    box = region.box
    width = bits.get(region.tensor)
    if box is None or width is None:
        return buffer.nbytes
    elements = 1
    for first, past in box:
        elements *= past - first
    return -(-elements * width // 8)
