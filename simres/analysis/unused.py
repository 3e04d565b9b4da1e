"""The parts of a chip that a Program does not use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from simres.program.names import EngineName
from simres.program.roles import ComponentRole
from simres.program.tasks import Program


def unused(program: Program, engines: Mapping[str, str], memories: Iterable[str]) -> dict[str, int]:
    """The components without a task, and the memories without a buffer: how many units of each, by name.

    `engines` are those of the chip with their roles, `memories` its memories. The channels of a bus are one;
    of equal units those without a task count. A ledger's Program holds nothing in memory, so that none is
    named.
    """
    tasks: Counter[EngineName] = Counter()
    for name, role in engines.items():
        if role != ComponentRole.MEMORY:
            tasks[_unit(name, role)] += 0
    for task in program.tasks:
        role = engines.get(task.engine, ComponentRole.MEMORY)
        if role != ComponentRole.MEMORY:
            tasks[_unit(task.engine, role)] += 1
    found = Counter(unit.component for unit, count in tasks.items() if not count)
    if program.buffers:
        held = {EngineName.parse(buffer.memory).component for buffer in program.buffers}
        found.update({EngineName.parse(name).component for name in memories} - held)
    return dict(found)


def _unit(name: str, role: str) -> EngineName:
    engine = EngineName.parse(name).shared
    return EngineName(engine.component) if role == ComponentRole.BUS else engine
