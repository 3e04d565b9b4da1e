"""Pictures as files: SVG as it is drawn; PNG and PDF converted by vl-convert (the extra `[plot]`).

vl-convert brings its fonts with it, so the same picture is the same on every machine. A picture has one font,
without bold: then a PDF is the same to the byte, too, unless there are images in it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from simres.errors import SimresError, install
from simres.files import write_bytes
from simres.reporting import lexicon
from simres.reporting.pictures.chart import Block

SUFFIXES = (".png", ".svg", ".pdf")
_SHARPNESS = 2
"""Pixels of a PNG to a unit of the drawing."""


def check(path: Path) -> None:
    """Raises `SimresError` if no picture could be written to the file `path`, before all the work."""
    if (path.suffix.lower() or ".png") not in SUFFIXES:
        raise SimresError(f"cannot draw `{path}`", f"its suffix must be one of {', '.join(SUFFIXES)}")
    if path.suffix.lower() != ".svg" and not converts():
        raise SimresError(
            f"cannot draw `{path}`: vl-convert-python is not installed",
            f"{install('plot')}; or name a file that ends in .svg, which needs nothing",
        )


def converts() -> bool:
    """Whether PNG and PDF can be written."""
    return find_spec("vl_convert") is not None


def drawable(path: Path) -> Path:
    """Returns the path, or one that ends in .svg where no other picture can be written."""
    return path if converts() else path.with_suffix(".svg")


def save(picture: Block, path: Path) -> None:
    """Writes a picture, whole or not at all; the suffix sets the format, PNG without one.

    Raises `SimresError` as `check`, or if the file cannot be written.
    """
    check(path)
    drawn = document(picture)
    if path.suffix.lower() == ".svg":
        write_bytes(path, drawn.encode())
        return
    import vl_convert

    if path.suffix.lower() == ".pdf":
        write_bytes(path, vl_convert.svg_to_pdf(drawn))
    else:
        write_bytes(path, vl_convert.svg_to_png(drawn, scale=_SHARPNESS))


def document(picture: Block) -> str:
    """Returns a picture as an SVG document in the colours of light paper."""
    wide, high = round(picture.wide), round(picture.high)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" font-family="Liberation Sans, Arial, sans-serif">'
        f'<style>{style()}</style><rect class="paper" width="{wide}" height="{high}"/>'
        f"{picture.markup}</svg>\n"
    )


def style() -> str:
    """Returns what the classes of drawings look like on light paper."""
    colour = {name: one.light for name, one in lexicon.COLOURS.items()}
    rules = {
        ".paper": f"fill:{colour['paper']}",
        "text": f"fill:{colour['quiet']};font-size:12px",
        ".title,.letter": f"fill:{colour['ink']};font-size:13px",
        ".grid": f"fill:none;stroke:{colour['line']}",
        ".front": f"fill:none;stroke:{colour['ink']};stroke-width:1.5",
        ".line": "fill:none;stroke-width:2",
        ".thin": "stroke-width:1;stroke-dasharray:5 3",
        ".pale": "fill:none;stroke-width:5;stroke-linecap:round",
        ".dot": f"stroke:{colour['paper']}",
        ".roof": "fill:none;stroke-width:2",
        ".roof.r-host": "stroke-dasharray:7 4",
        ".band": f"fill:{colour['line']}",
        ".cell": f"stroke:{colour['paper']}",
        ".none": f"fill:{colour['track']}",
        ".best": f"fill:none;stroke:{colour['contention']};stroke-width:3",
        ".dark": f"fill:{colour['ink']}",
        ".light": f"fill:{colour['paper']}",
    }
    for number, name in [*enumerate(lexicon.GROUPS), (9, "wait")]:
        rules[f".line.g{number}"] = f"stroke:{colour[name]}"
        rules[f".dot.g{number}"] = f"fill:{colour[name]}"
        rules[f".pale.g{number}"] = f"stroke:{_pale(colour[name])}"
    for name, entry in lexicon.ROLES.items():
        rules[f".roof.r-{name}"] = f"stroke:{colour[entry.colour]}"
        rules[f".mark.r-{name}"] = f"fill:{colour[entry.colour]};stroke:{colour['paper']}"
        rules[f".mark.s1.r-{name}"] = f"fill:{colour['paper']};stroke:{colour[entry.colour]}"
    return "".join(f"{name}{{{rule}}}" for name, rule in rules.items())


def _pale(colour: str) -> str:
    """Returns a colour mixed with twice as much white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(0.35 * part + 0.65 * 255):02x}" for part in parts)
