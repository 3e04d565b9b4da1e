"""`simres verify`: checks a stored result, its Program, its run and its lower bound."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import StoredResult
from simres.commands.session import Session
from simres.errors import AnswerIsNo, ExitCode


def verify(
    session: Session,
    result: StoredResult,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> int:
    """Check a stored result with code that shares nothing with schedulers and simulation."""
    from simres import api
    from simres.reporting.emit import emit
    from simres.reporting.tables.verification_table import document, table
    from simres.verification.verify import verify

    findings = verify(api.load(result))
    if json:
        emit(document(findings))
    else:
        session.output.print_lines(table(findings, session.page))
    if broken := [finding for finding in findings if not finding.holds]:
        raise AnswerIsNo(f"{len(broken)} of {len(findings)} checks fail: {broken[0].problem}")
    return ExitCode.OK
