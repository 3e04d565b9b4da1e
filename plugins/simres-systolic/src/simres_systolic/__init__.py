"""Matrix arrays by mechanism, SCALE-Sim's counting among them, and a reader of SCALE-Sim's files."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Component, ComponentRole, Importer, Pass, Scheduler, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The kinds `array` and `vector`, and `systolic`, by which name `array` was known until 0.1."""
    yield Component(
        kind="array",
        role=ComponentRole.MATRIX,
        spec="simres_systolic.array:ArraySpec",
        summary="an array of multiply-accumulate cells: weight, output, input or row stationary",
    )
    yield Component(
        kind="systolic",
        role=ComponentRole.MATRIX,
        spec="simres_systolic.array:SystolicSpec",
        summary="an old name of the kind `array` with `counting: scalesim`: cycles as SCALE-Sim counts them",
        instead="`kind: array` with `counting: scalesim`",
    )
    yield Component(
        kind="vector",
        role=ComponentRole.HOST,
        spec="simres_systolic.vector:VectorSpec",
        summary="a vector unit that takes operators in passes through ports of its own",
    )


@hookimpl
def simres_passes() -> Iterator[Pass]:
    """The switch that counts outputs as SCALE-Sim does, and depthwise layers for the host."""
    yield Pass(
        name="depthwise_on_host",
        target="simres_systolic.depthwise:depthwise_on_host",
        summary="depthwise convolutions are the host's work, an operation for each multiply-accumulate",
    )
    yield Pass(
        name="scalesim_shapes",
        target="simres_systolic.shapes:scalesim_shapes",
        summary="the kind `array` counts output sizes rounded up, as SCALE-Sim does; nothing else changes",
    )


@hookimpl
def simres_schedulers() -> Iterator[Scheduler]:
    """The scheduler `row_stationary`."""
    yield Scheduler(
        shares=True,
        name="row_stationary",
        target="simres_systolic.layers:schedule",
        summary="convolutions in the passes of a row-stationary array, layer after layer",
    )


@hookimpl
def simres_importers() -> Iterator[Importer]:
    """Topologies and configurations."""
    yield Importer(
        name="scalesim",
        target="simres_systolic.importing:read",
        summary="SCALE-Sim topologies (.csv, convolutions or GEMM), and with a .cfg a scenario",
    )
