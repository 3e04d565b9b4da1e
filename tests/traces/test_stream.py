"""The file of a trace: both forms, compressed or not, in small windows; what is no trace is said in words."""

from __future__ import annotations

import gzip
import json

import pytest

from simres.errors import SimresError
from simres.traces import stream
from simres.traces.importing import import_trace
from simres.traces.stream import EventStream

EVENTS = [
    {"ph": "X", "name": 'quote " \\ ä [{', "ts": n, "dur": 1.5, "args": {"deep": [[n]]}} for n in range(50)
]


@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 20])
def test_events_are_read_whole_whatever_the_window(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(stream, "_CHUNK", chunk)
    text = json.dumps({"before": 12345, "traceEvents": EVENTS, "after": {"long": [1, 2]}}, indent=1)
    (tmp_path / "t.json").write_text(text)
    found = EventStream(tmp_path / "t.json", frozenset(["after"]))
    assert list(found) == EVENTS
    assert found.head == {"before": 12345, "after": {"long": [1, 2]}}


def test_an_array_by_itself_may_end_early_and_gzip_is_recognised(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(EVENTS)[:-1] + ",")
    assert list(EventStream(tmp_path / "t.json")) == EVENTS
    (tmp_path / "t.json.gz").write_bytes(gzip.compress(json.dumps(EVENTS).encode()))
    assert list(EventStream(tmp_path / "t.json.gz")) == EVENTS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"hello", "does not begin with"),
        (b"{}", "has no `traceEvents`"),
        (b'{"schema_version": 1, "form": "graph"}', "has no `traceEvents`"),
        (b'{"traceEvents": 3}', "is no array"),
        (b'{"traceEvents": []}', "no slices"),
        (b'{"traceEvents": [{"ph": "X", "na', "after 0 events: the file ends in the middle"),
        (
            b'{"traceEvents": [{"ph": "X"}, {"ph": tru, "x": "' + b"y" * 40 + b'"}]}',
            "after 1 event: not JSON",
        ),
        (b'{"traceEvents": [' + b"[" * 100_000, "too deeply nested"),
        (b'{"traceEvents": [{"ts": ' + b"9" * 10_000 + b"}]}", "too long a number"),
        (b'{"traceEvents": [{"ph":"X","name":"a","ts":1e400,"dur":1}]}', "no slices"),
        (b'{"traceEvents": [{"ph":"X","name":"a","pid":[],"tid":{},"ts":NaN,"dur":1}]}', "no slices"),
        (gzip.compress(b'{"traceEvents": [{}, {}]}', mtime=0)[:-12], "cut off or damaged"),
        (b"\x1f\x8bnonsense", "cut off or damaged"),
        (
            b'{"otherData": {"scheduler": "x", "makespan_ps": 1}, "traceEvents": []}',
            "older version of simres",
        ),
        (b'{"otherData": {"exact": {"version": 1}}, "traceEvents": []}', "damaged trace of simres"),
        (b'{"otherData": {"exact": {"version": 99}}, "traceEvents": []}', "another version of simres"),
    ],
)
def test_what_is_no_trace_is_said_in_words(tmp_path, content, message):
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(SimresError) as error:
        import_trace(path)
    assert message in error.value.message
    assert str(path) in error.value.message


def test_what_is_no_file_is_said_in_words(tmp_path):
    for path, message in ((tmp_path, "is a folder"), (tmp_path / "none", "no such trace")):
        with pytest.raises(SimresError, match=message):
            import_trace(path)
