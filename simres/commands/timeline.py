"""`simres timeline`: a finished run drawn in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import LayerName, ResultOptions, moment
from simres.commands.session import Session


def timeline(
    session: Session,
    asked: ResultOptions,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Start there, such as `100 us`.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End there, such as `0.2 ms`.")
    ] = None,
    layer: LayerName = None,
    width: Annotated[
        int | None,
        typer.Option("--width", metavar="N", help="Columns to draw [default: the terminal's width]."),
    ] = None,
) -> None:
    """Draw what each engine did over time, and the occupancy of on-chip memory.

    Examples: `simres timeline out`, `simres timeline resnet20 --chip edge-npu`,
    `simres timeline out --from 100us --to 200us`, `simres timeline out --layer 'layers.0.*'`.
    """
    from simres.reporting.drawing.timeline_drawing import show_timeline

    since_ps = None if since is None else moment(since, "--from")
    until_ps = None if until is None else moment(until, "--to")
    show_timeline(
        session.result(asked), session.output, since_ps=since_ps, until_ps=until_ps, layer=layer, width=width
    )
