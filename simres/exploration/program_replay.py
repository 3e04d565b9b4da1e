"""Replays schedules made for one chip on that chip or on another."""

from __future__ import annotations

from simres.errors import InvariantViolation
from simres.planning.crew import Crew, record_of, run_crew
from simres.program.record import Record
from simres.program.tasks import Program
from simres.program.tenants import ONLY, view_name
from simres.simulation.check import check
from simres.units import format_bytes
from simres.workload.graph import Ledger


class ProgramDoesNotFit(Exception):
    """A schedule needs more of a memory than exists; the message states how much."""


def replay(crew: Crew) -> tuple[Program, Record]:
    """Returns a crew's Program and full Record. Raises `InvariantViolation` if it cannot run on its chip."""
    return crew.program, record_of(crew, run_crew(crew))


def fit(crew: Crew, before: Record) -> None:
    """Raises `ProgramDoesNotFit` unless the schedules fit the memories of their chip.

    `before` is a run of them on another chip.
    """
    for name, member in crew.members.items():
        for memory, spec in member.chip.memories.items():
            peak = before.memories[view_name(memory, name)].peak
            if peak <= spec.capacity:
                continue  # its usage never exceeds the new capacity, so nothing changes
            try:
                for program in {id(program): program for program, _ in member.starts}.values():
                    check(program, member.chip, Ledger("", ()))
            except InvariantViolation:
                had, has = format_bytes(peak), format_bytes(spec.capacity)
                who = "it" if name == ONLY else f"`{name}`"
                raise ProgramDoesNotFit(f"{who} keeps {had} in `{memory}` at once, more than {has}") from None
