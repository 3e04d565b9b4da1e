"""Sweeps: the same table in one process or several, killed or not; what fails stands in its row."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simres.errors import AnswerIsNo, ExitCode, SimresError
from simres.exploration.table import lean, rows_in
from simres.result import Result

ASKED = [
    *("resnet20", "--set", "workload=tiny-ad"),  # scheduled in a tenth of the time
    *("--vary", "hardware.ddr.bandwidth=0.5,1,100 GB/s"),
    *("--vary", "hardware.sram.capacity=1 KiB..1 MiB log 4"),
    *("--vary", "scheduler=serial,overlapped"),
]
POINTS = 24  # of which the six with the smallest memory fit nothing

Simres = Callable[..., tuple[int, str, str]]


def lines(path: Path) -> list[str]:
    return sorted(path.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The table of a sweep that nobody disturbed, by one process."""
    path = tmp_path_factory.mktemp("whole") / "t.jsonl"
    subprocess.run(command(path, 1), check=True, capture_output=True, cwd=Path(__file__).parents[2])
    return lines(path)


def command(path: Path, workers: int) -> list[str]:
    arguments = ["sweep", *ASKED, "--workers", str(workers), "-o", str(path)]
    return [sys.executable, "-m", "simres", *arguments]


def test_each_row_is_what_simulate_says(whole: list[str]) -> None:
    from simres import api

    assert len(whole) == POINTS
    rows = [json.loads(line) for line in whole]
    for row in rows[::5]:
        overrides = {
            "workload": "tiny-ad",
            "hardware.ddr.bandwidth": f"{row['hardware.ddr.bandwidth']} B/s",
            "hardware.sram.capacity": f"{row['hardware.sram.capacity']} B",
            "scheduler": row["scheduler"],
        }
        if row["error"] is not None:
            with pytest.raises(AnswerIsNo) as refused:
                api.simulate("resnet20", overrides=overrides)
            assert row["error"] == refused.value.message
            continue
        if row["schedule_from"] is not None:
            continue
        result: Result = api.simulate("resnet20", overrides=overrides)
        assert row["makespan_ps"] == result.makespan_ps
        assert row["energy_fj"] == result.energy.total_fj
        assert row["bound"] == result.bounds.tightest
    failed = [row for row in rows if row["error"]]
    assert len(failed) == 6
    assert all("makespan_ps" in row and row["makespan_ps"] is None for row in failed)


def test_several_processes_make_the_same_table(whole: list[str], simres: Simres, tmp_path: Path) -> None:
    code, out, err = simres("sweep", *ASKED, "--workers", 2, "-o", tmp_path / "t.jsonl")
    assert code == ExitCode.OK
    assert "Pareto front" in out
    assert f"{POINTS} points" in err
    assert lines(tmp_path / "t.jsonl") == whole


@pytest.mark.parametrize("workers", [("--workers", "2"), ("--cluster", "local:1")], ids=lambda x: x[0])
def test_an_old_name_is_warned_of_once(workers: tuple[str, str], tmp_path: Path) -> None:
    if workers[0] == "--cluster":
        pytest.importorskip("distributed")
    arguments = [
        "--set",
        "workload=tiny-ad",
        "--vary",
        "scheduler=serial,fused",
        "--vary",
        "images=1,2",
        *workers,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "simres", "sweep", "resnet20", *arguments, "-o", str(tmp_path / "t.jsonl")],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    (said,) = [line for line in done.stderr.splitlines() if "fused" in line or "Warning" in line]
    assert said.startswith("warning: scheduler: `fused` is part of `overlapped` now; write `overlapped`")


@pytest.mark.slow
def test_killed_at_random_moments_and_taken_up_again_it_is_the_same_table(
    whole: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "t.jsonl"
    moments = random.Random(5)
    killed = 0
    for more in (0, 1, 1, 1):  # rows that are there before the moment is drawn
        there = len(lines(path)) if path.exists() else 0
        process = subprocess.Popen(
            command(path, 2),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        while more and process.poll() is None and (not path.exists() or len(lines(path)) < there + more):
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.1 if more else 0.6))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    assert killed
    subprocess.run(command(path, 2), check=True, capture_output=True, cwd=Path(__file__).parents[2])
    assert lines(path) == whole


def test_half_a_line_is_dropped_and_nothing_is_done_twice(
    whole: list[str], simres: Simres, tmp_path: Path
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(whole[:10]) + "\n" + whole[10][:40], encoding="utf-8")
    code, _, err = simres("sweep", *ASKED, "--workers", 1, "-o", path)
    assert code == ExitCode.OK
    assert "10 of them known already" in err
    assert lines(path) == whole


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no knob varies"),
        (["--vary", "hardware.ddr.bandwith=1,2 GB/s"], "bandwidth"),
        (["--vary", "hardware.ddr.bandwidth=2..1 GB/s log 3"], "backwards"),
        (["--vary", "hardware.ddr.bandwidth=1,2 apples"], "apples"),
        (["--vary", "images=1", "--vary", "images=2"], "--vary images: given twice"),
        (["--vary", "hardware.ddr.bandwidth=4..1 GB/s step 1 GB/s"], "smaller end first: `1..4 GB/s`"),
        (["--vary", "hardware.ddr.bandwidth=4 GB/s..1 GB/s log 3"], "first: `1 GB/s..4 GB/s`"),
        (["--vary", "hardware.ddr.bandwidth=1..4 GB/s step -1 GB/s"], "the step must be more than 0"),
        (["--vary", "hardware.ddr.bandwidth"], "not of the form"),
        (["--vary", "scheduler=serial,fastest"], "fastest"),
        (["--vary", "workload=resnet20,resnet21"], "21 layers"),
        (["--vary", "scheduler=serial", "--goal", "latency,speed"], "unknown goal `speed`"),
        (["--vary", "workload=resnet18", "--goal", "latency,accuracy"], "no point has"),
    ],
)
def test_what_cannot_be_swept_is_said(
    arguments: list[str], said: str, simres: Simres, tmp_path: Path
) -> None:
    code, _, err = simres("sweep", "resnet20", *arguments, "-o", tmp_path / "t.jsonl", "--workers", 1)
    assert code == ExitCode.BAD_INPUT
    assert said in err


def test_a_table_of_something_else_is_left_alone(simres: Simres, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("a,b\n1,2\n")
    code, _, err = simres("sweep", "resnet20", "--vary", "scheduler=serial", "-o", path)
    assert code == ExitCode.BAD_INPUT
    assert "is not a table of a sweep: line 1" in err
    assert path.read_text() == "a,b\n1,2\n"
    path.unlink()
    assert simres("sweep", "resnet20", "--vary", "scheduler=serial", "-o", path)[0] == ExitCode.OK
    before = path.read_text()
    code, _, err = simres("sweep", "resnet20", "--vary", "hardware.ddr.bandwidth=1,2 GB/s", "-o", path)
    assert code == ExitCode.BAD_INPUT
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_ps": [1]}, "`image_ps` has no such value"),
        ({"image_ps": "1 us"}, "`image_ps` has no such value"),
        ({"image_ps": -1}, "`image_ps` has no such value"),
        ({"image_ps": True}, "`image_ps` has no such value"),
        ({"energy_fj": 10**40}, "`energy_fj` has no such value"),
        ({"accuracy": float("nan")}, "`accuracy` has no such value"),
        ({"bound": 3}, "`bound` has no such value"),
        ({"error": {}}, "`error` has no such value"),
        ({"hardware.ddr.bandwidth": {}}, "`hardware.ddr.bandwidth` has no such value"),
        ({"image_ps": None}, "has neither a time nor an error"),
    ],
)
def test_rows_that_no_sweep_writes_are_refused_with_their_line(
    whole: list[str], tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = tmp_path / "t.jsonl"
    row = next(row for row in map(json.loads, whole) if row["error"] is None)
    path.write_text(f"{whole[0]}\n{json.dumps(row | changes)}\n", encoding="utf-8")
    with pytest.raises(SimresError, match=f"line 2: .*{re.escape(message)}"):
        list(rows_in(path))


def test_a_row_nested_without_end_is_no_row(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"key":' + "[" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(SimresError, match="line 1 is"):
        list(rows_in(tmp_path / "t.jsonl"))


def test_lean_rows_have_the_same_cells_and_each_text_once(whole: list[str], tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    path.write_text("".join(f"{line}\n" for line in whole))
    rows = list(rows_in(path))
    few = lean(rows, ["makespan_ps", "bound", "error"])
    assert few == [{name: row[name] for name in ("makespan_ps", "bound", "error")} for row in rows]
    assert len({id(row["bound"]) for row in few}) == len({row["bound"] for row in rows}) < len(rows)
