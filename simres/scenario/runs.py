"""The operators that hosts name in `runs`: there must be such."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from simres.hardware.chip import ANY
from simres.hardware.specs import ComponentSpec, EngineSpec
from simres.scenario.assignment import KnownParts
from simres.scenario.problems import Problems


def check_runs(problems: Problems, registry: KnownParts, hardware: Mapping[str, ComponentSpec]) -> None:
    """Records names that no operator of hosts has. A plugin's operator with a `target` may have any, so that
    then only what looks misspelt counts."""
    for name, spec in hardware.items():
        stated = spec.operators() if isinstance(spec, EngineSpec) else None
        if not stated:
            continue
        from simres.workload.kinds import KINDS
        from simres.workload.operators import Unit

        declared = registry.operators().values()
        known = {kind for kind, entry in KINDS.items() if entry.unit is not Unit.MOVE}
        known |= {operator.kind for operator in declared} | {ANY}
        places = problems.document.data["hardware"][name].get("runs", ())
        for kind in sorted(stated - known):
            close = get_close_matches(kind, known, n=1)
            if not close and any(not operator.kind for operator in declared):
                continue
            place = (places.index(kind),) if kind in places else ()
            problems.add(
                ("hardware", name, "runs", *place),
                f"hosts have no operator `{kind}`" + (f"; did you mean `{close[0]}`?" if close else ""),
                hint="docs/prices.md lists the operators of hosts",
            )
