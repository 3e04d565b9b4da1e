"""A matrix unit whose speed depends on how a layer's shape fits its array."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Component, ComponentRole, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The kind `array`."""
    yield Component(
        kind="array",
        role=ComponentRole.MATRIX,
        spec="simres_utilisation.array:ArraySpec",
        summary="a matrix unit of rows x columns that small or odd shapes leave partly idle",
    )
