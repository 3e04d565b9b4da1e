"""What the output stages of a chip's matrix units do leaves nothing to the host."""

from __future__ import annotations

from difflib import get_close_matches

from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.program.roles import ComponentRole
from simres.sharing.recent import IdentityKey
from simres.sharing.workbench import REWRITES, Workbench
from simres.workload.graph import Ledger, Workload
from simres.workload.kinds import KINDS


def without_epilogues(workload: Workload | Ledger, chip: Chip, bench: Workbench) -> Workload | Ledger:
    """The workload without what the output stages of all matrix units do for nothing.

    The same object where that is nothing. Raises `SimresError` for an epilogue that is no operator.
    """
    stated = [_epilogues(name, chip) for name in chip.named(ComponentRole.MATRIX)]
    kinds = frozenset.intersection(*stated) if stated else frozenset()
    if not kinds or isinstance(workload, Ledger):
        return workload
    from simres.passes.output_stage import in_output_stage

    key = (IdentityKey(workload), kinds)
    return bench.get(REWRITES, key, lambda: in_output_stage(workload, kinds))


def _epilogues(engine: str, chip: Chip) -> frozenset[str]:
    found = frozenset(getattr(chip.engines[engine], "epilogues", ()))
    for kind in sorted(found - KINDS.keys()):
        close = get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean `{close[0]}`?" if close else "docs/prices.md lists operators"
        place = f"hardware.{chip.component_of(engine)}.epilogues"
        raise SimresError(f"{place}: there is no operator `{kind}`", hint)
    return found
