"""Draws the mechanisms of the kind `array` for docs/arrays.md, as SVG under docs/images/.

Folds, cycles and cells at work are those that the package `simres-systolic` counts for the layers drawn.
`python docs/generate.py` writes the pictures with the pages that are made of the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from simres_systolic.array import ArraySpec
from simres_systolic.row_stationary import mapped

from simres.workload import Loops

INK, PALE, LINE = "#243042", "#eef1f4", "#8a94a6"
KEPT, STREAM, FILL, DRAIN = "#0f766e", "#b45309", "#5b6ee1", "#c26d9a"
SETS = (KEPT, STREAM, FILL, DRAIN)
"""Colours of what stays, what streams past, and of a fold's beginning and end; and of four sets of cells."""
CELL = 22


class Drawing:
    """Shapes on white, in pixels."""

    def __init__(self, title: str, wide: int, high: int) -> None:
        self.lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{wide}" height="{high}" rx="8" fill="#fff"/>',
            '<g font-family="system-ui, sans-serif">',
        ]

    def box(self, x: float, y: float, wide: float, high: float, colour: str, said: str = "") -> None:
        """A rectangle, with a word in it."""
        self.lines.append(
            f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="{colour}" stroke="#fff"/>'
        )
        if said:
            ink = INK if colour == PALE else "#fff"
            self.text(x + wide / 2, y + high / 2 + 4, said, middle=True, ink=ink, size=11)

    def text(
        self, x: float, y: float, said: str, *, middle: bool = False, ink: str = INK, size: int = 13
    ) -> None:
        """A line of text."""
        anchor = ' text-anchor="middle"' if middle else ""
        self.lines.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{ink}"{anchor}>{escape(said)}</text>'
        )

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """An arrow along an axis."""
        across, down = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
        tip = (
            f"M{to_x - 6 * across - 4 * down:g} {to_y - 6 * down - 4 * across:g}L{to_x:g} {to_y:g}"
            f"L{to_x - 6 * across + 4 * down:g} {to_y - 6 * down + 4 * across:g}"
        )
        self.lines.append(
            f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}{tip}" fill="none" stroke="{STREAM}" stroke-width="2"/>'
        )

    def legend(self, x: float, y: float, entries: Iterable[tuple[str, str]]) -> None:
        """What colours mean."""
        for colour, said in entries:
            self.box(x, y - 11, 14, 14, colour)
            self.text(x + 20, y, said)
            x += 36 + 7.2 * len(said)

    def svg(self) -> str:
        """The picture."""
        return "\n".join([*self.lines, "</g>", "</svg>", ""])


def pictures() -> dict[str, str]:
    """Every picture by the name of its file."""
    return {
        "array-dataflows.svg": dataflows(),
        "array-taps.svg": taps(),
        "array-lanes.svg": lanes(),
        "array-phases.svg": phases(),
        "array-accumulator.svg": accumulator(),
        "array-depthwise.svg": depthwise(),
        "array-rows.svg": rows(),
    }


def dataflows() -> str:
    """What stays in the cells, what lies along the sides and what streams past."""
    drawn = Drawing(
        "What stays in the cells of an array, what lies along its sides, what streams past", 760, 190
    )
    for number, (name, kept, along, across, streams) in enumerate(
        (
            ("ws", "weights", "weights of a filter", "filters", "pixels"),
            ("is", "inputs", "weights of a filter", "pixels", "filters"),
            ("os", "sums", "pixels", "filters", "weights of a filter"),
        )
    ):
        left, top = 30 + 250 * number, 62
        drawn.text(left, 22, f"{name}: {kept} stay")
        drawn.text(left, 50, f"columns: {across}", size=11)
        for row in range(4):
            for column in range(4):
                drawn.box(left + CELL * column, top + CELL * row, CELL, CELL, KEPT, kept[0])
        drawn.text(left, top + 4 * CELL + 18, f"rows: {along}", size=11)
        drawn.arrow(left + 4 * CELL + 62, top + 2 * CELL, left + 4 * CELL + 6, top + 2 * CELL)
        drawn.text(left + 4 * CELL + 10, top + 2 * CELL - 9, streams, size=11, ink=STREAM)
        drawn.text(left + 4 * CELL + 10, top + 2 * CELL + 17, "stream past", size=11, ink=STREAM)
    return drawn.svg()


def taps() -> str:
    """A 3 x 3 filter of 64 channels along 128 rows, by how its taps share folds."""
    loops = Loops(m=128, c=64, p=16, q=16, r=3, s=3)
    drawn = Drawing("A 3 x 3 filter of 64 channels on 128 rows, by how its taps share folds", 760, 190)
    left = 20
    for way, ended in (("packed", ()), ("by_row", (3, 6)), ("separate", range(1, 9))):
        folds: list[list[int]] = [[]]
        for tap in range(1, loops.r * loops.s + 1):
            folds[-1].append(tap)
            if tap < loops.r * loops.s and (tap in ended or len(folds[-1]) * loops.c == 128):
                folds.append([])
        assert len(folds) == _array(128, 128, taps=way).folded(loops).number
        drawn.text(left, 22, f"taps: {way}, {len(folds)} folds")
        for number, held in enumerate(folds):
            drawn.box(left + 32 * number, 34, 28, 128, PALE)
            for place, tap in enumerate(held):
                drawn.box(left + 32 * number, 34 + 64 * place, 28, 64, SETS[(tap - 1) // loops.s], f"{tap}")
        left += 32 * len(folds) + 36
    said = "a bar is a fold of 128 rows, a number a tap, a colour a row of the filter; grey rows do nothing"
    drawn.text(20, 180, said, size=11)
    return drawn.svg()


def phases() -> str:
    """Three folds on 8 x 8 cells, by what is shown and what is hidden."""
    drawn = Drawing("Three folds with filling and draining shown and hidden", 760, 330)
    drawn.legend(20, 24, [(FILL, "fill"), (KEPT, "steps"), (DRAIN, "drain"), (PALE, "wait")])
    shown: tuple[tuple[dict[str, str], int], ...] = (
        ({"fill": "shown", "drain": "shown"}, 20),
        ({"fill": "shown", "drain": "hidden"}, 20),
        ({"fill": "hidden", "drain": "hidden"}, 20),
        ({"fill": "hidden", "drain": "hidden"}, 4),
    )
    for number, (switches, steps) in enumerate(shown):
        spec, loops = _array(8, 8, **switches), Loops(m=8, c=24, p=steps)
        said = ", ".join(f"{key}: {value}" for key, value in switches.items())
        top = 58 + 68 * number
        drawn.text(20, top, f"{said}; {steps} steps a fold: {spec.cycles(loops)} cycles")
        _timeline(drawn, spec, loops, top + 8)
    return drawn.svg()


def _timeline(drawn: Drawing, spec: ArraySpec, loops: Loops, top: float) -> None:
    """The folds of a layer over time; what is hidden stands above."""
    number, steps, filled = spec.folded(loops)
    crossing, time = spec.rows + spec.columns - 2, 0

    def bar(cycles: int, colour: str, *, above: bool = False) -> int:
        drawn.box(20 + 5 * time, top + (0 if above else 14), 5 * cycles, 14 if above else 22, colour)
        return cycles

    for fold in range(number):
        if spec.shown(spec.fill):
            time += bar(filled, FILL)
        else:
            bar(filled, FILL, above=True)
        time += bar(steps, KEPT)
        if not spec.shown(spec.fill) and steps < filled:
            time += bar(filled - steps, PALE)
        if spec.shown(spec.drain) or fold == number - 1:
            time += bar(crossing, DRAIN)
    assert time == spec.cycles(loops)


def accumulator() -> str:
    """Two folds that add to the same sums, with room for all of them and for 16 pixels."""
    drawn = Drawing(
        "Folds A and B add to the same sums: room for all sums, and for those of 16 pixels", 760, 150
    )
    loops = Loops(m=8, c=16, p=48)
    for number, kept in enumerate((None, 16)):
        spec, top, x = _array(8, 8, accumulator=kept, fill="shown"), 30 + 60 * number, 20.0
        most = kept or loops.p
        drawn.text(20, top - 8, f"accumulator: {kept or 'none stated'}; {spec.cycles(loops)} cycles")
        for _ in range(loops.p // most):
            for fold in "AB":
                for cycles, colour, said in ((8, FILL, fold), (most, KEPT, f"{most} pixels")):
                    drawn.box(x, top, 4.4 * cycles, 24, colour, said)
                    x += 4.4 * cycles
        drawn.box(x, top, 4.4 * 14, 24, DRAIN, "drain")
        assert round((x - 20) / 4.4) + 14 == spec.cycles(loops)
    drawn.legend(20, 138, [(FILL, "fill of fold A or B"), (KEPT, "steps")])
    return drawn.svg()


def depthwise() -> str:
    """3 x 3 depthwise channels on 27 x 8 cells, alone and packed."""
    drawn = Drawing("Depthwise channels alone in a fold, and packed along the diagonal", 760, 230)
    high, wide, cell = 27, 8, 6
    loops = Loops(groups=6, p=16, q=16, r=3, s=3)
    for number, way in enumerate(("alone", "packed")):
        folds = _array(high, wide, depthwise=way).folded(loops).number
        left, top, at_once = 20 + 200 * number, 34, loops.groups // folds
        drawn.text(left, 22, f"depthwise: {way}, {folds} folds")
        drawn.box(left, top, wide * cell * 2, high * cell, PALE)
        for group in range(at_once):
            drawn.box(left + 2 * cell * group, top + 9 * cell * group, 2 * cell, 9 * cell, SETS[group])
    drawn.text(20, 216, "six channels of 3 x 3 on 27 rows and 8 columns", size=11)
    return drawn.svg()


def lanes() -> str:
    """A filter of three taps and three channels, as it is and with its channels padded."""
    drawn = Drawing(
        "A filter of three taps on 16 rows, its three channels as they are and padded to 8", 760, 230
    )
    few = Loops(m=8, c=3, p=16, s=3)
    for number, padded in enumerate((1, 8)):
        folds, left = _array(16, 8, pad_channels=padded).folded(few).number, 20 + 200 * number
        drawn.text(left, 22, f"pad_channels: {padded}, {folds} fold{'s' if folds > 1 else ''}")
        for fold in range(folds):
            drawn.box(left + 60 * fold, 34, 50, 16 * 10, PALE)
        for tap in range(few.s):
            row = tap * (few.c if padded == 1 else padded)
            x, y = left + 60 * (row // 16), 34 + 10 * (row % 16)
            drawn.box(x, y, 50, 10 * few.c, SETS[tap], f"tap {tap + 1}")
    drawn.text(20, 216, "a filter of 3 taps and 3 channels on 16 rows", size=11)
    return drawn.svg()


def rows() -> str:
    """A set of cells of a row stationary array, and the sets of AlexNet's third layer on Eyeriss."""
    drawn = Drawing("Row stationary: a set of cells, and four sets on 12 x 14 cells", 760, 290)
    drawn.text(20, 22, "a set: filters of 3 rows, 4 rows of the output")
    for column in range(4):
        drawn.text(122 + 56 * column, 52, f"output {column + 1}", middle=True, size=11)
    for row in range(3):
        drawn.text(20, 78 + 34 * row, f"filter row {row + 1}", size=11)
        for column in range(4):
            said = f"input {row + column + 1}"
            drawn.box(94 + 56 * column, 58 + 34 * row, 54, 32, SETS[(row + column) % 4], said)
    drawn.text(20, 184, "a row of the input goes to the cells of a diagonal", size=11)
    drawn.text(20, 202, "sums go up a column", size=11)
    spec = _array(12, 14, dataflow="rs", fill="shown", weight_port=4, sum_port=4)
    found = mapped(Loops(n=4, m=384, c=256, p=13, q=13, r=3, s=3), *spec.row_stationary)
    high, wide, cell = 3, 13, 18
    sets = spec.rows // high
    assert found.active == sets * high * wide
    drawn.text(390, 22, f"Eyeriss, 13 rows of output: {found.active} of {spec.rows * spec.columns} cells")
    for row in range(spec.rows):
        for column in range(spec.columns):
            at_work = column < wide
            drawn.box(
                390 + cell * column, 34 + cell * row, cell, cell, SETS[row // high] if at_work else PALE
            )
    for number in range(sets):
        drawn.text(390 + cell * 14 + 10, 34 + cell * (high * number + 2), f"set {number + 1}", size=11)
    drawn.text(390, 272, "sets take other filters, channels or rows of the output", size=11)
    return drawn.svg()


def _array(high: int, wide: int, **switches: Any) -> ArraySpec:
    given = {key: value for key, value in switches.items() if value is not None}
    return ArraySpec.model_validate(
        {"kind": "array", "rows": high, "columns": wide, "clock": "1 GHz"} | given
    )
