"""`simres saturate`: how many requests a chip takes before they wait too long."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from simres.commands.options import ScenarioOptions, Workers, pairs
from simres.commands.session import Session
from simres.errors import ExitCode


def saturate(
    session: Session,
    *,
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            metavar="WHAT=TIME",
            help="A latency to meet: p50, p90, p95, p99, p99.9, max, mean; for one tenant TENANT.p99.",
        ),
    ],
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant", metavar="NAME", help="Raise only this tenant's rate [default: all, in proportion]."
        ),
    ] = None,
    asked: ScenarioOptions,
    replications: Annotated[
        int,
        typer.Option("--replications", min=1, max=100, help="Runs at each rate, each with its own arrivals."),
    ] = 5,
    workers: Workers = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
) -> int:
    """Find the highest rate of requests at which latencies meet a target.

    Examples: `simres saturate stream --target p99=1ms`,
    `simres saturate two.yaml --target camera.p99.9=5ms --tenant camera`.
    """
    from simres import api
    from simres.exploration.worker_processes import cores

    scenario = session.scenario(asked)
    targets = pairs(target, "--target WHAT=TIME")
    result = api.saturate(
        scenario,
        targets,
        replications=replications,
        tenant=tenant,
        registry=session.registry,
        workers=workers or cores(),
    )
    if json:
        from simres.reporting.emit import VERSIONS, emit

        emit({"schema_version": VERSIONS["saturation"], **asdict(result)})
        return ExitCode.OK

    from simres.reporting.tables.saturation_table import saturation

    session.output.print_lines(saturation(result, session.page))
    return ExitCode.OK
