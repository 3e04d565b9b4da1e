"""`simres rerun`: the same result again, or what differs."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import StoredResult
from simres.commands.session import Session
from simres.errors import AnswerIsNo, ExitCode


def rerun(
    session: Session,
    result: StoredResult,
    json: Annotated[bool, typer.Option("--json", help="Print the new result as JSON.")] = False,
) -> int:
    """Simulate a stored result's scenario and workload again and compare the Records."""
    from simres import api

    before, again = api.rerun(result, registry=session.registry)
    if json:
        from simres.reporting.emit import emit

        emit(again.to_document())
    changed = [
        f"{name} {then} then, {now or 'absent'} now"
        for name, then in before.origin.versions.items()
        if then != (now := again.origin.versions.get(name))
    ]
    if again.record != before.record:
        raise AnswerIsNo(
            f"the Record differs: {before.makespan_ps} ps then, {again.makespan_ps} ps now",
            "versions changed: " + "; ".join(changed) if changed else None,
        )
    if not json:
        spans = len(again.record.rows)
        session.output.print(f"The same Record again: {again.makespan_ps} ps, {spans} spans.")
    return ExitCode.OK
