"""What a walk's tasks take on a chip: the steps of each operator in a queue, with prices, and the moves."""

from __future__ import annotations

from collections.abc import Mapping

from simres.hardware.chip import Chip
from simres.program.tasks import TaskKind, Work
from simres.scheduling.walk import UNITS, Walk

UNKNOWN = -1


class Queue:
    """The steps of one operator, in the order of the walk.

    `price` has for each of its engines what each of the walk's works takes there.
    """

    __slots__ = ("at", "engine", "engines", "position", "price", "ready_ps", "steps")

    def __init__(self, engines: list[str], price: dict[str, list[int]]) -> None:
        self.engines = engines
        self.engine = engines[0]
        self.price = price
        self.steps: list[int] = []
        self.at = 0
        self.position = -1
        """The next step, -1 after the last."""
        self.ready_ps = UNKNOWN
        """When what the next step reads is there, once that is known."""


def queues_of(walk: Walk, chip: Chip) -> list[Queue]:
    """The queues of all operators that have steps."""
    works, numbers = walk.works
    asked: dict[TaskKind, set[int]] = {}
    kinds = walk.kinds
    for position, number in enumerate(numbers):
        asked.setdefault(kinds[position], set()).add(number)
    prices: dict[TaskKind, dict[str, list[int]]] = {}
    names: dict[TaskKind, list[str]] = {}
    found = []
    for op in walk.tiling.ops:
        kind, role = UNITS.get(op.unit, (TaskKind.MOVE, None))
        if kind not in prices:
            if role is not None:
                chip.fastest(role, walk.steps[0].work)  # says so when there is none
            names[kind] = [walk.tiling.memory] if role is None else list(chip.named(role))
            prices[kind] = {
                name: [
                    chip.engines[name].duration_ps(work) if number in asked.get(kind, ()) else 0
                    for number, work in enumerate(works)
                ]
                for name in names[kind]
            }
        found.append(Queue(names[kind], prices[kind]))
    for position, step in enumerate(walk.steps):
        found[step.op].steps.append(position)
    for queue in found:
        queue.position = queue.steps[0] if queue.steps else -1
    return [queue for queue in found if queue.steps]


def left_ps(walk: Walk, queues: list[Queue]) -> dict[str, int]:
    """What all steps take, by engine that is the only one of its role, in picoseconds."""
    numbers = walk.works[1]
    found: dict[str, int] = {}
    for queue in queues:
        if len(queue.engines) == 1:
            name, each = queue.engine, queue.price[queue.engine]
            found[name] = found.get(name, 0) + sum([each[numbers[position]] for position in queue.steps])
    return found


def move_ps(walk: Walk, chip: Chip) -> tuple[list[int], dict[int, int]]:
    """Picoseconds that each load takes, and by stay that is stored those of storing it."""
    nbytes = walk.tiling.pieces.nbytes
    price = {amount: bus_ps({amount: 1}, chip) for amount in walk.moves}
    stored = {stay.number: price[nbytes[stay.piece]] for stay in walk.residency.stays if stay.stored}
    return [price[load.nbytes] for load in walk.loads], stored


def bus_ps(moved: Mapping[int, int], chip: Chip) -> int:
    """Picoseconds of so many loads and stores of each number of bytes."""
    total = 0
    for nbytes, times in moved.items():
        work = Work(nbytes)
        engine, _ = chip.load_and_store(work)
        total += chip.engines[engine].duration_ps(work) * times
    return total
