"""The parts of a chip that a Program does not use."""

from __future__ import annotations

from simres.analysis.unused import unused
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.program.draft import Draft
from simres.testing import paper_chip

ENGINES = {
    "ddr.0": "bus",
    "ddr.1": "bus",
    "sram": "memory",
    "matrix.0": "matrix",
    "matrix.1": "matrix",
    "host": "host",
}


def test_channels_are_one_bus_and_units_are_counted():
    draft = Draft(paper_chip())
    draft.layer("one", "row", "")
    there = draft.buffer("x", 8, "sram")
    draft.task("ddr.0", TaskKind.LOAD, Work(nbytes=8), writes=[there])
    draft.task("matrix.1", TaskKind.MATRIX, Work(macs=1), reads=[there])
    found = unused(draft.freeze("one", ""), ENGINES, ["sram", "tcm"])
    assert found == {"matrix": 1, "host": 1, "tcm": 1}


def test_a_view_of_any_tenant_is_enough():
    tasks = (Task("host.b", TaskKind.HOST, Work(vector_ops=1), 0),)
    program = Program("one", "", tasks, layers=(Layer("one", "row"),))
    engines = {f"{name}.{tenant}": name for name in ("host", "matrix") for tenant in "ab"}
    assert unused(program, engines, ["sram.a", "sram.b"]) == {"matrix": 1}
