"""The costs of a walk's tasks on a chip: a queue of the steps of each operator, and the transfers."""

from __future__ import annotations

from collections.abc import Mapping

from simres.hardware.chip import Chip
from simres.program.tasks import TaskKind, Work
from simres.scheduling.walk import UNITS, Walk
from simres.workload.operators import Op

UNKNOWN = -1


class Queue:
    """The steps of one operator, in the order of the walk.

    `price` has, for each of its engines, the cost of each of the walk's works.
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
        """When the inputs of the next step are available, once that is known."""


def queues_of(walk: Walk, chip: Chip) -> list[Queue]:
    """The queues of all operators that have steps."""
    works, numbers = walk.works
    places = [_engines(op, walk, chip) for op in walk.tiling.ops]
    asked: dict[_Place, set[int]] = {place: set() for place in places}
    for step, number in zip(walk.steps, numbers, strict=True):
        asked[places[step.op]].add(number)
    prices = {
        place: {
            name: [
                chip.engines[name].duration_ps(work) if number in those else 0
                for number, work in enumerate(works)
            ]
            for name in place[1]
        }
        for place, those in asked.items()
    }
    found = [Queue(list(place[1]), prices[place]) for place in places]
    for position, step in enumerate(walk.steps):
        found[step.op].steps.append(position)
    for queue in found:
        queue.position = queue.steps[0] if queue.steps else -1
    return [queue for queue in found if queue.steps]


_Place = tuple[TaskKind, tuple[str, ...]]


def _engines(op: Op, walk: Walk, chip: Chip) -> _Place:
    """The role of an operator's steps, and the engines that can run them."""
    if op.unit not in UNITS:
        return TaskKind.MOVE, (walk.tiling.memory,)
    kind, role = UNITS[op.unit]
    able = chip.able(role, op.kind)
    if not able:
        chip.fastest(role, Work(op=op))  # says so
    return kind, tuple(able)


def left_ps(walk: Walk, queues: list[Queue]) -> dict[str, int]:
    """The time of all steps without a choice of engines, by engine, in picoseconds."""
    numbers = walk.works[1]
    found: dict[str, int] = {}
    for queue in queues:
        if len(queue.engines) == 1:
            name, each = queue.engine, queue.price[queue.engine]
            found[name] = found.get(name, 0) + sum([each[numbers[position]] for position in queue.steps])
    return found


def move_ps(walk: Walk, chip: Chip) -> tuple[list[int], dict[int, int]]:
    """The picoseconds of each load, and of the store of each stored stay."""
    nbytes = walk.tiling.pieces.nbytes
    price = {amount: bus_ps({amount: 1}, chip) for amount in walk.moves}
    stored = {stay.number: price[nbytes[stay.piece]] for stay in walk.residency.stays if stay.stored}
    return [price[load.nbytes] for load in walk.loads], stored


def bus_ps(moved: Mapping[int, int], chip: Chip) -> int:
    """The picoseconds of these numbers of loads and stores by bytes."""
    total = 0
    for nbytes, times in moved.items():
        work = Work(nbytes)
        engine, _ = chip.load_and_store(work)
        total += chip.engines[engine].duration_ps(work) * times
    return total
