"""Which hosts of a chip run which operators (`runs`): what is refused, and what is said."""

from __future__ import annotations

from collections.abc import Iterator

from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.program.roles import ComponentRole
from simres.workload.graph import Ledger, Workload


class NoHost(SimresError):
    """No host of the chip runs an operator; `component` is one that states what it runs."""

    def __init__(self, message: str, hint: str, component: str) -> None:
        super().__init__(message, hint)
        self.component = component


def refuse_unrun(workload: Workload | Ledger, chip: Chip) -> None:
    """Raises `NoHost` if no host runs an operator of the workload, though there are hosts."""
    shares = chip.shares
    if not shares:
        return
    stating = [name for name in chip.parts if chip.parts[name].operators() is not None]
    if isinstance(workload, Ledger):
        if not shares[""]:
            raise NoHost(
                f"every host states what it `runs`, and the ledger `{workload.name}` does not say which "
                "operators it has",
                "have one host without `runs`, or with `any` in it",
                stating[0],
            )
        return
    unrun = {
        part.kind: op.name
        for op in reversed(workload.ops)
        for part in op.parts()
        if part.vector_ops and not chip.able(ComponentRole.HOST, part.kind)
    }
    if unrun:
        kinds = list(reversed(unrun))
        more = f", nor {', '.join(f'`{kind}`' for kind in kinds[1:])}" if kinds[1:] else ""
        raise NoHost(
            f"no host runs `{kinds[0]}`, an operator of {workload.name} (`{unrun[kinds[0]]}`){more}",
            f"add it to `hardware.{stating[0]}.runs`, or have a host without `runs`: it takes all others",
            stating[0],
        )


def shares_of(workload: Workload | Ledger, chip: Chip) -> Iterator[str]:
    """Says which hosts run which operators of the workload: `softmax on sfu`."""
    if not chip.shares or isinstance(workload, Ledger):
        return
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for kind, _ in workload.vector_ops_by_kind:
        names = chip.shares.get(kind, chip.shares[""])
        found.setdefault(names, {})[kind] = None
    for names in sorted(found, key=[*chip.shares.values()].index):
        yield f"{', '.join(found[names])} on {' and '.join(names)}"
