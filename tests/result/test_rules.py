"""Whatever is done to a result file, it is shown, run again, or refused with a message."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres import api
from simres.errors import SimresError
from simres.plugins.registry import Registry
from simres.reporting.drawing.timeline_drawing import timeline
from simres.reporting.files.layer_csv import layer_csv
from simres.reporting.files.perfetto import perfetto
from simres.reporting.page import Page
from simres.reporting.tables.run_report import report
from simres.result.json import read_result

BUILT_IN = Registry(external=False)
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    7,
    10**30,
    -(10**30),
    10**400,
    1.5,
    float("nan"),
    "",
    "nope",
    "ddr",
    [],
    {},
    [0],
]


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


@pytest.fixture(scope="module")
def stream():
    """A result of requests over time, as plain data."""
    return json.loads(api.simulate("stream", overrides={"load.images": 20}, registry=BUILT_IN).to_json())


@pytest.fixture(scope="module")
def documents(paper, resnet20, stream):
    """Results as plain data, each with its places grouped by their keys so that rare ones are hit too."""
    found = []
    for document in (*(json.loads(result.to_json()) for result in (paper, resnet20)), stream):
        groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for place in places(document):
            groups.setdefault(tuple("#" if isinstance(key, int) else key for key in place), []).append(place)
        found.append((document, list(groups.values())))
    return found


def put(document: Any, place: tuple[Any, ...], value: Any, *, away: bool = False) -> None:
    """Sets or takes away what is at a place, if it is still there."""
    try:
        for key in place[:-1]:
            document = document[key]
        if away:
            del document[place[-1]]
        else:
            document[place[-1]] = value
    except (KeyError, IndexError, TypeError):
        pass


def use(path: Any) -> None:
    """Everything that is done with a result file; a `SimresError` is an answer."""
    try:
        result = read_result(path)
    except SimresError:
        return
    for look in (
        lambda: list(report(result, Page(80))),
        lambda: timeline(result, Page(80)),
        lambda: perfetto(result),
        lambda: layer_csv(result),
        lambda: api.rerun(path, registry=BUILT_IN),
    ):
        with contextlib.suppress(SimresError):
            look()


def test_a_result_file_changed_at_random_is_used_or_refused(documents, tmp_path):
    path = tmp_path / "result.json"

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.randoms(use_true_random=False))
    def hold(rng):
        document, groups = rng.choice(documents)
        document = copy.deepcopy(document)
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            place = rng.choice(rng.choice(groups))
            put(document, place, rng.choice(VALUES), away=rng.randrange(3) == 0)
        path.write_text(json.dumps(document))
        use(path)

    hold()


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("engines", "ddr"), None, "engines.ddr"),
        (("engines",), {}, "engines: no `ddr`"),
        (("engines", "ddr", "peak_per_s"), 0, "engines.ddr.peak_per_s: 0 is no rate"),
        (("bounds_ps", "ddr"), -1, "bounds_ps.ddr: -1 is no time"),
        (("program", "tasks", 3, "engine"), "gpu", "program.tasks.3.engine: no engine `gpu`"),
        (("program", "tasks", 3, "layer"), 10**6, "program.tasks.3.layer: there is no layer 1000000"),
        (
            ("program", "tasks", 3, "needs"),
            [3],
            "program.tasks.3: waits for a task that does not come before",
        ),
        (("program", "tasks", 3, "reserves"), [-1], "program.tasks.3: uses a buffer that does not exist"),
        (
            ("program", "tasks", 3, "reads", 0, "tensor"),
            "x.y",
            "program.tasks.3: uses a tensor that does not",
        ),
        (("program", "tasks", 0, "work", "nbytes"), -1, "program.tasks.0.work: no amounts of work"),
        (("program", "buffers", 0, "memory"), "rom", "program.buffers.0.memory: no memory `rom`"),
        (("program", "buffers", 0, "nbytes"), -5, "program.buffers.0.nbytes: -5 is no size"),
        (("program", "buffers", 0, "freed_by"), [10**6], "program.buffers.0.freed_by: names a task"),
        (("program", "resident_out"), [10**6], "program: keeps a buffer that does not exist"),
        (("program", "tasks", 0, "reserves"), [], "program.buffers.0: nothing reserves it"),
        (
            ("record", "makespan_ps"),
            10**400,
            "record.makespan_ps: a number of more than 30 digits is no time",
        ),
        (("record", "engines", "ddr", "idle_ps"), 1, "record.engines.ddr: its times do not add up"),
        (("record", "engines", "ddr", "tasks"), 1, "record.engines.ddr.tasks: is 1, the rows have"),
        (("record", "engines", "ddr", "moved_bytes"), -1, "record.engines.ddr: no counts of tasks and bytes"),
        (("record", "memories", "sram", "peak"), 10**9, "record.memories.sram: it holds more than it can"),
        (("record", "layer_working_ps"), {"gpu": []}, "record.layer_working_ps.gpu: no engine"),
        (("record", "rows", 3), [0, 1], "record.rows.3: has 2 figures, not 12"),
        (("record", "rows", 3, 1), 10**6, "record.rows.3: names a task or launch that does not exist"),
        (("record", "rows", 3, 8), 10**6, "record.rows.3: names a task or launch that does not exist"),
        (("record", "rows", 3, 2), 10**20, "record.rows.3: runs against time"),
        (("record", "rows", 3, 6), -1, "record.rows.3: runs against time"),
        (("record", "rows"), [], "record.engines.ddr.tasks: is"),
    ],
)
def test_what_contradicts_itself_is_named(documents, tmp_path, place, value, message):
    document = copy.deepcopy(documents[1][0])
    put(document, place, value)
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(SimresError, match=re.escape(message)):
        read_result(tmp_path)


def test_a_task_that_is_missing_from_the_record_is_named(documents, tmp_path):
    document = copy.deepcopy(documents[1][0])
    put(document, ("record", "rows", 3), None, away=True)
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(SimresError, match=r"record\.rows: a task is missing, or given twice"):
        read_result(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("capacity_per_ks",), -1, "capacity_per_ks: -1 is no rate"),
        (("repeats",), 21, "record.streams.0.arrived: is 20, and there were 21 images"),
        (("record", "streams", 0, "tenant"), 1, "record.streams: of tenants that do not exist"),
        (("record", "streams", 0, "warmup"), 20, "record.streams.0.warmup: leaves nothing"),
        (("record", "streams", 0, "counted"), 0, "record.streams.0.counted: is 0, not"),
        (("record", "streams", 0, "until_ps"), 10**20, "record.streams.0.until_ps: it runs against time"),
        (("record", "streams", 0, "stayed_ps"), 1, "record.streams.0.stayed_ps: Little's law"),
        (("record", "streams", 0, "waited_ps"), -1, "record.streams.0.stayed_ps: Little's law"),
        (("record", "streams", 0, "counted_latency_ps"), 10**20, "record.streams.0.counted_latency_ps:"),
        (("record", "streams", 0, "counted_present_ps"), 10**20, "record.streams.0.counted_present_ps:"),
        (("record", "streams", 0, "most_present"), 21, "record.streams.0.most_present:"),
        (("record", "streams", 0, "present_at_last"), 21, "record.streams.0.present_at_last:"),
        (("record", "streams", 0, "latency_ps", "p99"), 1, "record.streams.0.latency_ps: no percentiles"),
        (("record", "streams", 0, "wait_ps"), {"p50": 0}, "record.streams.0.wait_ps: no percentiles"),
        (("record", "streams", 0, "latency_ps", "max"), 10**20, "record.streams.0.latency_ps: is not of"),
        (("record", "streams", 0, "upto_ps", 0, 1), -1, "record.streams.0.upto_ps: does not have every"),
        (("record", "streams", 0, "missed"), 19, "record.streams.0.missed: more than there are"),
        (("record", "streams", 0, "one_in"), -1, "record.streams.0.deadline_ps: no time, or no error"),
        (("record", "streams", 0, "served"), [], "record.streams.0.served: a request is missing"),
        (("record", "streams", 0, "served", 0, 1), 10**6, "record.streams.0.served.0: names tasks"),
        (("record", "streams", 0, "served", 0, 3), 10, "record.streams.0.served.0: names tasks"),
        (("record", "engines", "ddr", "tasks"), 1, "record.engines.ddr.tasks: is 1, launches have"),
    ],
)
def test_a_stream_that_contradicts_itself_is_named(stream, tmp_path, place, value, message):
    document = copy.deepcopy(stream)
    put(document, place, value)
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(SimresError, match=re.escape(message)):
        read_result(tmp_path)
