"""What a sweep does when the machine lets it down: a disk that runs full, processes that are killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from simres import api
from simres.exploration import table, worker_processes
from simres.exploration.figures import FigureRow, columns
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.plugins.registry import Registry

VARY = {"hardware.ddr.bandwidth": "1,2,3,4 GB/s", "hardware.host.rate": "5,10,20 GOP/s"}


@pytest.fixture(scope="module")
def study() -> Study:
    registry = Registry(external=False)
    find = partial(api.find_workload, registry=registry)
    return study_of(api.find_template("paper"), space_of(VARY), registry, find, plugins=False)


@pytest.fixture(scope="module")
def expected(study: Study) -> list[str]:
    points = range(study.space.size)
    found = worker_processes.here(study, points, len(points))
    return sorted(table.line_of(row) for rows in found for row in rows)


FULL = """
import resource, sys
from simres.commands import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
sys.argv = ["simres", "--no-plugins", "sweep", "paper", "--workers", "1", *sys.argv[1:]]
main()
"""
"""A sweep that can write 1500 bytes to a file and no more."""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_on_a_full_disk_whole_rows_stay_and_the_sweep_goes_on(tmp_path: Path, expected: list[str]) -> None:
    knobs = [text for key, values in VARY.items() for text in ("--vary", f"{key}={values}")]
    path = tmp_path / "table.jsonl"
    full = subprocess.run(
        [sys.executable, "-c", FULL, *knobs, "-o", str(path)], capture_output=True, text=True, check=False
    )
    assert full.returncode == 2, full.stderr
    assert "cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    kept = path.read_text().splitlines(keepends=True)
    assert 0 < len(kept) < len(expected)
    assert set(kept) <= set(expected)

    again = FULL.replace("1500, 1500", "-1, -1")
    done = subprocess.run([sys.executable, "-c", again, *knobs, "-o", str(path)], check=False)
    assert done.returncode == 0
    assert sorted(path.read_text().splitlines(keepends=True)) == expected


class Killing(ProcessPoolExecutor):
    """Processes of which one is killed as soon as it has begun, the first time."""

    killed = 0

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        future = super().submit(fn, *args, **kwargs)
        if fn is not os.getpid and not Killing.killed:
            Killing.killed = next(iter(self._processes))
            os.kill(Killing.killed, signal.SIGKILL)
        return future


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_processes_that_are_killed_are_replaced(
    study: Study, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "ProcessPoolExecutor", Killing)
    rows: list[FigureRow] = []
    for more in worker_processes.processes(study, range(study.space.size), study.space.size, 2):
        rows += more
    assert Killing.killed
    assert sorted(map(table.line_of, rows)) == expected


@pytest.mark.parametrize("full", ["table", "storage"])
def test_a_search_on_a_full_disk_goes_on_from_what_it_has(
    simres: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: str,
) -> None:
    trials = pytest.importorskip("simres.exploration.trials")
    pytest.importorskip("optuna")
    knobs = [text for key, values in VARY.items() for text in ("--vary", f"{key}={values}")]
    asked = ("explore", "paper", *knobs, "--workers", 1, "-o", tmp_path)
    with monkeypatch.context() as patch:
        if full == "table":
            patch.setattr(table.os, "write", no_space)
        else:
            patch.setattr(trials, "_write_ahead", lambda it, _: it.execute("PRAGMA max_page_count=1"))
            patch.setattr("time.sleep", lambda _: None)  # Optuna tries again, and again
        code, out, err = simres(*asked, "--points", 30)
    assert (code, out) == (2, "")
    assert ("the disk is full" if full == "table" else "database or disk is full") in err
    assert "no finished row is lost; run the same command again" in err
    path = tmp_path / "explore.jsonl"
    kept = path.read_text() if path.exists() else ""
    code, _, err = simres(*asked, "--points", 12)
    assert code == 0, err
    assert path.read_text().startswith(kept)
    assert len(path.read_text().splitlines()) == 12


def test_a_storage_that_a_full_disk_has_no_room_for_says_so(simres, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    trials = pytest.importorskip("simres.exploration.trials")
    pytest.importorskip("optuna")
    monkeypatch.setattr(trials, "_storage", no_space)
    knobs = ("--vary", "hardware.ddr.bandwidth=1,2 GB/s")
    code, out, err = simres("explore", "paper", *knobs, "--workers", 1, "-o", tmp_path)
    assert (code, out) == (2, "")
    assert "No space left" in err
    assert "make room" in err
    assert list(tmp_path.iterdir()) == []


def no_space(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_row_has_the_columns_of_its_table(study: Study) -> None:
    assert list(next(worker_processes.here(study, [0], 1))[0]) == columns(study)
