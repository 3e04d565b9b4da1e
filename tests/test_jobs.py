"""Long work says how far it is, and ends early with what it has where somebody says that it did."""

from __future__ import annotations

import os
import signal

import pytest

from simres import api, jobs


class Watcher:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def begun(self) -> None:
        self.calls.append("begun")

    def ended(self) -> None:
        self.calls.append("ended")


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C as it is in a program; pytest's own handler comes back afterwards."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_the_outermost_job_begins_and_ends_what_is_watched():
    watcher = Watcher()
    with jobs.watched(watcher):
        with jobs.job("rates", 3) as outer, jobs.job("requests", 10, done=lambda: 7):
            outer.steps += 2
            assert [(one.what, one.done, one.total) for one in jobs.going()] == [
                ("rates", 2, 3),
                ("requests", 7, 10),
            ]
        assert watcher.calls == ["begun", "ended"]
    assert jobs.going() == []


def test_what_cannot_say_yet_what_it_found_says_nothing():
    def found() -> str:
        raise RuntimeError("dictionary changed size during iteration")

    with jobs.job("requests", found=found) as one:
        assert one.found == ""


def test_a_program_is_not_given_less_than_it_asked_for():
    assert not jobs.cut_short("after 2 of 3 runs")
    assert jobs.how_far() is None


def test_ctrl_c_asks_once_those_that_can_end_and_then_interrupts(ctrl_c):
    with jobs.watched(Watcher()):
        with jobs.job("requests", can_end=lambda: True):
            ctrl_c()
            assert jobs.end_asked()
            with pytest.raises(KeyboardInterrupt):
                ctrl_c()
        assert jobs.how_far() is None
    assert not jobs.end_asked()


def test_ctrl_c_interrupts_what_cannot_end(ctrl_c):
    with jobs.watched(Watcher()), jobs.job("runs"), jobs.job("requests", can_end=lambda: True):
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
        assert not jobs.end_asked()


def test_a_run_asked_to_end_is_a_run_of_the_requests_that_came(monkeypatch):
    scenario = {"load.images": "200", "load.warmup": "20"}
    asked = iter([False] * 50)
    monkeypatch.setattr(jobs, "end_asked", lambda: next(asked, True))
    with jobs.watched(Watcher()):
        result = api.simulate("stream", overrides=scenario)
        assert jobs.how_far() == "after 50 of 200 requests"
    (stream,) = result.record.streams
    assert (stream.arrived, stream.counted) == (50, 30)
    monkeypatch.undo()
    assert result.record == api.simulate("stream", overrides=scenario | {"load.images": "50"}).record
