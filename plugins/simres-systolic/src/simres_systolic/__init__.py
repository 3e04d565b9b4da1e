"""A systolic array that counts compute cycles as SCALE-Sim does, and reads SCALE-Sim's files."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Component, ComponentRole, Importer, Pass, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The kind `systolic`."""
    yield Component(
        kind="systolic",
        role=ComponentRole.MATRIX,
        spec="simres_systolic.array:SystolicSpec",
        summary="a systolic array, weight, output or input stationary; cycles as SCALE-Sim counts them",
    )


@hookimpl
def simres_passes() -> Iterator[Pass]:
    """The switch that counts outputs as SCALE-Sim does."""
    yield Pass(
        name="scalesim_shapes",
        target="simres_systolic.shapes:scalesim_shapes",
        summary="the kind `systolic` counts output sizes rounded up, as SCALE-Sim does; nothing else changes",
    )


@hookimpl
def simres_importers() -> Iterator[Importer]:
    """Topologies and configurations."""
    yield Importer(
        name="scalesim",
        target="simres_systolic.importing:read",
        summary="SCALE-Sim topologies (.csv, convolutions or GEMM), and with a .cfg a scenario",
    )
