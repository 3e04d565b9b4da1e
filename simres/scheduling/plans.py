"""A plan: the division of a network's operators into stages, and the cut of each. It has no times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from simres.scheduling.cuts import Cut
from simres.scheduling.groups import Groups, operators
from simres.workload.boxes import whole
from simres.workload.footprint import reads
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role


@dataclass(frozen=True)
class Plan:
    """Stages in the order in which they run, each as the numbers of its operators, and a cut for each
    operator.

    `streamed` are operators that read maps which are not all on chip by then, each with
    the bytes of maps that it has room for at a time. An operator without a cut is
    cut only as far as it has to be. `limits` are the bytes that each stage should hold at most, so that there
    is room for tiles side by side; there are none where it is empty. The weights of operators that are
    `reloaded` come more than once, as they have no room to stay. The whole plan runs for each of so many
    `parts` of the batch, one after the other.
    """

    stages: tuple[tuple[int, ...], ...]
    cuts: tuple[tuple[int, Cut], ...] = ()
    streamed: tuple[tuple[int, int], ...] = ()
    limits: tuple[int, ...] = ()
    parts: int = 1
    reloaded: frozenset[int] = frozenset()

    @cached_property
    def cut_of(self) -> dict[int, Cut]:
        """The cut of each operator that has one."""
        return dict(self.cuts)

    @cached_property
    def room_of(self) -> dict[int, int]:
        """The bytes of maps for which each streaming operator has room at a time."""
        return dict(self.streamed)


def in_halves(plan: Plan, workload: Workload) -> Plan | None:
    """The plan of half a batch for both halves of `workload`, one after the other.

    None if a half needs more than its own half of its inputs.
    """
    cuts = []
    for number, op in enumerate(operators(workload)):
        most = workload.axes[op.name].most
        cut = plan.cut_of.get(number) or Cut((1,) * len(most))
        if not cut.parts or 2 * cut.parts[0] > most[0] or not _apart(workload, op):
            return None
        cuts.append((number, replace(cut, parts=(2 * cut.parts[0], *cut.parts[1:]))))
    return replace(plan, cuts=tuple(cuts), parts=2 * plan.parts)


def _apart(workload: Workload, op: Op) -> bool:
    """Whether a half of an operator's output needs only the same half of the maps that it reads."""
    size, *others = workload.tensors[op.outputs[0]].shape
    for half in (0, 1):
        box = ((size * half // 2, size * (half + 1) // 2), *whole(others))
        for name, part in reads(workload, op, box):
            tensor = workload.tensors[name]
            if tensor.role is Role.WEIGHT or not part:
                continue
            (start, stop), batch = part[0], tensor.shape[0]
            if batch and not (batch * half // 2 <= start <= stop <= batch * (half + 1) // 2):
                return False
    return True


def one_by_one(groups: Groups) -> Plan:
    """One group after the other, each cut no more than necessary."""
    return Plan(groups.members)
