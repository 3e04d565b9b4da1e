"""A DMA engine that moves sparse activations compressed."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Component, ComponentRole, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The kind `zip`."""
    yield Component(
        kind="zip",
        role=ComponentRole.BUS,
        spec="simres_zip.spec:ZipSpec",
        summary="a DMA engine that leaves out the zeros of activations, by their measured density",
    )
