"""The result of an importer: a workload, and optionally a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from simres.workload.graph import Ledger, Workload


@dataclass(frozen=True, slots=True)
class Imported:
    """A workload and, where the files also describe a chip, the scenario that runs it.

    `scenario` is YAML text without `name` and `workload`: hardware, scheduler, and comments that state the
    sources of the figures. `left_out` lists, one per line, the features of the files that simres does not
    support.
    """

    workload: Workload | Ledger
    scenario: str | None = None
    left_out: tuple[str, ...] = ()
