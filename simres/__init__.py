"""How long will my network take on this chip, and why?

    import simres
    result = simres.simulate("paper", overrides={"hardware.ddr.bandwidth": "2 GB/s"})
    result.makespan_ps

Everything public is here; it is imported when first used, and torch only by `trace`.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from simres.api import explore as explore
    from simres.api import load as load
    from simres.api import rerun as rerun
    from simres.api import simulate as simulate
    from simres.api import sweep as sweep
    from simres.api import trace as trace
    from simres.errors import AnswerIsNo as AnswerIsNo
    from simres.errors import SimresError as SimresError
    from simres.plugins.registry import Registry as Registry
    from simres.result import Result as Result
    from simres.scenario.model import Scenario as Scenario
    from simres.workload.graph import Ledger as Ledger
    from simres.workload.graph import Workload as Workload

_HOMES = {
    "AnswerIsNo": "simres.errors",
    "Ledger": "simres.workload.graph",
    "Registry": "simres.plugins.registry",
    "Result": "simres.result",
    "Scenario": "simres.scenario.model",
    "SimresError": "simres.errors",
    "Workload": "simres.workload.graph",
    "explore": "simres.api",
    "load": "simres.api",
    "rerun": "simres.api",
    "simulate": "simres.api",
    "sweep": "simres.api",
    "trace": "simres.api",
}

__all__ = [*_HOMES, "__version__"]


# Old names of modules, importable until 0.3. New names are in docs/stability.md.
_RENAMED = {
    "simres.hookspecs": "simres.plugins.hooks",
    "simres.imported": "simres.plugins.imported",
    "simres.kinds": "simres.workload.kinds",
    "simres.record": "simres.program.record",
    "simres.regions": "simres.workload.boxes",
    "simres.result_json": "simres.result.json",
    "simres.scenario.load": "simres.scenario.arrivals",
    "simres.scheduling.draft": "simres.program.draft",
    "simres.shipped": "simres.scenario.shipped",
    "simres.workload_json": "simres.workload.json",
}


class _OldNames:
    """Imports a module by its old name: warns, and returns the module of the new name."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, _OldNames) if name in _RENAMED else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_spec: ModuleSpec) -> None:
        return None

    @staticmethod
    def exec_module(module: Any) -> None:
        import warnings
        from importlib import import_module

        from simres.errors import RenamedWarning

        old = module.__name__
        new = _RENAMED[old]
        warnings.warn(
            f"`{old}` was renamed to `{new}`; the old name will be removed in 0.3",
            RenamedWarning,
            stacklevel=2,
        )
        sys.modules[old] = import_module(new)


sys.meta_path.append(_OldNames)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    try:
        return getattr(import_module(_HOMES[name]), name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return __all__
