"""`verify` finds a task on a host that does not run it, and a bound that does not follow from the hosts."""

from __future__ import annotations

from dataclasses import replace

import pytest

import simres
from simres.analysis.bounds import LowerBound
from simres.program import TaskKind
from simres.verification.verify import verify


@pytest.fixture(scope="module")
def result():
    sfu = {"kind": "host", "rate": "5 GOP/s", "launch": "10 ns", "runs": ["batch_norm", "relu"]}
    return simres.simulate("resnet20", overrides={"hardware.sfu": sfu})


def broken(result):
    return {finding.check: finding.problem for finding in verify(result) if not finding.holds}


def test_what_simres_makes_holds(result):
    assert not broken(result)
    assert [finding.counted for finding in verify(result) if finding.check == "hosts"] == [
        "49 tasks on hosts that run them"
    ]


def test_a_task_on_another_host(result):
    tasks = list(result.program.tasks)
    number, task = next((n, task) for n, task in enumerate(tasks) if task.engine == "sfu")
    tasks[number] = replace(task, engine="host")
    moved = replace(result, program=replace(result.program, tasks=tuple(tasks)))
    assert broken(moved)["hosts"] == f"task {number} of `bn` is on `host`, which does not run it"
    assert task.kind is TaskKind.HOST


@pytest.mark.parametrize("name", ["work on sfu", "work on host"])
def test_a_bound_of_another_size(result, name):
    terms = tuple(
        replace(term, ps=term.ps - 1000) if term.name == name else term for term in result.bounds.lower.terms
    )
    smaller = replace(result, bounds=replace(result.bounds, lower=LowerBound(terms)))
    assert name in broken(smaller)["lower bound"]
