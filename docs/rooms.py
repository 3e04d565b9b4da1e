"""Draws the rooms of simres as they import each other, for docs/architecture.md.

Rows and arrows come from the import statements of the code. An arrow is left out where a longer way of
arrows says the same.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Set
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "simres"

WIDTH, BOX, HIGH, ROW = 1000, 112, 36, 74
SPLIT = 710
"""Rooms that know torch are drawn to the right of it."""
TORCH = {"networks", "training", "tracing", "calibration"}
PALE = ("starters", "testing")
"""Rooms for authors of plugins, which the picture leaves out."""

Arrows = Mapping[str, Set[str]]


def rooms() -> dict[str, str]:
    """Every room with the first sentence of its docstring."""
    found = {}
    for folder in sorted(PACKAGE.iterdir()):
        if (folder / "__init__.py").is_file():
            text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
            found[folder.name] = " ".join(text.split("\n\n")[0].split())
    return found


def arrows() -> dict[str, set[str]]:
    """Which rooms each room imports, type hints and late imports included."""
    known = rooms()
    found: dict[str, set[str]] = {name: set() for name in known}
    for name in known:
        for path in (PACKAGE / name).rglob("*.py"):
            for module in _imported(ast.parse(path.read_text(encoding="utf-8"))):
                parts = module.split(".")
                if parts[0] == "simres" and len(parts) > 1 and parts[1] in known and parts[1] != name:
                    found[name].add(parts[1])
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reduced(graph: Arrows) -> dict[str, set[str]]:
    """The arrows without those that a longer way of arrows says too."""
    below = {name: _reached(graph, name) for name in graph}
    return {
        name: {to for to in graph[name] if not any(to in below[other] for other in graph[name] - {to})}
        for name in graph
    }


def _reached(graph: Arrows, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def rows() -> list[list[str]]:
    """The rooms from top to bottom: none imports one that is above it, or beside it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    graph = {name: to - set(PALE) for name, to in arrows().items() if name not in PALE}
    order = [
        part.strip(" ()").removeprefix("simres.")
        for contract in contracts
        if contract["id"] in {"direction", "networks"}
        for layer in contract["layers"]
        for part in layer.split("|")
    ]
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((of(to) for to in graph[name]), default=-1)
        return depth[name]

    found: list[list[str]] = [[] for _ in range(1 + max(map(of, graph)))]
    for name in sorted(graph, key=lambda name: (order.index(name) if name in order else 99, name)):
        found[-1 - depth[name]].append(name)
    return found


def picture() -> str:
    """The drawing as SVG."""
    layers = rows()
    place = {}
    for number, layer in enumerate(layers):
        for inside, left, wide in ((False, 0, SPLIT), (True, SPLIT, WIDTH - SPLIT)):
            names = [name for name in layer if (name in TORCH) is inside]
            for position, name in enumerate(names):
                place[name] = (left + wide * (position + 0.5) / len(names), 24 + number * ROW)
    high = 24 + (len(layers) - 1) * ROW + HIGH + 16
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img" '
            'font-family="system-ui, sans-serif" font-size="14" text-anchor="middle">'
        ),
        "<title>The rooms of simres; an arrow points from a room to one that it imports</title>",
        (
            '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
            'orient="auto"><path d="M0 0L8 4L0 8z" fill="#8a94a6"/></marker></defs>'
        ),
    ]
    said = rooms()
    for name, below in reduced(
        {name: to & set(place) for name, to in arrows().items() if name in place}
    ).items():
        x, y = place[name]
        for other in sorted(below):
            to_x, to_y = place[other]
            middle = (y + HIGH + to_y) / 2
            lines.append(
                f'<path d="M{x:.0f} {y + HIGH:.0f}C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} '
                f'{to_y - 2:.0f}" fill="none" stroke="#8a94a6" stroke-width="1.5" marker-end="url(#to)"/>'
            )
    for name, (x, y) in place.items():
        left = x - BOX / 2
        colour = "#b45309" if name in TORCH else "#0f766e" if name in {"workload", "program"} else "#475569"
        lines += [
            (
                f'<g><title>{escape(said[name])}</title><rect x="{left:.0f}" y="{y:.0f}" width="{BOX}" '
                f'height="{HIGH}" rx="8" fill="{colour}"/>'
                f'<text x="{x:.0f}" y="{y + 23:.0f}" fill="#fff">{name}</text></g>'
            )
        ]
    return "\n".join([*lines, "</svg>", ""])


def table() -> str:
    """The rooms as a Markdown table, in the order of the picture."""
    said = rooms()
    names = [name for layer in rows() for name in layer] + list(PALE)
    return "\n".join(
        ["| room | what it holds |", "|---|---|", *(f"| `{n}` | {said[n]} |" for n in names), ""]
    )
