"""Reads ONNX models into workloads."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Importer, hookimpl


@hookimpl
def simres_importers() -> Iterator[Importer]:
    """ONNX models."""
    yield Importer(
        name="onnx",
        target="simres_onnx.importing:read",
        summary="an ONNX model (.onnx): operators with costs and names; QDQ models as integers",
    )
