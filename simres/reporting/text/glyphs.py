"""Characters of drawings: block elements if the stream can encode them, else ASCII."""

from __future__ import annotations

from dataclasses import dataclass, field

from simres.program.record import Cause
from simres.program.tasks import TaskKind
from simres.reporting import lexicon


def _of_causes(form: str) -> dict[Cause, str]:
    return {Cause(cause): getattr(entry, form) for cause, entry in lexicon.CAUSES.items()}


def _of_kinds(form: str) -> dict[TaskKind, str]:
    return {TaskKind(kind): getattr(entry, form) for kind, entry in lexicon.KINDS.items()}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of drawings, distinct without colour. `levels` rise from an eighth to a full cell."""

    full: str = "█"
    stalled: str = "░"
    idle: str = "·"
    tick: str = "┬"
    line: str = "─"
    dash: str = "┄"
    edge: str = "│"
    corner: str = "└"
    slope: str = "╱"
    levels: str = "▁▂▃▄▅▆▇█"
    marks: str = "●◆■▲▼★◇○△□"
    cursor: str = "▶"
    kinds: dict[TaskKind, str] = field(default_factory=lambda: _of_kinds("block"))
    causes: dict[Cause, str] = field(default_factory=lambda: _of_causes("block"))


BLOCKS = Glyphs()
ASCII = Glyphs(
    *("#", ":", ".", "+", "-", ".", "|", "+", "/", ".:-=+*%#", "o#*%@&x+$=", ">"),
    kinds=_of_kinds("ascii"),
    causes=_of_causes("ascii"),
)
