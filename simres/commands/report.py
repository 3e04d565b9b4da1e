"""`simres report`: a result as one HTML file to send round."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ResultName, Settings
from simres.commands.simulate import split
from simres.errors import SimresError


def report(
    result: ResultName,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Write the page to FILE.")
    ] = Path("report.html"),
    chip: ChipName = None,
    settings: Settings = None,
) -> None:
    """Write a result as one HTML file: summary, timeline to zoom, critical path, memory, layers, energy.

    The file holds all its data and asks for nothing else, so it can be opened offline, sent and printed.

    Examples: `simres report out -o report.html`, `simres report resnet20`,
    `simres report torchvision:resnet18 --chip tpu-like -o resnet18.html`.
    """
    from simres import api

    if output.is_dir():
        raise SimresError(f"`{output}` is a folder", f"name a file in it: `-o {output / 'report.html'}`")
    registry = global_options.registry()
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    found = api.find_result(result, chip=chip, overrides=overrides, registry=registry)

    from simres.files import write_text
    from simres.reporting.text.console import stdout

    write_text(output, registry.call(registry.reporter("html"), found))
    stdout().print(f"wrote {output}")
