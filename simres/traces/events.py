"""The content of a trace of any profiler: lanes, slices on them, and links between slices."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple


class LaneKind(StrEnum):
    """What a lane of a trace is, and so the kind of its engine."""

    THREAD = "thread"
    """Runs code. Its slices nest, and between two of them it runs code without events, or waits."""
    STREAM = "stream"
    """A queue of a device: one slice after the other. Between two of them it has nothing to do."""
    COPIES = "copies"
    """The copies and fills of a stream."""


class Frame(IntEnum):
    """What a slice is part of."""

    OPERATOR = 0
    """An operator, or a slice of an unknown writer."""
    NOTE = 1
    """A stretch that a person named (`record_function`)."""
    MODULE = 2
    """A call of an `nn.Module`."""
    PYTHON = 3
    """A function of Python."""
    CALL = 4
    """A call of a driver or runtime, which may launch work."""
    DEVICE = 5
    """Work of a device."""


class Slice(NamedTuple):
    """A stretch of a lane, in picoseconds from the first event. `name` and `hint` (what its writer files it
    under, such as XProf's `hlo_category`) are texts; `correlation` links it to its launch, -1 for none."""

    start: int
    end: int
    name: str
    hint: str
    frame: Frame
    correlation: int = -1
    nbytes: int = 0


@dataclass(slots=True)
class Lane:
    """A thread, a stream, or the copies of one."""

    process: str
    thread: str
    kind: LaneKind
    name: str = ""
    """The name of its engine; empty for a lane that shows the time of others once more."""

    stream: int = -1
    """The number of its stream (`stream_number`), for streams and copies."""


def stream_number(device: int, stream: int) -> int:
    """One number for a stream of a device; -1 if there is no such stream."""
    return (device << 32) + stream if device >= 0 and stream >= 0 else -1


class Moment(NamedTuple):
    """A point of time on a lane (its number)."""

    lane: int
    ps: int


class Flow(NamedTuple):
    """A link that the file states: from one moment to another, of a category such as `fwdbwd`."""

    category: str
    source: Moment
    target: Moment


class StreamWait(NamedTuple):
    """What a synchronisation waited for, as CUPTI's `cuda_sync` events say: `correlation` is of the call that
    waits, `record` of the call that recorded the event it waits for (-1 for none), `on` the stream that was
    waited for, `stream` the one that is synchronised or waits (`stream_number`, -1 for all or none)."""

    kind: str
    correlation: int
    record: int
    on: int
    stream: int


@dataclass
class Columns:
    """Slices by column, as there may be millions of them. `name` and `hint` are indices into `texts`."""

    start: array[int] = field(default_factory=lambda: array("q"))
    end: array[int] = field(default_factory=lambda: array("q"))
    lane: array[int] = field(default_factory=lambda: array("i"))
    name: array[int] = field(default_factory=lambda: array("i"))
    hint: array[int] = field(default_factory=lambda: array("i"))
    frame: array[int] = field(default_factory=lambda: array("b"))
    correlation: array[int] = field(default_factory=lambda: array("q"))
    nbytes: dict[int, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.start)

    def add(self, lane: int, start: int, end: int, name: str, hint: str, frame: Frame) -> int:
        """Adds a slice without correlation; returns its number."""
        texts = self.texts
        self.start.append(start)
        self.end.append(end)
        self.lane.append(lane)
        self.name.append(texts.setdefault(name, len(texts)))
        self.hint.append(texts.setdefault(hint, len(texts)))
        self.frame.append(frame)
        self.correlation.append(-1)
        return len(self.start) - 1

    def slices(self, keep: Iterator[int]) -> Iterator[tuple[int, Slice]]:
        """Yields the slices of these numbers, each with its lane."""
        texts = list(self.texts)
        for at in keep:
            yield (
                self.lane[at],
                Slice(
                    self.start[at],
                    self.end[at],
                    texts[self.name[at]],
                    texts[self.hint[at]],
                    Frame(self.frame[at]),
                    self.correlation[at],
                    self.nbytes.get(at, 0),
                ),
            )


@dataclass
class Events:
    """The events of a trace, as far as they say something of time and order.

    `left_out` counts what was not used, by what it is, in words.
    """

    lanes: list[Lane]
    columns: Columns
    flows: list[Flow]
    waits: list[StreamWait]
    left_out: dict[str, int]
