"""A workload's tables: complete, exact where people check, and right at any width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from simres.reporting.page import Page
from simres.reporting.tables.workload_table import workload_table
from simres.reporting.text.glyphs import ASCII
from simres.workload import Unit, Workload
from simres.workload import json as workload_json

SHIPPED = Path(__file__).parents[2] / "scenarios" / "workloads"


def table(name: str, width: int, **options: object) -> list[str]:
    workload = workload_json.read(SHIPPED / f"{name}.json")
    return [line.plain for line in workload_table(workload, Page(width, **options))]


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("name", ["resnet20", "torchvision-resnet50", "vit_b_16", "paper"])
def test_no_line_is_wider_than_the_terminal(name: str, width: int):
    assert max(cell_len(line) for line in table(name, width, clip=True)) <= width


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_layer_and_movement_has_a_row(width: int):
    workload = workload_json.read(SHIPPED / "resnet20.json")
    assert isinstance(workload, Workload)
    lines = table("resnet20", width)
    for op in workload.ops:
        assert sum(line.split()[:1] == [op.name] for line in lines) >= 1, op.name


def test_the_figures_that_people_check():
    text = "\n".join(table("resnet20", 120))
    for figure in ("40550400", "376832", "188416", "86016", "4096", "40551040", "655370", "76 of 76 ops"):
        assert figure in text
    wide = table("resnet20", 200)
    assert any("intensity" in line for line in wide)
    row = next(line for line in wide if line.startswith("layers.3.conv1"))
    measured = workload_json.read(SHIPPED / "resnet20.json").tensors["layers.3.conv1"]
    assert row.split() == [
        "layers.3.conv1",
        "conv",
        "1x16x32x32",
        "1x32x16x16",
        "1179.648",
        "-",
        "18.432",
        "65.536",
        "32.768",
        f"{100 * measured.density:.1f}",
        f"{measured.deviation:.3f}",
        "10.1",
    ]


def test_pipes_without_block_characters_get_plain_text():
    assert all(line.isascii() for line in table("resnet20", 120, glyphs=ASCII))


def test_a_ledger_shows_its_rows_and_totals():
    lines = table("paper", 80)
    total = next(line for line in lines if line.startswith("total"))
    assert total.split()[1] == "314964"
    assert total.split()[-2:] == ["162201600", "162201600"]


def test_what_is_not_modelled_is_said():
    workload = workload_json.read(SHIPPED / "resnet20.json")
    assert isinstance(workload, Workload)
    ops = (replace(workload.ops[0], unit=Unit.UNMODELLED, macs=0, loops=None), *workload.ops[1:])
    shown = replace(workload, ops=ops, warnings=("conv is not modelled",))
    text = "\n".join(line.plain for line in workload_table(shown, Page(100)))
    assert "75 of 76 ops" in text
    assert "warning: conv is not modelled" in text


def test_names_cannot_drive_the_terminal():
    workload = workload_json.read(SHIPPED / "resnet20.json")
    assert isinstance(workload, Workload)
    shown = replace(workload, name="a\x1b[31mb", warnings=("x\x07y",))
    assert all(line.plain.isprintable() for line in workload_table(shown, Page(100)))
