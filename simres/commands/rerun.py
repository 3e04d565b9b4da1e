"""`simres rerun`: the same result again, or what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import global_options
from simres.errors import AnswerIsNo, ExitCode


def rerun(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result.json, or the folder it is in.")],
    json: Annotated[bool, typer.Option("--json", help="Print the new result as JSON.")] = False,
) -> int:
    """Simulate a stored result's scenario and workload again and compare the Records."""
    from simres import api

    before, again = api.rerun(result, registry=global_options.registry())
    if json:
        print(again.to_json(), end="")  # noqa: T201
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
        from simres.reporting.text.console import stdout

        spans = len(again.record.rows)
        stdout().print(f"The same Record again: {again.makespan_ps} ps, {spans} spans.", highlight=False)
    return ExitCode.OK
