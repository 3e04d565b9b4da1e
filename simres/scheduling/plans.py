"""A plan: how the operators of a network are divided into stages, and each is cut. It has no times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from simres.scheduling.cuts import Cut
from simres.scheduling.groups import Groups


@dataclass(frozen=True)
class Plan:
    """Stages in the order in which they run, each as the numbers of its operators, and a cut for each
    operator.

    `streamed` are operators that read maps which are not all on chip by then, each with
    the bytes of maps that it has room for at a time. An operator without a cut is
    cut only as far as it has to be. `limits` are the bytes that each stage should hold at most, so that there
    is room for tiles side by side; there are none where it is empty.
    """

    stages: tuple[tuple[int, ...], ...]
    cuts: tuple[tuple[int, Cut], ...] = ()
    streamed: tuple[tuple[int, int], ...] = ()
    limits: tuple[int, ...] = ()

    @cached_property
    def cut_of(self) -> dict[int, Cut]:
        """The cut of each operator that has one."""
        return dict(self.cuts)

    @cached_property
    def room_of(self) -> dict[int, int]:
        """The bytes of maps that each operator that streams has room for at a time."""
        return dict(self.streamed)


def one_by_one(groups: Groups) -> Plan:
    """One group after the other, cut only as far as they have to be."""
    return Plan(groups.members)
