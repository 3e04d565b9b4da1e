"""Applies the passes of a scenario in order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simres.errors import SimresError
from simres.plugins.hooks import NUMBERED
from simres.plugins.registry import Registry
from simres.workload.graph import Workload
from simres.workload.rules import problems_of_workload


def apply(names: Sequence[str], workload: Workload, registry: Registry) -> Workload:
    """`workload` after these passes, in this order. Raises `SimresError` for an unknown pass, or an invalid
    result, such as a batch of a network without a batch axis."""
    for name in names:
        declared = registry.pass_(name)
        if declared.numbered:
            found = re.fullmatch(NUMBERED, name)
            assert found is not None
            workload = registry.call(declared, workload, int(found[2]))
        else:
            workload = registry.call(declared, workload)
    if problem := next(problems_of_workload(workload), None):
        raise SimresError(
            f"`{workload.name}` is not a valid workload after the passes {', '.join(names)}: {problem}",
            "a batch needs a network whose inputs have the batch as first axis",
        )
    return workload
