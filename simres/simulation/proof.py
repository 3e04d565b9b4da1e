"""Proofs that hold for every order of a Program's tasks, made once.

The Pattern determines what tasks read and write, and what happens before what as a result. An order adds
that each task comes after those it waits for, and that its reservations never exceed a memory.
"""

from __future__ import annotations

from itertools import accumulate
from operator import lt, sub

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.program.orders import OrderedTasks, Pattern, order_of
from simres.program.tasks import Program
from simres.sharing.recent import IdentityKey
from simres.simulation.check import Check, check
from simres.workload.graph import Workload


def prove(program: Program, chip: Chip, workload: Workload) -> None:
    """Raises `InvariantViolation` in exactly the cases in which `simres.simulation.check.check` does."""
    tasks = order_of(program)
    if tasks is None or not (_holds(tasks.pattern, chip, workload) and fits(tasks, chip)):
        check(program, chip, workload)


def _holds(pattern: Pattern, chip: Chip, workload: Workload) -> bool:
    """Whether all orders of a Pattern are sound on chips with these engines, as far as this can be proven."""
    roles = tuple((name, chip.roles[chip.component_of(name)]) for name in chip.engines)
    key = (IdentityKey(workload), roles, tuple(chip.shares.items()), tuple(chip.memories))
    return pattern.fact("proof", key, lambda: _proof(pattern, chip, workload))


def _proof(pattern: Pattern, chip: Chip, workload: Workload) -> bool:
    found = Check(pattern.program, chip, workload, pattern.free)
    try:
        found.tasks()
        found.regions(workload, found.buffers())
        found.amounts(workload)
    except InvariantViolation:
        return False  # the order at hand may still hold
    return True


def fits(tasks: OrderedTasks, chip: Chip) -> bool:
    """Whether each task occurs once, after all that it waits for, and reservations fit the memories."""
    places, program = tasks.places, tasks.pattern.program
    count = len(program.tasks)
    if len(tasks.order) != count or sum(places) != count * (count - 1) // 2 or len(set(tasks.order)) != count:
        return False
    earlier, later = tasks.pattern.ordered
    if not all(map(lt, map(places.__getitem__, earlier), map(places.__getitem__, later))):
        return False
    taken = {name: [0] * (count + 1) for name in chip.memories}
    given = {name: [0] * (count + 1) for name in chip.memories}
    reserved_by = tasks.pattern.reserved_by
    sizes: dict[tuple[str, int], int] = {}
    for number, buffer in enumerate(program.buffers):
        key = (buffer.memory, buffer.nbytes)
        size = sizes.get(key)
        if size is None:
            size = sizes[key] = chip.memories[buffer.memory].occupied(buffer.nbytes)
        by = reserved_by[number]
        since = places[by] if by >= 0 else 0
        taken[buffer.memory][since] += size
        if buffer.freed_by:  # freed after the last of its users, so from the next task on
            used = [places[task] for task in buffer.freed_by]
            if min(used) < since:
                return False
            given[buffer.memory][max(used) + 1] += size
    return all(
        max(accumulate(map(sub, taken[name], given[name]))) <= memory.capacity
        for name, memory in chip.memories.items()
    )
