"""`simres report`: a result as one HTML file to send round."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres import jobs
from simres.commands.options import ResultOptions
from simres.commands.session import Session
from simres.errors import SimresError


def report(
    session: Session,
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Write the page to FILE.")
    ] = Path("report.html"),
    asked: ResultOptions,
) -> None:
    """Write a result as one HTML file: summary, timeline, critical path, memory, layers, energy.

    The file contains all its data: open it offline, send it, print it.

    Examples: `simres report out -o report.html`, `simres report resnet20`,
    `simres report torchvision:resnet18 --chip tpu-like -o resnet18.html`.
    """
    from simres.files import write_text

    if output.is_dir():
        raise SimresError(f"`{output}` is a folder", f"name a file in it: `-o {output / 'report.html'}`")
    found = session.result(asked)
    registry = session.registry
    with jobs.job(f"writing {output}"):
        write_text(output, registry.call(registry.reporter("html"), found))
    session.wrote(output)
