"""A study says how it gets on, line by line where there is no terminal, with an honest time left."""

from __future__ import annotations

import io
import threading

import pytest

from simres import jobs
from simres.reporting import progress
from simres.reporting.progress import JobProgress, RemovalProgress, described
from simres.reporting.text.console import Output


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: at[0])
    return at


def test_what_runs_and_what_is_simulated_are_timed_apart(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress.Progress, "between_lines", 10.0)
    stream = io.StringIO()
    with RemovalProgress(Output(stream)) as shown:
        shown.expect(1000, 3)
        now[0] += 4
        shown.ran(100)  # 25 runs a second: 36 s for the rest
        now[0] += 2
        shown.simulated()  # 2 s each: 4 s for the other two
        shown.block("conv", (0.25, 0.5), 0.875, 1_234_000_000)
        now[0] += 13
        shown.ran(300)  # 17 s for 400: 25.5 s for the other 600
        shown.removed(("layers.1", "layers.0"), 0.5, 1_000_000_000)
        shown.expect(50, 0)  # less than was thought
        now[0] += 2
        shown.ran(50)
    assert stream.getvalue().splitlines() == [
        "without conv, whose response is 0.250: 87.50 % of the training images, 1.234 ms, about 40 s left",
        "39 % of the work, about 30 s left",
        "2 removed, the last of them layers.0: 50.00 % of the training images, 1 ms, about 30 s left",
        "measured in 21 s",
    ]


def test_nothing_is_foretold_before_anything_was_done(now: list[float]) -> None:
    stream = io.StringIO()
    with RemovalProgress(Output(stream)) as shown:
        shown.expect(10, 10)
        shown.removed(("a",), 1.0, 1)
    assert "left" not in stream.getvalue()


def test_a_terminal_gets_a_bar_and_the_lines(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with RemovalProgress(Output(stream)) as shown:
        shown.expect(10, 0)
        now[0] += 30
        shown.ran(5)
        shown.removed(("layers.7",), 1.0, 1_000_000)
    assert "1 removed, the last of them layers.7" in stream.getvalue()
    assert "\n50 % of the work" not in stream.getvalue()


def test_an_end_before_the_end_is_not_called_one(now: list[float]) -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), RemovalProgress(Output(stream)):
        raise KeyboardInterrupt
    assert stream.getvalue() == ""


def test_a_job_says_its_count_rate_time_left_and_what_it_found(now: list[float]) -> None:
    found = ["p99 at 400/s: 3 ms"]
    with jobs.job("runs", 65, found=lambda: found[0]) as outer, jobs.job("planning resnet20"):
        now[0] += 30
        outer.steps = 15
        assert described(jobs.going(), now[0]) == (
            "15 of 65 runs, 0.5/s, 1:40 min left; p99 at 400/s: 3 ms; planning resnet20, 30 s"
        )
        outer.steps, found[0] = 0, ""
        assert described(jobs.going()[:1], now[0]) == "0 of 65 runs"


def test_a_silent_command_shows_its_job_and_not_beside_other_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "BETWEEN", 0.001)
    monkeypatch.setattr(progress.Progress, "between_lines", 0.0)
    stream = io.StringIO()
    shown = JobProgress(Output(stream))
    asked = threading.Event()

    def found() -> str:
        asked.set()
        return "p99 so far 2 ms"

    with jobs.watched(shown), jobs.job("requests", 20, done=lambda: 5, found=found):
        assert asked.wait(10)
    shown.close()
    assert "5 of 20 requests" in stream.getvalue()
    assert "p99 so far 2 ms" in stream.getvalue()

    asked.clear()
    beside = JobProgress(Output(io.StringIO()))
    with RemovalProgress(Output(io.StringIO())), jobs.watched(beside), jobs.job("requests", 20, found=found):
        assert not asked.wait(0.1)
    beside.close()
