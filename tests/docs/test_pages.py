"""The pages made from the code say what the code says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

import simres
from simres.plugins import hooks as hookspecs
from simres.plugins.registry import Registry
from simres.reporting.lexicon import CAUSES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TYPER = tuple(int(part) for part in version("typer").split(".")[:2])
CATALOGUES = Registry(external=False).catalogues


@pytest.mark.skipif(TYPER < (0, 26), reason="older Typers do not say what an argument is for")
def test_generated_pages_are_those_of_this_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those with the output of commands are in `test_commands.py`, where the commands run."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    found = import_module("generate").pages_of_code()
    pictures = 7 if find_spec("simres_systolic") else 0
    assert len(found) == 5 + pictures
    for path, text in found.items():
        assert text == path.read_text(encoding="utf-8"), f"`make docs` writes {path.name} anew"


def test_every_output_in_the_tour_is_one_that_is_checked() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    shown = re.findall(r"(.*)\n```console\n\$ simres (\S+)", tour)
    assert len(shown) == tour.count("```console")
    assert all(
        re.fullmatch(r"<!-- .*(output|paragraph|paragraphs \d+ to \d+) -->", mark) for mark, _ in shown
    )
    assert {command for _, command in shown} >= {
        "simulate",
        "explain",
        "ladder",
        "whatif",
        "compare",
        "report",
        "rerun",
    }


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.hook)
def test_every_hook_is_documented_with_an_example_that_holds(catalogue) -> None:  # type: ignore[no-untyped-def]
    hook = getattr(hookspecs, catalogue.hook)
    assert catalogue.form.__doc__
    _, _, example = (hook.__doc__ or "").partition("Example:\n")
    assert example.strip(), f"{catalogue.hook} has no example"
    names = dict(vars(hookspecs))
    exec("if True:\n" + example, names)
    assert all(isinstance(item, catalogue.form) for item in names[catalogue.hook]())


def test_every_hook_has_a_catalogue() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("simres_")}
    assert hooks == {catalogue.hook for catalogue in CATALOGUES}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_first_command_of_the_readme_runs_from_the_checkout(tmp_path: Path) -> None:
    """The others run in `test_commands.py`."""
    (command, *_) = re.findall(r"^\$ (simres [^#\n]+)", "\n".join(blocks("console")), re.MULTILINE)
    arguments = [sys.executable, ROOT / "cli.py", *shlex.split(command)[1:]]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_readmes_python_runs(tmp_path: Path) -> None:
    use, plugin = blocks("python")
    subprocess.run([sys.executable, "-c", use], cwd=tmp_path, check=True)
    (tmp_path / "simres_padded.py").write_text(plugin)
    info = tmp_path / "simres_padded-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: simres-padded\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[simres]\npadded = simres_padded\n")
    code = (
        "import simres\n"
        "padded = {'hardware.matrix': {'kind': 'padded', 'rate': '1 TFLOP/s'}}\n"
        "result = simres.simulate('resnet20', overrides=padded)\n"
        "assert result.makespan_ps > simres.simulate('resnet20').makespan_ps"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)


def test_the_plugin_of_the_readme_is_short_and_changes_the_result(tmp_path, monkeypatch):
    """As it stands there, saved as the module that its entry point would name."""
    import importlib

    import simres

    (code,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "PaddedSpec" in block]
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    (tmp_path / "simres_padded.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry(external=False)
    provider = registry.add(importlib.import_module("simres_padded"))
    hardware = {"hardware.matrix": '{kind: padded, rate: "1 TFLOP/s"}', "scheduler": "serial"}
    plain = simres.simulate("resnet20", registry=registry)
    padded = simres.simulate("resnet20", overrides=hardware, registry=registry)
    # The ten outputs of the last layer are done as sixteen, and nothing else changes.
    assert padded.makespan_ps - plain.makespan_ps == 2 * 64 * 6
    assert provider.distribution in padded.origin.versions


def test_everything_public_is_on_the_page_of_what_stays() -> None:
    page = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    assert [name for name in simres.__all__ if name != "__version__" and f"`{name}`" not in page] == []


def test_the_version_is_stated_alike_in_both_places() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == simres.__version__


def test_the_page_of_hostile_inputs_names_every_target() -> None:
    from tests.hostile.targets import ALL

    page = (ROOT / "docs" / "fuzzing.md").read_text(encoding="utf-8")
    assert [target.name for target in ALL if f"| {target.name} |" not in page] == []


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WIDEST = 78
"""Columns of a console block: what fits a page and a terminal of 80."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_console_blocks_are_narrow(page: Path) -> None:
    """What is typed may be longer."""
    found = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    printed = [line for block in found for line in block.splitlines() if not line.startswith("$")]
    assert [line for line in printed if len(line) > WIDEST] == []


def test_the_glossary_has_every_cause_of_stalling_in_the_words_of_the_tables() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    stalls = re.search(r"## Stalls\n(.*?)\n## ", glossary, re.DOTALL)
    assert stalls is not None
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", stalls[1], re.MULTILINE)[1:]
    assert sorted(rows) == sorted(entry.word for entry in CAUSES.values())
