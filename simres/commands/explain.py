"""`simres explain`: where every microsecond went."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import ResultOptions
from simres.commands.session import Session


def explain(
    session: Session,
    asked: ResultOptions,
    whole: Annotated[bool, typer.Option("--all", help="Show every row of the table.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the answer, its causes and the critical path as JSON.")
    ] = False,
) -> None:
    """Explain why a run takes that long: its critical path by engine, layer, cause and holder.

    The parts add up to the makespan. A stored result needs a full record; loads over time have none.

    Examples: `simres explain resnet20`, `simres explain out --all`,
    `simres explain torchvision:resnet18 --chip tpu-like --set hardware.sram.capacity="1 MiB"`.
    """
    from simres.reporting.emit import emit
    from simres.reporting.tables.explanation_tables import document, show

    found = session.result(asked, record="full")
    if json:
        emit(document(found))
    else:
        show(found, session.output, whole=whole)
