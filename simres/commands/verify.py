"""`simres verify`: checks a stored result, its Program, its run and its lower bound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.errors import AnswerIsNo, ExitCode


def verify(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result.json, or the folder it is in.")],
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> int:
    """Check a stored result with code that shares nothing with schedulers and simulation."""
    from simres import api
    from simres.reporting.tables.verification_table import document, table
    from simres.reporting.text.console import stdout
    from simres.verification.verify import verify

    found = api.load(result)
    findings = verify(found)
    if json:
        print(document(findings), end="")  # noqa: T201
    else:
        console = stdout()
        console.print_lines(table(findings, console.page()))
    if broken := [finding for finding in findings if not finding.holds]:
        raise AnswerIsNo(f"{len(broken)} of {len(findings)} checks fail: {broken[0].problem}")
    return ExitCode.OK
