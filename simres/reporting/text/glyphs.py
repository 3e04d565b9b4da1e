"""Characters of drawings: block elements if the stream can encode them, else ASCII."""

from __future__ import annotations

from dataclasses import dataclass, field

from simres.program.record import Cause
from simres.program.tasks import TaskKind
from simres.reporting import lexicon


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of drawings, distinct without colour. `levels` rise from an eighth to a full cell."""

    full: str
    stalled: str
    idle: str
    tick: str
    line: str
    dash: str
    edge: str
    corner: str
    slope: str
    levels: str
    marks: str
    cursor: str
    kinds: dict[TaskKind, str] = field(default_factory=dict)
    causes: dict[Cause, str] = field(default_factory=dict)


BLOCKS = Glyphs(
    full="█",
    stalled="░",
    idle="·",
    tick="┬",
    line="─",
    dash="┄",
    edge="│",
    corner="└",
    slope="╱",
    levels="▁▂▃▄▅▆▇█",
    marks="●◆■▲▼★◇○△□",
    cursor="▶",
    kinds={TaskKind(kind): entry.block for kind, entry in lexicon.KINDS.items()},
    causes={Cause(cause): entry.block for cause, entry in lexicon.CAUSES.items()},
)
ASCII = Glyphs(
    full="#",
    stalled=":",
    idle=".",
    tick="+",
    line="-",
    dash=".",
    edge="|",
    corner="+",
    slope="/",
    levels=".:-=+*%#",
    marks="o#*%@&x+$=",
    cursor=">",
    kinds={TaskKind(kind): entry.ascii for kind, entry in lexicon.KINDS.items()},
    causes={Cause(cause): entry.ascii for cause, entry in lexicon.CAUSES.items()},
)
