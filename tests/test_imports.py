"""What a process imports: torch only where a network is traced, SimPy only where something runs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = (
    "torch",
    "torchvision",
    "optuna",
    "dask",
    "distributed",
    "numpy",
    "simpy",
    "pydantic",
    "rich.console",
    "simres_utilisation",
)
WATCH = """\
import atexit, json, pathlib, sys
found = lambda: [name for name in {heavy!r} if name in sys.modules]
atexit.register(lambda: pathlib.Path({told!r}).write_text(json.dumps(found())))
{code}
"""

ImportedBy = Callable[[str], set[str]]


@pytest.fixture
def imported_by(tmp_path: Path) -> ImportedBy:
    """A function from code to those of `HEAVY` that it has imported by the time its process ends."""
    told = tmp_path / "told.json"

    def run(code: str) -> set[str]:
        watched = WATCH.format(heavy=HEAVY, told=str(told), code=code)
        done = subprocess.run(
            [sys.executable, "-c", watched],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return set(json.loads(told.read_text()))

    return run


def command(*arguments: str) -> str:
    return f"sys.argv[1:] = {list(arguments)!r}\nfrom simres.commands import main\nmain()"


def test_import_simres_imports_nothing_heavy(imported_by: ImportedBy) -> None:
    assert imported_by("import simres") == set()


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("simulate", "--help"), ("explore", "--help"), ("calibrate", "--help")],
)
def test_help_imports_nothing_heavy(imported_by: ImportedBy, arguments: tuple[str, ...]) -> None:
    assert imported_by(command(*arguments)) <= {"rich.console", "pydantic"}  # typer asks for both


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "scenarios/paper.yaml"),
        ("simulate", "scenarios/resnet20.yaml", "--timeline"),
        ("simulate", "resnet20", "--chip", "paper"),
    ],
)
def test_simulating_a_traced_network_imports_no_torch(
    imported_by: ImportedBy, arguments: tuple[str, ...]
) -> None:
    assert imported_by(command(*arguments)) == {"simpy", "pydantic"}


@pytest.mark.parametrize(
    "module", ["scheduling.serial", "scheduling.paper", "reporting.tables.run_report", "scenario.loader"]
)
def test_the_rest_imports_neither_torch_nor_simpy(imported_by: ImportedBy, module: str) -> None:
    assert not imported_by(f"import simres.{module}") & {"torch", "numpy", "simpy"}


def _modules() -> dict[str, Path]:
    found = {}
    for path in (ROOT / "simres").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports() -> dict[str, set[str]]:
    """By module the modules that it imports anywhere: at its head, in a function, for type hints.

    The package itself is left out: it hands out names of every room when somebody asks for one.
    """
    modules = _modules()
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        targets = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = {f"{node.module}.{alias.name}" for alias in node.names}
                targets |= {target if target in modules else node.module for target in full}
        found[name] = {target for target in targets if target in modules} - {name, "simres"}
    return {name: targets for name, targets in found.items() if name != "simres"}


def test_no_two_files_import_each_other_be_it_over_others() -> None:
    graph = _imports()
    assert len(graph) > 200
    assert "simres.program.tasks" in graph["simres.program.draft"]
    order = TopologicalSorter(graph)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(error.args[1])}")


def test_few_modules_lie_beside_the_rooms() -> None:
    assert len(list((ROOT / "simres").glob("*.py"))) <= 9
