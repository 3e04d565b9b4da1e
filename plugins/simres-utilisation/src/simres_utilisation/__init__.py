"""The kind `array` is part of `simres-systolic`; this package, which had it until 0.1, only asks for that."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Component, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """None of its own."""
    yield from ()
