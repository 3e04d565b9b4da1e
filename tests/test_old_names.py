"""Modules that moved: the old name still imports, warns, and gives the very same module."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import simres
from simres.errors import RenamedWarning

PAGE = (Path(__file__).parents[1] / "docs" / "stability.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("old", "new"), sorted(simres._RENAMED.items()))
def test_an_old_name_is_the_new_module(old: str, new: str) -> None:
    sys.modules.pop(old, None)
    with pytest.warns(RenamedWarning, match=f"`{old}` was renamed to `{new}`"):
        found = importlib.import_module(old)
    assert found is importlib.import_module(new)
    assert found.__spec__ is not None
    assert found.__spec__.name == new


def test_a_plugin_of_the_last_version_is_imported_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "older.py").write_text(
        "from simres.hookspecs import hookimpl\nfrom simres.program import Program\n"
        "from simres.workload import Workload\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import older; print(older.hookimpl.project_name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "simres\n"
    assert (
        "older.py:1: RenamedWarning: `simres.hookspecs` was renamed to `simres.plugins.hooks`" in done.stderr
    )


def test_a_name_that_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"simres\.nothing"):
        importlib.import_module("simres.nothing")


def test_the_page_lists_them_all() -> None:
    for old, new in simres._RENAMED.items():
        assert f"`{old}`" in PAGE, old
        assert f"`{new}`" in PAGE, new
