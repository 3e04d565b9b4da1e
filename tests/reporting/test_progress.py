"""A study says how it gets on, line by line where there is no terminal, with an honest time left."""

from __future__ import annotations

import io

import pytest

from simres.reporting import progress
from simres.reporting.progress import RemovalProgress
from simres.reporting.text.console import Output


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: at[0])
    return at


def test_what_runs_and_what_is_simulated_are_timed_apart(now: list[float]) -> None:
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
