"""`simres view` at its edges: no terminal, no Textual, wrong names, and once in a real terminal."""

from __future__ import annotations

import os
import select
import sys

import pytest


@pytest.fixture
def terminal(monkeypatch):
    """Standard streams that say they are a terminal."""
    monkeypatch.setattr("simres.commands.view._check_terminal", lambda: None)


def test_a_pipe_is_told_what_draws_there(simres):
    code, out, err = simres("view", "resnet20")
    assert (code, out) == (2, "")
    assert err.startswith("error: `simres view` needs a terminal")
    assert "simres timeline RESULT" in err
    assert "simres simulate SCENARIO --timeline" in err


def test_a_dumb_terminal_is_none(monkeypatch):
    from simres.commands.view import _check_terminal
    from simres.errors import SimresError

    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    _check_terminal()
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(SimresError, match="needs a terminal"):
        _check_terminal()


def test_without_textual_the_error_names_the_command(simres, terminal, monkeypatch):
    monkeypatch.setattr("simres.commands.view.find_spec", lambda _: None)
    code, out, err = simres("view", "resnet20")
    assert (code, out) == (2, "")
    assert "pip install 'simres[view]'" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch.json"], "nosuch.json"),
        (["nosuch"], "no scenario `nosuch`"),
        (["resnet20", "--set", "x"], "PATH=VALUE"),
        (["resnet20", "--set", "hardware.ddr.bandwidth=fast"], "bandwidth"),
    ],
)
def test_wrong_input_is_an_error_before_anything_is_drawn(simres, terminal, arguments, said):
    code, out, err = simres("view", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_the_scenario_is_shown_as_it_was_changed(simres, terminal, monkeypatch):
    shown = []
    monkeypatch.setattr("simres.reporting.viewer.app.Viewer.run", lambda app: shown.append(app))
    assert simres("view", "resnet20", "--set", "hardware.ddr.bandwidth=2 GB/s", "--light")[0] == 0
    (app,) = shown
    assert app.index.result.makespan_ps < 1_237_855_080
    assert app.theme == "simres-light"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no pty here")
def test_it_opens_and_quits_in_a_real_terminal(resnet20, tmp_path):
    import pty

    resnet20.save(tmp_path)
    child, file = pty.fork()
    if not child:
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
        os.execv(sys.executable, [sys.executable, "-m", "simres", "view", str(tmp_path)])
    found = b""
    while b"waits: data" not in found and select.select([file], [], [], 60)[0]:
        found += os.read(file, 1 << 16)
    os.write(file, b"+]q")
    while select.select([file], [], [], 60)[0]:
        try:
            found += os.read(file, 1 << 16)
        except OSError:
            break
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b"Traceback" not in found
    assert b"\x1b[?1049l" in found  # the terminal is given back as it was
