"""`simres saturate`: how many requests a chip takes before they wait too long."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ScenarioName, Settings
from simres.commands.simulate import split
from simres.errors import ExitCode


def saturate(
    scenario: ScenarioName,
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            metavar="WHAT=TIME",
            help="A latency to keep: p50, p90, p95, p99, p99.9, max, mean; of one tenant as TENANT.p99.",
        ),
    ],
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant", metavar="NAME", help="Whose rate alone rises [default: all, in proportion]."
        ),
    ] = None,
    chip: ChipName = None,
    settings: Settings = None,
    replications: Annotated[
        int,
        typer.Option("--replications", min=1, max=100, help="Runs of each rate, with arrivals of their own."),
    ] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as one JSON document.")] = False,
) -> int:
    """Find the rate of requests at which a latency leaves its target.

    Examples: `simres saturate stream --target p99=1ms`,
    `simres saturate two.yaml --target camera.p99.9=5ms --tenant camera`.
    """
    from simres import api

    registry = global_options.registry()
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    found = api.find_scenario(scenario, chip=chip, overrides=overrides, registry=registry)
    targets = dict(split(text, "--target WHAT=TIME") for text in target)

    from simres.reporting.progress import counted
    from simres.reporting.text.console import stdout

    with counted() as done:
        result = api.saturate(
            found, targets, replications=replications, tenant=tenant, registry=registry, done=done
        )
    if json:
        print(json_module.dumps({"schema_version": 1, **asdict(result)}))  # noqa: T201
        return ExitCode.OK

    from simres.reporting.tables.saturation_table import saturation

    console = stdout()
    console.print_lines(saturation(result, console.page()))
    return ExitCode.OK
