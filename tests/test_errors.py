"""Errors are for people, on a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import InvalidFile, Problem, SimresError, install


@given(st.text(), st.text())
def test_a_message_has_nothing_in_it_that_a_terminal_obeys(message: str, hint: str) -> None:
    for error in (SimresError(message, hint), InvalidFile(message, hint, [Problem(1, 2, message)])):
        shown = f"{error.message}{error.hint or ''}{error}"
        assert all(character.isprintable() or character == "\n" for character in shown)
        shown.encode()


@given(st.text(st.characters(exclude_categories=("C", "Z"))))
def test_what_can_be_printed_is_as_it_was(message: str) -> None:
    assert SimresError(message, message).message == message


def test_an_extra_goes_where_simres_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python, pip = tmp_path / "bin" / "python", tmp_path / "bin" / "pip"
    pip.parent.mkdir()
    pip.touch(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", str(pip.parent))
    assert install("view") == "pip install 'simres[view]'"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install("view") == f"{python} -m pip install 'simres[view]'"


def test_the_command_for_an_extra_is_one_that_a_shell_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/a folder/bin/python")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {install('torch')}"], capture_output=True, text=True, check=True
    )
    assert words.stdout.splitlines() == ["/a folder/bin/python", "-m", "pip", "install", "simres[torch]"]
