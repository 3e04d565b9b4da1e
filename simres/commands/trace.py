"""`simres trace`: a PyTorch network in, a workload file out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import choices
from simres.errors import ExitCode


def trace(
    network: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="resnet20, cifar:resnet50, torchvision:resnet50, package.module:factory or a checkpoint.",
        ),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="Once for each input, without the batch: 3x32x32, or 128:int64 for indices.",
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Images at once.")] = 1,
    block: Annotated[
        str | None,
        typer.Option(
            "--block", metavar="NAME", help="Residual block of a CIFAR network; see `simres plugins`."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the workload to FILE (JSON).")
    ] = None,
    allow_unmodelled: Annotated[
        bool, typer.Option("--allow-unmodelled", help="Let operators without a price pass, with a warning.")
    ] = False,
) -> int:
    """Trace a network into a workload file, which needs PyTorch no more.

    Examples: `simres trace resnet20 -o resnet20.json`,
    `simres trace mynet:build --input 3x64x64 -o mynet.json`.
    """
    from simres.networks import names
    from simres.plugins import resolve
    from simres.reporting.console import can_draw, stderr, stdout
    from simres.tracing import trace_network

    named = names.parse(network)
    registry = choices.registry()
    workload = trace_network(
        named,
        input_shape=inputs or None,
        batch=batch,
        block=resolve(registry.block(block).target) if block else None,
        operators=registry.operators(),
        allow_unmodelled=allow_unmodelled,
    )
    if output is None:
        from simres.reporting.workload_table import workload_table

        console = stdout()
        table = workload_table(workload, console.width, draw=can_draw(console), clip=console.is_terminal)
        console.print_lines(table)
        stderr().print(f"not written; to keep it: simres trace {network} -o {named.file_stem}.json")
        return ExitCode.OK

    from simres.units import format_bytes, format_count
    from simres.workload_json import write

    write(workload, output)
    console = stdout()
    console.print(
        f"{workload.name}: {format_count(workload.macs)} MACs, "
        f"{format_count(workload.vector_ops)} vector ops, {format_bytes(workload.weight_bytes)} of weights"
    )
    console.print(f"coverage: {workload.coverage}")
    for warning in workload.warnings:
        stderr().print(f"warning: {warning}", style="warning")
    console.print(f"wrote {output}")
    return ExitCode.OK
