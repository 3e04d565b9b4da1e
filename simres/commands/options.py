"""Arguments and options that several commands take, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="A YAML file, a shipped scenario's name, or with --chip a network or traced file.",
    ),
]
ResultName = Annotated[
    str,
    typer.Argument(
        metavar="RESULT",
        help="A result.json, the folder that `simulate -o DIR` wrote it into, or a scenario to simulate now.",
    ),
]
ChipName = Annotated[
    str | None,
    typer.Option(
        "--chip",
        metavar="CHIP",
        help="Run a network on this chip: a YAML file, or one that `simres examples` names.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help='Change a value: hardware.ddr.bandwidth="2 GB/s".'),
]
ClusterName = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask cluster: tcp://HOST:PORT, a scheduler's file, or local:N.",
    ),
]
Span = Annotated[
    int | None, typer.Option("--span", min=1, max=9, help="Layers that a shortcut skips: 1, 2 or 3.")
]
Shortcut = Annotated[
    str | None, typer.Option("--shortcut", metavar="NAME", help="padded (A) or projection (B).")
]
Stem = Annotated[
    str | None,
    typer.Option("--stem", metavar="NAME", help="cifar fits a torchvision network to small images."),
]
Vary = Annotated[
    list[str] | None,
    typer.Option("--vary", metavar="PATH=VALUES", help='Once a knob: hardware.ddr.bandwidth="1,2 GB/s".'),
]
PlotFile = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", help="Draw the front too: PNG, SVG or PDF (extra `[plot]`), or HTML."
    ),
]
WholeFront = Annotated[bool, typer.Option("--all", help="Show the whole front.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes [default: one for each core].")
]
