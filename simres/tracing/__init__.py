"""Traces a PyTorch module to a Workload by torch.export; torch is imported when something is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simres.errors import SimresError, install

if TYPE_CHECKING:
    from simres.tracing.tracer import trace, trace_network

__all__ = ["trace", "trace_network"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module("simres.tracing.tracer"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("torch", "torchvision"):
            raise
        raise SimresError(
            f"tracing a network needs {error.name}, which is not installed", install("torch")
        ) from error
