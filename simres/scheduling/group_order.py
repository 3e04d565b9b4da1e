"""An order of a network's groups: the live maps between them, and the bytes that a stage moves."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from simres.scheduling.options import Option
from simres.scheduling.outline import Outline


class Stage(NamedTuple):
    """The figures that all options of a stage share, in bytes.

    `maps` are the maps read, in the order of `Outline.maps`. `passing` are live maps that the stage does not
    read; of those `read`, some are `kept` for later stages. `made` are live after the stage, `left` are
    outputs of the network.
    """

    maps: list[int]
    passing: int
    read: int
    kept: int
    made: int
    left: int


class Off(IntEnum):
    """The maps read by a stage that are partly off-chip."""

    NONE = 0
    BESIDE = 1
    """Of others than those that its option streams."""
    STREAMED = 2
    """Of those, too."""


class GroupOrder:
    """One order of a network's groups. `done` are, by boundary, the operators before it, a bit for each."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        groups = outline.groups
        self.count = len(groups.members)
        self.done = [0]
        for members in groups.members:
            self.done.append(self.done[-1] | sum(1 << number for number in members))
        self.live = [{name: outline.tensors[name].nbytes for name in names} for names in groups.live]
        self.live_bytes = [sum(found.values()) for found in self.live]
        self.outputs = {outline.workload.storage(name) for name in outline.workload.outputs}
        self._stages: dict[tuple[int, int], Stage] = {}

    def stage(self, first: int, end: int) -> Stage:
        """The stage of groups `first` to `end` - 1."""
        found = self._stages.get((first, end))
        if found is None:
            outline, before, after = self.outline, self.live[first], self.live[end]
            numbers = outline.numbers(first, end)
            maps = outline.maps(numbers)
            passing = sum(nbytes for name, nbytes in before.items() if name not in maps)
            kept = sum(before.get(name, 0) for name in maps if name in after)
            made = sum(nbytes for name, nbytes in after.items() if name not in before)
            left = sum(
                outline.tensors[name].nbytes
                for number in numbers
                for name in outline.ops[number].outputs
                if name in self.outputs
            )
            nbytes = [before.get(name, 0) for name in maps]
            found = self._stages[first, end] = Stage(nbytes, passing, sum(nbytes), kept, made, left)
        return found


def moved_by(
    resident: int, option: Option, stage: Stage, live: int, leading: int, capacity: int
) -> tuple[int, int, int, Off, int] | None:
    """The outcome of a stage; None if it does not fit.

    Returns the bytes on chip after the stage, the bytes and transfers that it moves, the maps that it reads
    from off-chip, and the bytes that are free throughout. Before it, `resident` of the `live` bytes are on
    chip, and `leading` of the maps that it streams.
    """
    passing, whole = stage.passing, option.whole
    room = capacity - option.held
    unstreamed = passing + stage.read - leading
    stay = min(resident, room - whole + leading if whole > leading else room)
    if live - stay <= unstreamed:
        space = room  # all that it streams is on chip
    else:
        space = room - option.stream
        stay = min(resident, space, live - leading) if option.strips else min(resident, space)
        missing = whole - max(0, leading - max(0, live - stay - unstreamed))
        if missing > 0:
            stay = min(stay, space - missing)
    if stay < 0:
        return None
    off = live - stay
    on_passing, off_read = (0, off - passing) if off > passing else (passing - off, 0)
    off_leading = off - unstreamed if off > unstreamed else 0
    on_leading = leading - off_leading
    missing = whole - on_leading if whole > on_leading else 0
    kept = min(stage.kept, stage.read - off_read)
    if stay + missing > space:
        return None
    used = on_leading if option.to_end else min(on_leading, whole)
    left = space - on_passing - max(kept, used) - missing
    if left < 0:
        return None
    grown = stage.made if left + option.result >= stage.made else left
    loaded = option.weights + int(off_leading * option.times) + off_read - off_leading
    stored = resident - stay + stage.made - grown + stage.left
    after = on_passing + kept + grown
    free = space - max(stay + missing, after - max(0, grown - left))
    transfers = option.transfers(reads=off_leading > 0, stores=grown < stage.made or stage.left > 0)
    where = Off.NONE if not off_read else Off.STREAMED if off_leading else Off.BESIDE
    return after, loaded + stored, transfers, where, free
