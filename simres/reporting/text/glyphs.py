"""Characters of drawings: block elements if the stream can encode them, else ASCII."""

from __future__ import annotations

from dataclasses import dataclass, field

from simres.program.record import Cause
from simres.program.tasks import TaskKind


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of drawings, distinct without colour. `levels` rise from an eighth to a full cell."""

    full: str
    waiting: str
    idle: str
    tick: str
    line: str
    edge: str
    levels: str
    kinds: dict[TaskKind, str] = field(default_factory=dict)
    causes: dict[Cause, str] = field(default_factory=dict)


BLOCKS = Glyphs(
    full="█",
    waiting="░",
    idle="·",
    tick="┬",
    line="─",
    edge="│",
    levels="▁▂▃▄▅▆▇█",
    kinds={
        TaskKind.LOAD: "▀",
        TaskKind.STORE: "▄",
        TaskKind.MATRIX: "█",
        TaskKind.HOST: "▓",
        TaskKind.MOVE: "▞",
    },
    causes={
        Cause.DATA: "-",
        Cause.ORDER: "·",
        Cause.BUS: "=",
        Cause.SPACE: "^",
        Cause.LATENCY: "~",
        Cause.ENGINE: "*",
    },
)
ASCII = Glyphs(
    full="#",
    waiting=":",
    idle=".",
    tick="+",
    line="-",
    edge="|",
    levels="#",
    kinds={
        TaskKind.LOAD: "v",
        TaskKind.STORE: "A",
        TaskKind.MATRIX: "#",
        TaskKind.HOST: "%",
        TaskKind.MOVE: "x",
    },
    causes={
        Cause.DATA: "-",
        Cause.ORDER: ".",
        Cause.BUS: "=",
        Cause.SPACE: "^",
        Cause.LATENCY: "~",
        Cause.ENGINE: "*",
    },
)
