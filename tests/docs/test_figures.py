"""Every column that is printed and every key of a result's JSON is defined on a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import simres
from simres.reporting.files.layer_csv import layer_csv
from simres.result.summary import summary

ROOT = Path(__file__).parents[2]
DOCS = {
    name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("figures", "reading-results")
}
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", DOCS["figures"], re.MULTILINE))
OF = {
    "explanation_tables": "explain",
    "comparison_tables": "compare",
    "examples": "examples",
    "fit_table": "calibrate",
    "ladder_table": "ladder",
    "whatif_tables": "whatif",
    "work_tables": "whatif of work",
    "roofline_drawing": "roofline",
    "schedule_table": "schedule",
    "workload_table": "workload show",
    "sweep_table": "sweep, explore",
    "saturation_table": "saturate",
    "validation_table": "calibrate",
    "verification_table": "verify",
    "block_removal_tables": "skip",
    "pruning_table": "prune",
    "score_tables": "evaluate",
    "models": "models",
}
"""Where the columns of a module are defined; those of all others are the report's."""
CODE = [
    path for room in ("tables", "drawing") for path in (ROOT / "simres" / "reporting" / room).glob("*.py")
]
CODE += (ROOT / "simres" / "commands").glob("*.py")
NAMED = {"versions", "held_at_fullest_bytes", "decisions", "hardware", "expect", "scenario", "busy_ps"}
"""Whose keys are names or a scenario's own."""


def first_cells(text: str) -> set[str]:
    """What the rows of a page's tables are about; a cell may name several."""
    cells = re.findall(r"^\| (?!-)([^|]+?) \|", text, re.MULTILINE)
    return {part.strip(" *`") for cell in cells for part in cell.split(", ")}


def heads(path: Path) -> set[str]:
    """What stands over the columns that a module makes, as far as it is spelled out there."""
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    named = [call.args[0] for call in calls if call.args and getattr(call.func, "id", "") == "Column"]
    return {name.value for name in named if isinstance(name, ast.Constant) and name.value}


@pytest.mark.parametrize("path", [path for path in CODE if heads(path)], ids=lambda path: path.stem)
def test_every_column_is_defined(path):
    report = SECTIONS["simulate"] + DOCS["reading-results"]
    text = SECTIONS[OF[path.stem]] if path.stem in OF else report
    assert heads(path) <= first_cells(text)


def keys(document: object) -> set[str]:
    """Keys at any depth, but for those that are names."""
    if isinstance(document, list | tuple):
        return {key for item in document for key in keys(item)}
    if not isinstance(document, dict):
        return set()
    inner = {key for name, item in document.items() if name not in NAMED for key in keys(item)}
    return inner | {str(key) for key in document}


@pytest.mark.parametrize("name", ["paper", "pipeline", "two-tenants", "stream"])
def test_every_key_of_the_json_is_defined(name):
    result = simres.simulate(name, overrides={"load.images": 100} if name == "stream" else {})
    document = summary(result)
    pages = ("figures", "reading-results", "streams", "sharing")
    text = "".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in pages)
    said = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    names = {*result.chip, *result.record.engines, *result.record.memories, *result.tenants}
    names |= {item.tensor for item in result.evictions} | {"fp32", "fp16", "bf16", "int32", "int8"}
    assert keys(document) - names <= said


def test_every_column_of_the_csv_is_in_the_json_by_that_name():
    head = layer_csv(simres.simulate("resnet20")).splitlines()[0].split(",")
    said = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", DOCS["reading-results"]))))
    assert {name for name in head if not name.endswith("_busy_ps")} <= said | {"layer"}
