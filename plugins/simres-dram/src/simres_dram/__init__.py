"""DRAM at the level of banks and rows, in place of a bus with a fixed rate."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Component, ComponentRole, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The kind `dram`."""
    yield Component(
        kind="dram",
        role=ComponentRole.BUS,
        spec="simres_dram.spec:DramSpec",
        engine="simres_dram.engine:Dram",
        summary="DDR3 or DDR4 with its banks, rows, queues and refresh, in place of a bus of fixed rate",
    )
