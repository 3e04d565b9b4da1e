"""What people see of causes, kinds and roles: words, characters and colours, each said here and nowhere else.

The terminal, the viewer, plots, notebooks and the HTML page (its style sheet and its script) take theirs from
these tables. Keys are the values of `Cause`, `Why`, `TaskKind`, `ComponentRole`, `LaneKind` and `Role`, which
documents hold; the words are for reading, so that a word can change without a document changing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from simres.analysis.critical_path import Why
from simres.program.record import Cause
from simres.program.roles import ComponentRole
from simres.program.tasks import TaskKind
from simres.traces.events import LaneKind
from simres.workload.operators import Role


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as `#rrggbb`: on light paper, on dark paper, and as text on light paper."""

    light: str
    dark: str
    text: str


COLOURS: Mapping[str, Colour] = {
    "load": Colour("#0072b2", "#3b9bdb", "#0072b2"),
    "host": Colour("#e69f00", "#f0b429", "#a86f00"),
    "matrix": Colour("#009e73", "#24b98d", "#00805d"),
    "move": Colour("#cc79a7", "#e09ac2", "#b3568a"),
    "contention": Colour("#d55e00", "#f0813a", "#c25500"),
    "store": Colour("#56b4e9", "#8fd0f7", "#2f93c9"),
    "space": Colour("#8e4585", "#c07ab8", "#8e4585"),
    "quiet": Colour("#5a6570", "#9da8b3", "#5a6570"),
    "wait": Colour("#8a96a1", "#76828e", "#5a6570"),
    "bad": Colour("#b23b00", "#ff9c66", "#b23b00"),
    "good": Colour("#0a7a50", "#43c795", "#0a7a50"),
    "accent": Colour("#0b7285", "#4cc3d9", "#0b7285"),
    "ink": Colour("#182026", "#e8ecef", "#182026"),
    "paper": Colour("#ffffff", "#171c22", "#ffffff"),
    "page": Colour("#f6f7f8", "#0f1317", "#f6f7f8"),
    "track": Colour("#eef1f3", "#20272e", "#eef1f3"),
    "line": Colour("#dfe3e7", "#2b333c", "#dfe3e7"),
    "grid": Colour("#eceff1", "#222931", "#eceff1"),
    "wash": Colour("#e6f3f5", "#14303a", "#e6f3f5"),
    "column": Colour("#dde3e8", "#2f3a45", "#dde3e8"),
}
"""Colours by name. Those of work are after Okabe and Ito (2008), which every colour vision tells apart."""
GROUPS = ("load", "host", "matrix", "move", "contention", "store", "space", "quiet")
"""The colours of groups in plots, in this order."""


@dataclass(frozen=True, slots=True)
class KindEntry:
    """A kind of task: its colour, its style in a terminal, and its characters with and without Unicode."""

    colour: str
    style: str
    block: str
    ascii: str


KINDS: Mapping[str, KindEntry] = {
    TaskKind.LOAD: KindEntry("load", "blue", "▀", "v"),
    TaskKind.STORE: KindEntry("store", "bright_blue", "▄", "A"),
    TaskKind.MATRIX: KindEntry("matrix", "green", "█", "#"),
    TaskKind.HOST: KindEntry("host", "cyan", "▓", "%"),
    TaskKind.MOVE: KindEntry("move", "magenta", "▞", "x"),
    TaskKind.CODE: KindEntry("host", "cyan", "▒", "&"),
    TaskKind.KERNEL: KindEntry("matrix", "green", "▙", "@"),
}


@dataclass(frozen=True, slots=True)
class CauseEntry:
    """A cause of stalling.

    `word` names it; `on` completes "it stalls 5 us ..."; `link` goes before the name of what a task stalled
    on; `detail` explains it in a legend. Its pattern, on a tile of 6 by 6, tells it from the others without
    colour: `boxes` of (x, y, width, height), `strokes` of (x, y, to x, to y), and the same as a background in
    `css`, where `$` is the colour.
    """

    word: str
    on: str
    link: str
    detail: str
    colour: str
    style: str
    block: str
    ascii: str
    css: str
    boxes: tuple[tuple[float, ...], ...] = ()
    strokes: tuple[tuple[float, ...], ...] = ()
    thick: float = 1.2


CAUSES: Mapping[str, CauseEntry] = {
    Cause.DATA: CauseEntry(
        word="dependency",
        on="on dependencies",
        link="on the result of ",
        detail="a result that it reads is not ready",
        colour="wait",
        style="yellow",
        block="-",
        ascii="-",
        css="repeating-linear-gradient(135deg, $ 0 1.5px, transparent 1.5px 6px)",
        strokes=((-1, 7, 7, -1), (-1, 1, 1, -1), (5, 7, 7, 5)),
    ),
    Cause.ORDER: CauseEntry(
        word="schedule order",
        on="on the schedule's order",
        link="on the schedule's order, after ",
        detail="the schedule puts another task first",
        colour="wait",
        style="dim yellow",
        block="·",
        ascii=".",
        css="radial-gradient($ 1.2px, transparent 1.4px) 0 0 / 6px 6px",
        boxes=((2, 2, 2, 2),),
    ),
    Cause.BUS: CauseEntry(
        word="bus contention",
        on="on bus contention",
        link="on bus contention",
        detail="another master holds the bus, or it turns around or refreshes",
        colour="contention",
        style="red",
        block="=",
        ascii="=",
        css="repeating-linear-gradient(45deg, $ 0 3px, transparent 3px 5px)",
        strokes=((-1, -1, 7, 7), (-1, 5, 1, 7), (5, -1, 7, 1)),
        thick=2.5,
    ),
    Cause.SPACE: CauseEntry(
        word="buffer full",
        on="on a full buffer",
        link="on a full buffer, until the end of ",
        detail="its buffers do not fit beside what the memory holds",
        colour="space",
        style="magenta",
        block="^",
        ascii="^",
        css="repeating-linear-gradient(0deg, $ 0 2px, transparent 2px 4px)",
        boxes=((0, 0, 6, 2), (0, 3, 6, 1)),
    ),
    Cause.LATENCY: CauseEntry(
        word="memory latency",
        on="on memory latency",
        link="on memory latency",
        detail="no data of its request has returned yet",
        colour="quiet",
        style="bright_red",
        block="~",
        ascii="~",
        css="repeating-linear-gradient(90deg, $ 0 2px, transparent 2px 4px)",
        boxes=((0, 0, 2, 6), (3, 0, 1, 6)),
    ),
    Cause.ENGINE: CauseEntry(
        word="engine taken",
        on="on an engine that another tenant has",
        link="on an engine that another tenant has",
        detail="another tenant's task occupies the engine",
        colour="quiet",
        style="bright_magenta",
        block="*",
        ascii="*",
        css="conic-gradient($ 25%, transparent 0 50%, $ 0 75%, transparent 0) 0 0 / 6px 6px",
        boxes=((0, 0, 3, 3), (3, 3, 3, 3)),
    ),
    Cause.UNKNOWN: CauseEntry(
        word="unknown",
        on="for an unknown reason",
        link="for a reason that the trace does not name",
        detail="what it is known to wait for has ended: a launch's latency, or a wait without a name",
        colour="bad",
        style="bright_yellow",
        block="?",
        ascii="?",
        css="radial-gradient($ 0.8px, transparent 1px) 0 0 / 3px 3px",
        boxes=((0, 0, 1.5, 1.5), (3, 3, 1.5, 1.5)),
    ),
}

PROPER: Mapping[str, str] = {"ddr": "DDR", "dram": "DRAM", "hbm": "HBM", "sram": "SRAM"}
"""Names of components that sentences write in capitals; tables write every name as the scenario does."""
BUSY, STALLED = "busy", "stalled"
SPENT: Mapping[str, str] = {Why.WORKING: BUSY, Why.IDLE: "nothing due"}
"""Words for what a stretch of the critical path was spent on if nothing stalled."""
BUS_ITSELF = "turnaround and refresh"
"""The holder of a bus that no engine and no master holds."""


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A role of components: its noun in sentences, its colour, and its style in a terminal.

    `peak` says what the lower bound of an engine of this role counts.
    """

    noun: str
    colour: str
    style: str
    peak: str


ROLES: Mapping[str, RoleEntry] = {
    ComponentRole.BUS: RoleEntry("bus", "load", "blue", "weights, inputs and outputs moved once"),
    ComponentRole.MEMORY: RoleEntry("memory", "move", "magenta", "every copy at peak rate"),
    ComponentRole.MATRIX: RoleEntry(
        "matrix unit", "matrix", "green", "every multiply-accumulate at peak rate"
    ),
    ComponentRole.HOST: RoleEntry("host", "host", "cyan", "every vector operation at peak rate"),
    ComponentRole.PROCESSOR: RoleEntry(
        "processor", "matrix", "green", "every multiply-accumulate and every vector operation at peak rate"
    ),
    ComponentRole.MASTER: RoleEntry("master", "move", "magenta", ""),
    LaneKind.THREAD: RoleEntry("thread", "host", "cyan", ""),
    LaneKind.STREAM: RoleEntry("stream", "matrix", "green", ""),
    LaneKind.COPIES: RoleEntry("copies", "move", "magenta", ""),
}
TENSORS: Mapping[str, str] = {Role.INPUT: "host", Role.WEIGHT: "load", Role.ACTIVATION: "matrix"}
"""The colours of tensors on chip."""


def role(name: str) -> RoleEntry:
    """Returns the entry of a role; of one that is not known, an entry with its own name."""
    return ROLES.get(name) or RoleEntry(name, "move", "magenta", "")


def stall(cause: str) -> str:
    """Names a stall in tables and legends: `stall: buffer full`."""
    return f"stall: {word(cause)}"


def word(code: str) -> str:
    """Returns the word for a cause or for what a stretch of the critical path was spent on."""
    return CAUSES[code].word if code in CAUSES else SPENT.get(code, code)


def spent(code: str) -> str:
    """Names what time was spent on: `busy`, `nothing due`, or a stall."""
    return stall(code) if code in CAUSES else word(code)


def styles() -> dict[str, str]:
    """Returns the styles of a terminal, by name: `kind.load`, `cause.bus`, `role.host`."""
    return {
        **{f"role.{name}": entry.style for name, entry in ROLES.items()},
        **{f"kind.{kind}": entry.style for kind, entry in KINDS.items()},
        **{f"cause.{cause}": entry.style for cause, entry in CAUSES.items()},
    }


def inks() -> dict[str, str]:
    """Returns the names of the colours of `styles`, by the same names."""
    return {
        **{f"role.{name}": entry.colour for name, entry in ROLES.items()},
        **{f"kind.{kind}": entry.colour for kind, entry in KINDS.items()},
        **{f"cause.{cause}": entry.colour for cause, entry in CAUSES.items()},
        "muted": "quiet",
        "accent": "accent",
    }


def style_sheet() -> str:
    """Returns the CSS of the page that these tables say: colours as variables, kinds, tensors and causes."""
    lines = [":root {"]
    lines += [f"  --{name}: light-dark({one.light}, {one.dark});" for name, one in COLOURS.items()]
    lines.append("}")
    for kind, entry in KINDS.items():
        lines.append(f".k-{kind} {{ background: var(--{entry.colour}); }}")
    for name, role_entry in ROLES.items():
        lines.append(
            f".r-{name} {{ background: var(--{role_entry.colour}); --role: var(--{role_entry.colour}); }}"
        )
    for tensor, colour in TENSORS.items():
        pale = f"color-mix(in srgb, var(--{colour}) 40%, var(--track))"
        lines.append(f".t-{tensor} {{ background: linear-gradient(90deg, {pale}, var(--{colour})); }}")
    for cause, cause_entry in CAUSES.items():
        pattern = cause_entry.css.replace("$", f"var(--{cause_entry.colour})")
        lines.append(f".c-{cause} {{ background: {pattern} var(--track); }}")
    for number, colour in enumerate(GROUPS):
        lines.append(f".g{number} {{ --dot: var(--{colour}); }}")
    return "\n".join(lines) + "\n"


def document() -> dict[str, object]:
    """Returns what the script of the page needs, as plain data."""
    return {
        "colours": list(COLOURS),
        "kinds": {kind: entry.colour for kind, entry in KINDS.items()},
        "roles": {name: entry.colour for name, entry in ROLES.items()},
        "tensors": dict(TENSORS),
        "causes": {cause: asdict(entry) for cause, entry in CAUSES.items()},
        "words": dict(SPENT),
        "itself": BUS_ITSELF,
    }
