"""What reaches a terminal or a file that people open: no control character, whatever names have in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVIL = "\x1b]0;t\x07\x9b31m\u202eevil\u2066\u200f\x85\r"


def run(folder: Path, *arguments: str | bytes, close: str = "", **environment: str):
    command = [sys.executable, "-c", "from simres.commands import main; main()", *arguments]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    setting = os.environ | {"PYTHONPATH": path, "NO_COLOR": "1"} | environment
    if close:
        command = ["/bin/sh", "-c", f'exec "$@" {close}', "sh", *command]
    return subprocess.run(command, capture_output=True, cwd=folder, env=setting, timeout=120)


def clean(data: bytes) -> bool:
    """Whether text is UTF-8 without control characters but line ends."""
    return not [c for c in data.decode() if not c.isprintable() and c not in "\n\r\t"]


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A scenario whose names are full of control characters and formulas."""
    shape = {"shape": [1, 4], "dtype": "fp32"}
    names = [f"{sign}1+1{EVIL}" for sign in ("", "=", "\uff1d", " +", "\u00a0\uff20")]
    tensors = [{"name": "x", "role": "input", **shape}]
    tensors += [{"name": name, "role": "activation", **shape} for name in names]
    ops, read = [], "x"
    for name in names:
        op = {"name": name, "kind": "relu", "unit": "host", "inputs": [read], "outputs": [name]}
        ops.append({**op, "vector_ops": 4, "block": name})
        read = name
    document = {"schema_version": 1, "form": "graph", "name": EVIL, "tensors": tensors}
    (tmp_path / "w.json").write_text(json.dumps({**document, "ops": ops, "outputs": [read]}))
    scenario = {"schema_version": 1, "name": EVIL, "workload": "w.json", "chip": "paper"}
    (tmp_path / "s.yaml").write_text(json.dumps(scenario))
    return tmp_path


def test_no_control_character_leaves(evil: Path) -> None:
    files = ("--csv", "o.csv", "--report", "html=o.html", "-o", "out")
    ended = run(evil, "simulate", "s.yaml", *files, "--details")
    assert ended.returncode == 0, ended.stderr
    for data in (ended.stdout, ended.stderr, *((evil / name).read_bytes() for name in ("o.csv", "o.html"))):
        assert clean(data)
    for command in (["explain", "out"], ["timeline", "out"], ["simulate", EVIL], [EVIL], ["report", EVIL]):
        said = run(evil, *command)
        assert clean(said.stdout), command
        assert clean(said.stderr), command
        assert b"Traceback" not in said.stderr


def test_no_cell_is_a_formula(evil: Path) -> None:
    assert run(evil, "simulate", "s.yaml", "--csv", "o.csv").returncode == 0
    import csv

    with (evil / "o.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    for row in rows[1:]:
        assert row["name"].startswith("'"), row


def test_no_picture_has_one(evil: Path) -> None:
    pytest.importorskip("vl_convert")
    assert run(evil, "roofline", "s.yaml", "-o", "o.svg").returncode == 0
    assert clean((evil / "o.svg").read_bytes())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1:strict", ""])
def test_a_name_that_is_not_utf_8_prints_with_replacement(tmp_path: Path, encoding: str) -> None:
    setting = {"PYTHONIOENCODING": encoding} if encoding else {"LC_ALL": "C"}
    ended = run(tmp_path, "init", b"new\xff", **setting)
    assert ended.returncode == 0, ended.stderr
    assert b"Wrote `new?/scenario.yaml`" in ended.stdout
    for command in ("validate", "simulate"):
        name = b"new\xff/scenario.yaml" if command == "validate" else b"gone\xff.yaml"
        ended = run(tmp_path, command, name, **setting)
        assert ended.returncode == (0 if command == "validate" else 2)
        assert b"?" in ended.stdout + ended.stderr
        assert b"internal error" not in ended.stderr


def test_streams_that_are_closed(tmp_path: Path) -> None:
    assert run(tmp_path, "simulate", "paper", "-o", "r").returncode == 0
    ended = run(tmp_path, "view", "r", close="<&-")
    assert ended.returncode == 2
    assert b"needs a terminal" in ended.stderr
    for close in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        assert run(tmp_path, "simulate", "paper", close=close).returncode == 0, close
