"""Programs that differ only in the order of their tasks, and the facts that all these orders share.

The tasks, their waits and their buffers often follow from the network and the memory alone, and only the
order from the speed of the engines. A `Pattern` holds the tasks, `OrderedTasks` has them in one order. A
fact that holds for every order is derived, or proven, once per Pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

from simres.program.tasks import Buffer, Program, Region, Task

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Pattern:
    """Tasks that can be issued in several orders, as a Program in one of them.

    `free` are the engines whose tasks may change places; tasks of other engines stay in their order.
    """

    program: Program
    free: frozenset[str] = frozenset()
    _facts: dict[str, tuple[object, Any]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.program.resident_in != tuple(range(len(self.program.resident_in))):
            raise ValueError("what is there before comes first among the buffers")

    def fact(self, what: str, key: object, make: Callable[[], T]) -> T:
        """A fact that holds for all orders: the cached one, or the result of `make`.

        The `key` has what it depends on in addition to the Pattern. The last fact of each sort is kept.
        """
        known = self._facts.get(what)
        if known is None or known[0] != key:
            known = self._facts[what] = (key, make())
        found: T = known[1]
        return found

    @cached_property
    def ordered(self) -> tuple[list[int], list[int]]:
        """The pairs of tasks whose order never changes: the list of the earlier tasks, and that of the later
        ones."""
        earlier: list[int] = []
        later: list[int] = []
        last: dict[str, int] = {}
        for number, task in enumerate(self.program.tasks):
            before = {*task.needs, *task.after}
            if task.engine not in self.free:
                if task.engine in last:
                    before.add(last[task.engine])
                last[task.engine] = number
            earlier += before
            later += [number] * len(before)
        return earlier, later

    @cached_property
    def reserved_by(self) -> list[int]:
        """By buffer: the task that reserves it, -1 for a buffer that is resident before."""
        found = [-1] * len(self.program.buffers)
        for number, task in enumerate(self.program.tasks):
            for buffer in task.reserves:
                found[buffer] = number
        return found


class _Lazy(Sequence[T], Generic[T]):
    """A sequence of known length whose items are made on first access."""

    def __init__(self, count: int) -> None:
        self._count = count

    @cached_property
    def _made(self) -> tuple[T, ...]:
        raise NotImplementedError

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        return self._made[at]

    def __iter__(self) -> Iterator[T]:
        return iter(self._made)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Lazy):
            return self._made == other._made
        return self._made == other

    def __hash__(self) -> int:
        return hash(self._made)

    def __repr__(self) -> str:
        return repr(self._made)


class OrderedTasks(_Lazy[Task]):
    """The tasks of a Pattern in an order: `order` has the Pattern's numbers of the first, second, ... task.

    Tasks are numbered by this order, and buffers in the order of reservation, after those that are resident
    before.
    """

    def __init__(self, pattern: Pattern, order: Sequence[int]) -> None:
        super().__init__(len(order))
        self.pattern = pattern
        self.order = order

    @cached_property
    def places(self) -> list[int]:
        """The place of each task of the Pattern in the order."""
        places = [0] * len(self.order)
        for place, task in enumerate(self.order):
            places[task] = place
        return places

    @cached_property
    def _placed(self) -> list[int]:
        """The number of each buffer of the Pattern in this order."""
        program = self.pattern.program
        numbers = list(program.resident_in)
        for task in self.order:
            numbers += program.tasks[task].reserves
        placed = [-1] * len(program.buffers)
        for place, number in enumerate(numbers):
            placed[number] = place
        return placed

    @cached_property
    def _made(self) -> tuple[Task, ...]:
        places, placed = self.places, self._placed
        known: dict[int, Region] = {}
        tasks = self.pattern.program.tasks
        return tuple([tasks[task].renumbered(places, placed, known) for task in self.order])


class OrderedBuffers(_Lazy[Buffer]):
    """The buffers of tasks in an order; only they refer to the tasks, so both are freed at once."""

    def __init__(self, issued: OrderedTasks) -> None:
        super().__init__(len(issued.pattern.program.buffers))
        self.issued = issued

    @cached_property
    def _made(self) -> tuple[Buffer, ...]:
        issued = self.issued
        places = issued.places
        found: list[Buffer | None] = [None] * len(self)
        for buffer, number in zip(issued.pattern.program.buffers, issued._placed, strict=True):
            found[number] = buffer.freed(sorted([places[task] for task in buffer.freed_by]))
        return tuple(buffer for buffer in found if buffer is not None)


def order_of(program: Program) -> OrderedTasks | None:
    """The order of its Pattern that a Program is; None for a Program without a Pattern."""
    tasks, buffers = program.tasks, program.buffers
    if (
        not isinstance(tasks, OrderedTasks)
        or not isinstance(buffers, OrderedBuffers)
        or buffers.issued is not tasks
    ):
        return None
    one = tasks.pattern.program
    same = program.layers is one.layers and program.resident_in == one.resident_in
    return tasks if same and program.resident_out == one.resident_out else None
