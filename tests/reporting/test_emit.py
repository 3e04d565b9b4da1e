"""JSON documents: one layout, and a version in each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simres.reporting.emit import VERSIONS, emit

ROOT = Path(__file__).parents[2]
SET = ("--set", "load.images=50")


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "paper"),
        ("explain", "resnet20"),
        ("schedule", "resnet20"),
        ("roofline", "resnet20"),
        ("ladder", "resnet20"),
        ("compare", "resnet20", "--set", "scheduler=overlapped"),
        ("models",),
        ("examples",),
        ("plugins",),
        ("saturate", "stream", "--target", "p99=1ms", "--replications", "1", *SET),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_command_prints_one_line_that_begins_with_a_version(simres, arguments, monkeypatch):
    monkeypatch.setattr(
        "simres.reporting.progress.PATIENCE", 600.0
    )  # how long it takes is of no account here
    code, out, err = simres(*arguments, "--json")
    assert (code, err) == (0, "")
    (line,) = out.splitlines()
    assert re.match(r'\{"schema_version":\d+,"\w+":', line)
    assert json.loads(line)


def test_a_document_is_printed_as_a_stored_result_is_written(resnet20, tmp_path, capsys):
    emit(resnet20.to_document())
    assert capsys.readouterr().out == resnet20.save(tmp_path).read_text(encoding="utf-8")


def test_versions_are_of_forms_that_are_written_somewhere():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "simres").rglob("*.py")]
    used = re.findall(r'VERSIONS\["(\w+)"\]', "".join(sources))
    assert sorted(used) == sorted(VERSIONS)
