"""Parts of charts as SVG: scales, panels with a grid, marks and legends.

Shapes have classes in place of colours: the style sheet of a page knows both its themes, and a file brings
its own (`simres.reporting.pictures.files`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simres.reporting.drawing.ticks import limits, share, ticks
from simres.reporting.text.amounts import escaped
from simres.text import three_digits

SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M0-6L6 0L0 6L-6 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-5.5L5.5 4.5H-5.5z",
    "M0 5.5L5.5-4.5H-5.5z",
    "M-6-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z",
)
"""Outlines around the origin: circle, diamond, square, triangles, cross."""
GROUPS = 8
"""The number of colours of groups, in the classes `g0` to `g7`."""
LINE = 15
"""The height of a line of text."""
LETTER = 6.3
"""The width of a letter, on average."""
Entry = tuple[str, str]
"""An entry of a legend: its mark as markup around the origin, and its text."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis: its title, the values at its ends, and its marks by value; `log`: in equal ratios."""

    title: str
    ends: tuple[float, float]
    marks: Mapping[float, str]
    log: bool = False

    def share(self, value: float) -> float:
        """Returns where a value lies between the ends, 0 to 1; beyond them, at the nearer one."""
        return min(1.0, max(0.0, share(value, self.ends, log=self.log)))


def scale_of(
    title: str, values: Sequence[float], ends: tuple[float, float] | None = None, *, log: bool = False
) -> Scale:
    """Returns an axis for `values`, with some room at both sides unless its `ends` are given."""
    marks = {mark: three_digits(mark) for mark in ticks(values, log=log)}
    return Scale(title, ends or limits(values, log=log), marks, log)


@dataclass(frozen=True, slots=True)
class Block:
    """Markup with its size."""

    markup: str
    wide: float
    high: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Two axes, and the room around them in which their marks and titles stand.

    The lines of the grid go on for `beyond` at the right of the axis.
    """

    across: Scale
    up: Scale
    wide: int = 560
    high: int = 400
    left: int = 64
    right: int = 16
    beyond: int = 0

    @property
    def bottom(self) -> int:
        """Where the lower axis is."""
        return self.high - 48

    def x(self, value: float) -> float:
        """Returns where a value of the lower axis is."""
        return round(
            self.left + self.across.share(value) * (self.wide - self.right - self.beyond - self.left), 1
        )

    def y(self, value: float) -> float:
        """Returns where a value of the left axis is."""
        return round(self.bottom - self.up.share(value) * (self.bottom - 20), 1)

    def grid(self) -> Iterator[str]:
        """Yields the lines, marks and titles of both axes."""
        for value, label in self.up.marks.items():
            at = self.y(value)
            yield f'<path class="grid" d="M{self.left} {at}H{self.wide - self.right}"/>'
            yield text(self.left - 8, at + 4, label, anchor="end")
        for value, label in self.across.marks.items():
            at = self.x(value)
            yield f'<path class="grid" d="M{at} 20V{self.bottom}"/>'
            yield text(at, self.bottom + 18, label, anchor="middle")
        middle = (self.left + self.wide - self.right - self.beyond) / 2
        yield text(middle, self.high - 8, self.across.title, "title", "middle")
        if self.up.title:
            yield turned(14, (20 + self.bottom) / 2, self.up.title)

    def line(self, points: Iterable[tuple[float, float]], style: str) -> str:
        """Returns a line through points."""
        places = "L".join(f"{self.x(x)} {self.y(y)}" for x, y in points)
        return f'<path class="{style}" d="M{places}"/>'

    def block(self, *parts: str) -> Block:
        """Returns the grid with `parts` on it."""
        return Block("".join([*self.grid(), *parts]), self.wide, self.high)


def text(x: float, y: float, said: str, style: str = "", anchor: str = "start") -> str:
    """Returns a line of text."""
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escaped(said)}</text>'


def turned(x: float, y: float, said: str) -> str:
    """Returns the title of an axis that goes up."""
    place = f'transform="translate({x:.1f} {y:.1f}) rotate(-90)" text-anchor="middle"'
    return f'<text class="title" {place}>{escaped(said)}</text>'


def mark(x: float, y: float, number: int, style: str, said: str = "", more: str = "") -> str:
    """Returns the mark of a group by its number; `said` is its tooltip, `more` are further attributes."""
    title = f"<title>{escaped(said)}</title>" if said else ""
    shape = f'd="{SHAPES[number % len(SHAPES)]}" transform="translate({x:.1f} {y:.1f})"'
    return f'<path class="{style}"{more} {shape}>{title}</path>'


def apart(places: Mapping[str, float], line: float = LINE) -> dict[str, float]:
    """Moves labels down that would lie on the one above, and all of them up again by half of that."""
    found: dict[str, float] = {}
    last = -line
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        found[name] = last = max(place, last + line)
    moved = max((found[name] - place for name, place in places.items()), default=0.0) / 2
    return {name: place - moved for name, place in found.items()}


def listed(entries: Iterable[Entry]) -> str:
    """Returns a legend as a list of a page."""
    items = (
        f'<li><svg viewBox="-8 -8 16 16" aria-hidden="true">{icon}</svg>{escaped(said)}</li>'
        for icon, said in entries
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def legend(entries: Sequence[Entry], wide: float) -> Block:
    """Returns a legend in lines of at most this width."""
    parts, x, y = [], 16.0, 12.0
    for icon, said in entries:
        room = 30 + LETTER * len(said)
        if x > 16 and x + room > wide:
            x, y = 16.0, y + LINE + 4
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{icon}{text(13, 4, said)}</g>')
        x += room
    return Block("".join(parts), wide, y + LINE)


def written(lines: Sequence[str], style: str = "") -> Block:
    """Returns lines of text below each other."""
    parts = (text(8, LINE * (number + 1), line, style) for number, line in enumerate(lines))
    longest = max(map(len, lines), default=0)
    return Block("".join(parts), 16 + LETTER * longest, LINE * len(lines) + 8)


def below(*blocks: Block) -> Block:
    """Returns blocks below each other."""
    return _together([0.0] * len(blocks), [block.high for block in blocks], blocks)


def beside(*blocks: Block) -> Block:
    """Returns blocks beside each other."""
    return _together([block.wide for block in blocks], [0.0] * len(blocks), blocks)


def _together(wide: Sequence[float], high: Sequence[float], blocks: Sequence[Block]) -> Block:
    places = [(sum(wide[:number]), sum(high[:number])) for number in range(len(blocks))]
    parts = (
        f'<g transform="translate({x:.1f} {y:.1f})">{block.markup}</g>'
        for (x, y), block in zip(places, blocks, strict=True)
    )
    return Block(
        "".join(parts),
        max(x + block.wide for (x, _), block in zip(places, blocks, strict=True)),
        max(y + block.high for (_, y), block in zip(places, blocks, strict=True)),
    )
