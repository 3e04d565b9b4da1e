"""Applies the passes of a scenario in order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from simres.plugins.hooks import NUMBERED
from simres.plugins.registry import Registry
from simres.workload.graph import Workload


def apply(names: Iterable[str], workload: Workload, registry: Registry) -> Workload:
    """`workload` after these passes, in this order. Raises `SimresError` where one is unknown."""
    for name in names:
        declared = registry.pass_(name)
        if declared.numbered:
            found = re.fullmatch(NUMBERED, name)
            assert found is not None
            workload = registry.call(declared, workload, int(found[2]))
        else:
            workload = registry.call(declared, workload)
    return workload
