"""`simres trace`: a PyTorch network in, a workload file out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres import jobs
from simres.commands.options import AllowUnmodelled, Shape, TrustFactory
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError
from simres.files import STDIO

if TYPE_CHECKING:
    from simres.networks.network_names import NetworkName
    from simres.workload.graph import Workload


def trace(
    session: Session,
    *,
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
            help="Shape of an input without the batch, once per input: 3x32x32, 128:int64 for indices, "
            "scalar:int64 for one number per inference, mask=16 by name, batch.image=3x8x8 in a dictionary.",
        ),
    ] = None,
    batch: Annotated[
        str,
        typer.Option("--batch", metavar="N", help="Batch size; `none` takes the shapes as they are."),
    ] = "1",
    block: Annotated[
        str | None,
        typer.Option(
            "--block", metavar="NAME", help="Residual block of a CIFAR network; see `simres plugins`."
        ),
    ] = None,
    shape: Shape,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="NAME",
            help="Measure density and size of a checkpoint's activations on these images.",
        ),
    ] = None,
    images: Annotated[int, typer.Option("--images", min=1, help="Number of images for `--data`.")] = 256,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the workload to FILE (JSON).")
    ] = None,
    allow_unmodelled: AllowUnmodelled = False,
    trust_factory: TrustFactory = False,
) -> int:
    """Trace a network to a workload file; simulating it does not need PyTorch.

    Examples: `simres trace resnet20 -o resnet20.json`,
    `simres trace mynet:build --input 3x64x64 -o mynet.json`.
    """
    from simres.networks import network_names as names
    from simres.plugins.registry import resolve
    from simres.tracing.input_shapes import parse_batch

    named = names.parse(network)
    registry, console = session.registry, session.output
    with jobs.job(f"tracing {named}"):
        from simres.tracing import trace_network

        workload = trace_network(
            named,
            input_shape=inputs or None,
            batch=parse_batch(batch),
            block=resolve(registry.block(block).target) if block else None,
            shortcut=shape.shortcut,
            span=shape.span,
            stem=shape.stem,
            operators=registry.operators(),
            allow_unmodelled=allow_unmodelled,
            trusted=trust_factory,
        )
    if data is not None:
        with jobs.job(f"measuring activations on {images} images"):
            workload = _measured(session, workload, named, data, images, trusted=trust_factory)
    if output is None:
        from simres.reporting.tables.workload_table import workload_table

        console.print_lines(workload_table(workload, session.page))
        session.messages.print(f"not written; to write it: simres trace {network} -o {named.file_stem}.json")
        return ExitCode.OK

    from simres.units import format_bytes, format_count
    from simres.workload.json import write

    write(workload, output)
    if output == STDIO:
        return ExitCode.OK
    console.print(
        f"{workload.name}: {format_count(workload.macs)} MACs, "
        f"{format_count(workload.vector_ops)} vector ops, {format_bytes(workload.weight_bytes)} of weights"
    )
    console.print(f"coverage: {workload.coverage}")
    for warning in workload.warnings:
        session.messages.print(f"warning: {warning}", style="warning")
    session.wrote(output)
    return ExitCode.OK


def _measured(
    session: Session, workload: Workload, named: NetworkName, data: str, images: int, *, trusted: bool
) -> Workload:
    """The workload with what its activations come to on test images."""
    from simres.commands.torch_setup import open_images
    from simres.networks.network_names import Family

    if named.family is not Family.CHECKPOINT:
        raise SimresError(
            f"`{named}` is not trained, so its activations are meaningless", "name a checkpoint"
        )
    from simres.tracing.densities import measure
    from simres.training.block_removal import spread
    from simres.training.trained_network import trained

    found = trained(Path(named.name), session.registry, trusted=trusted)
    batches = found.testing(found.images(data, open_images))
    rows = spread(len(batches), images)
    chunks = (batches.rows(rows[at : at + 64]) for at in range(0, len(rows), 64))
    return measure(workload, found.module, chunks, session.registry.operators())
