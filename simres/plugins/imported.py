"""The result of an importer: a workload, and perhaps a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from simres.workload.graph import Ledger, Workload


@dataclass(frozen=True, slots=True)
class Imported:
    """A workload and, where the files describe a chip too, the scenario that runs it.

    `scenario` is YAML text without `name` and `workload`: hardware, scheduler, and comments that say where
    the figures come from. `left_out` names, a line each, what the files ask for and simres has not.
    """

    workload: Workload | Ledger
    scenario: str | None = None
    left_out: tuple[str, ...] = ()
