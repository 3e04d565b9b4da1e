"""`simres schedule`: the Program for people at any width, and for programs as JSON."""

from __future__ import annotations

import json
from itertools import dropwhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from simres import api
from simres.errors import SimresError
from simres.program import Program
from simres.reporting.page import Page
from simres.reporting.tables.schedule_table import schedule_table
from simres.scheduling.tiling import DoesNotFit
from simres.testing import paper_chip
from tests.support.plans import planned, tiled

OVERLAPPED = ("--set", "scheduler=overlapped")


def test_decisions_come_first_then_candidates_then_layers(simres):
    code, out, err = simres("schedule", "resnet20", *OVERLAPPED)
    assert (code, err) == (0, "")
    places = [out.index(title) for title in ("resnet20: schedule", "Decisions", "Candidates", "Layers")]
    assert places == sorted(places)
    assert out.count("kept") >= 2
    lines = out.splitlines()
    workload = api.find_workload("resnet20")
    for op in workload.ops:
        if op.macs:
            assert sum(line.split()[:1] == [op.name] for line in lines) == 1


def test_a_scheduler_with_one_program_has_no_candidates(simres):
    _, out, _ = simres("schedule", "paper")
    assert "Candidates" not in out
    assert "input maps moved: 5 of 19" in out
    assert "Tasks" not in out


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_it_fits_the_width_without_colour(simres, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = simres("schedule", "resnet20", *OVERLAPPED, "--tasks")
    assert "\x1b" not in out
    tables = [line for line in out.splitlines() if "  each simulated" not in line]
    wide = [line for line in tables if len(line) > int(columns)]
    assert not wide or columns == "40", wide
    assert all(len(line) <= 75 for line in wide)


def test_the_tasks_of_a_layer(simres, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    code, out, _ = simres("schedule", "resnet20", "--tasks", "--layer", "layers.0.conv1")
    assert code == 0
    tasks = out.split("Tasks")[1]
    assert "load layers.0.conv1: 9 KiB; layers.0.conv1.weight -> layers.0.conv1.weight in b" in tasks
    assert "matrix matrix layers.0.conv1: 2.359 M MACs; reads relu in b" in tasks
    assert "reserves b" in tasks
    assert "frees b" in tasks
    assert "layers.1" not in out


def test_an_unknown_layer_is_told_the_nearest(simres):
    code, out, err = simres("schedule", "resnet20", "--layer", "layer.0.conv1")
    assert (code, out) == (2, "")
    assert "no layer `layer.0.conv1` in this schedule" in err
    assert "`layers.0.conv1`" in err


def test_the_document_is_the_program(simres, tmp_path):
    code, out, err = simres("schedule", "resnet20", *OVERLAPPED, "--json", "-o", tmp_path / "program.json")
    assert (code, err) == (0, "")
    assert (tmp_path / "program.json").read_text() == out
    document = json.loads(out)
    assert document["schema_version"] == 1
    planned = api.schedule("resnet20", overrides={"scheduler": "overlapped"})
    read = TypeAdapter(Program).validate_json(json.dumps(document["program"]))
    assert (tuple(read.buffers), read.layers, read.decisions) == (
        planned.program.buffers,
        planned.program.layers,
        planned.program.decisions,
    )
    for mine, theirs in zip(read.tasks, planned.program.tasks, strict=True):
        assert (mine.engine, mine.kind, mine.needs, mine.after) == (
            theirs.engine,
            theirs.kind,
            theirs.needs,
            theirs.after,
        )
        assert (mine.reads, mine.writes, mine.reserves) == (theirs.reads, theirs.writes, theirs.reserves)
    assert len(document["candidates"]) == len(planned.candidates) > 1


def test_what_does_not_fit_is_no_traceback(simres):
    code, _, err = simres("schedule", "resnet20", "--set", "hardware.sram.capacity=64 B")
    assert code == 1
    assert "does not fit" in err


def test_a_loaded_scenario_takes_no_overrides():
    with pytest.raises(SimresError, match="go with a scenario's path or name"):
        api.schedule(api.find_scenario("paper"), overrides={"seed": 1})


@settings(max_examples=60, deadline=None)
@given(planned(), st.integers(200, 6_000), st.integers(40, 200))
def test_every_task_is_told_whatever_the_schedule(pair, capacity, width):
    workload, plan = pair
    try:
        program = tiled(workload, paper_chip(f"{capacity} B"), plan)
    except DoesNotFit:
        return
    text = [str(line) for line in schedule_table("random", program, (), workload, Page(width), tasks=True)]
    tasks = next(number for number, line in enumerate(text) if line.startswith("Tasks"))
    told = [*dropwhile(lambda line: not line.split()[0].isdigit(), text[tasks:])]
    numbers = [int(line.split()[0]) for line in told if not line.startswith("      ")]
    assert numbers == list(range(len(program.tasks)))
    words = " ".join(told)
    assert words.count("reserves") == sum(bool(task.reserves) for task in program.tasks)
    freed = {f"b{n}" for n, buffer in enumerate(program.buffers) if buffer.freed_by}
    assert freed <= set(words.replace(",", " ").replace(";", " ").split())
