"""The scheduler `paper`: a ledger's rows one by one, with nothing kept on chip."""

from __future__ import annotations

from pydantic import BaseModel

from simres.hardware.chip import Chip
from simres.program.draft import Draft
from simres.program.roles import ComponentRole
from simres.program.tasks import Program, TaskKind, Work
from simres.units import format_bytes
from simres.workload.graph import Ledger


def schedule(ledger: Ledger, chip: Chip, parameters: BaseModel) -> Program:  # noqa: ARG001
    """The sheet's rule (the paper's section 5 and appendix 8.2).

    For each row: the bus loads its coefficients, and its input map if that alone is larger than the on-chip
    memory; then the matrix unit does 2 operations per multiply-accumulate, then the host the stated
    operations. Input maps that fit, and all outputs, are never moved.
    """
    draft = Draft(chip, in_a_row=True)
    memory, spec = chip.scratchpad()
    spilled = [row for row in ledger.rows if row.ifmap_bytes > spec.capacity]
    for row in ledger.rows:
        draft.layer(row.name, "row")
        load = Work(nbytes=row.coefficient_bytes)
        bus = chip.fastest(ComponentRole.BUS, load)
        loads = [draft.task(bus, TaskKind.LOAD, load)]
        if row.ifmap_bytes > spec.capacity:
            ifmap = Work(nbytes=row.ifmap_bytes)
            loads.append(draft.task(bus, TaskKind.LOAD, ifmap))
        matrix = Work(macs=row.macs)
        done = draft.task(chip.fastest(ComponentRole.MATRIX, matrix), TaskKind.MATRIX, matrix, needs=loads)
        host = Work(vector_ops=row.host_ops)
        draft.task(chip.fastest(ComponentRole.HOST, host), TaskKind.HOST, host, needs=[done])
    return draft.freeze(
        "paper",
        ledger.digest,
        {
            "order": "rows one after the other, nothing overlaps",
            "input maps moved": f"{len(spilled)} of {len(ledger.rows)}: those larger than "
            f"{memory}'s {format_bytes(spec.capacity)}",
        },
    )
