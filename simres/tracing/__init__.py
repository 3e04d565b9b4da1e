"""From a PyTorch module to a `Workload`, by torch.export. torch is imported only when something is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simres.tracing.tracer import trace

__all__ = ["trace"]


def __getattr__(name: str) -> object:
    if name == "trace":
        from importlib import import_module

        return import_module("simres.tracing.tracer").trace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
