"""The page on writing a plugin shows what `simres plugins new` writes."""

from __future__ import annotations

import re
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from simres.plugins import hooks
from simres.program.draft import Draft, work_of
from simres.starters import Kind, files
from simres.testing import paper_chip, prove
from simres.workload import Op, Role, Tensor, Unit, Workload

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
DATA = {"BITS", "STRICT", "SCHEMA_VERSION", "Attribute", "canonical", "to_document"}
"""Public names that authors of plugins need not know."""
WRITTEN = {path.as_posix(): text for path, text in files("my-npu", Kind.COMPONENT).items()}
SHOWN = (
    "pyproject.toml",
    "src/simres_my_npu/__init__.py",
    "src/simres_my_npu/spec.py",
    "scenarios/my_npu.yaml",
)


@pytest.mark.parametrize("path", SHOWN)
def test_the_example_is_what_the_command_writes(path: str) -> None:
    (text,) = (text for written, text in WRITTEN.items() if written.endswith(path))
    assert f"\n{text.rstrip()}\n```" in PAGE


def test_the_second_example_is_that_of_simres_zip() -> None:
    spec = (ROOT / "plugins/simres-zip/src/simres_zip/spec.py").read_text(encoding="utf-8")
    shown = PAGE.split("## A bus that compresses")[1].split("```python\n")[1].split("\n```")[0]
    assert shown.startswith("class ZipSpec")
    assert f"\n{shown}\n" in spec


def test_what_authors_are_shown_is_on_the_page_of_the_api() -> None:
    described = set(re.findall(r"^::: ([\w.]+)$", API, re.MULTILINE))
    for name in described:
        module, _, own = name.rpartition(".")
        assert hasattr(import_module(module), own), name
    for room in ("testing", "program", "workload"):
        public = {f"simres.{room}.{name}" for name in import_module(f"simres.{room}").__all__}
        assert not {name for name in public - described if name.rpartition(".")[2] not in DATA}
    shown = [text for kind in Kind for text in files("my-own", kind).values()]
    imports = r"^from (simres(?:\.\w+)*) import ([\w, ]+?)(?:  #.*)?$"
    used = re.findall(imports, "\n".join([PAGE, *shown]), re.MULTILINE)
    names = {name.rpartition(".")[2] for name in described} | {*vars(hooks)}
    missing = {
        f"{module}.{name}" for module, found in used for name in found.split(", ") if name not in names
    }
    assert not missing


def test_the_example_of_a_draft_writes_a_program_that_holds() -> None:
    tensors = {"x": Tensor("x", Role.INPUT, (1, 1024)), "y": Tensor("y", Role.ACTIVATION, (1, 256))}
    op = Op("pool", "avg_pool", Unit.HOST, ("x",), ("y",), 0, 1024)
    workload = Workload("one", tensors, (op,), ("y",))
    shown = PAGE.split("## Schedulers")[1].split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {"Draft": Draft, "work_of": work_of}
    exec("def made(chip, op, workload, memory):\n" + textwrap.indent(shown, "    "), names)
    chip = paper_chip("8 kB")
    program = names["made"](chip, op, workload, "sram")
    assert [task.reserves for task in program.tasks] == [(0,), (1,), ()]
    assert prove(program, chip, workload).makespan_ps
