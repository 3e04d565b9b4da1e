"""Handing on in a sweep: more of anything is never slower, whoever evaluates and in whatever order."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres import api
from simres.exploration import handing_on
from simres.exploration.handing_on import NEEDED, hand_on
from simres.exploration.point_figures import SOURCE, Evaluation, FigureRow, failed
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.plugins.registry import Registry

ROOT = Path(__file__).parents[2]
KNOBS = {
    "hardware.ddr.bandwidth": "4,1,2 GB/s",
    "hardware.ddr.latency": "0,100,200 ns",
    "scheduler": "serial,overlapped",
    "hardware.sram.capacity": "64,128,256,512 KiB",
}
Own = dict[int, tuple[int, int, int]]
"""What a made-up schedule of each point takes: of the bus, of its latency, of the memory."""


@cache
def study() -> Study:
    registry = Registry(external=False)
    template = api.find_template("resnet20")
    find = partial(api.find_workload, registry=registry)
    return study_of(template, space_of(KNOBS), registry, find, plugins=False)


def ranks(point: int) -> tuple[int, int, int]:
    """How much a point has, in bandwidth, latency and memory."""
    bandwidth, latency, _, capacity = study().space.places(point)
    return (3, 1, 2)[bandwidth], 3 - latency, capacity + 1


def scheduler(point: int) -> int:
    return study().space.places(point)[2]


def takes_ps(own: Own, source: int, point: int) -> int:
    """The time of a schedule at a point, the shorter the more the point has."""
    return sum(1000 * cost // has for cost, has in zip(own[source], ranks(point), strict=True))


def row_of(own: Own, point: int, source: int) -> FigureRow:
    row = failed(study(), point, "") | {"error": None, "makespan_ps": takes_ps(own, source, point)}
    return row | {SOURCE: None if source == point else study().key(source)}


def evaluation(own: Own, order: random.Random) -> Evaluation:
    def evaluate(given: Study, points: Iterable[int], count: int) -> Iterator[list[FigureRow]]:
        shuffled = list(points)
        assert len(shuffled) == count
        order.shuffle(shuffled)
        for point in shuffled:
            source = given.sources[point]
            assert all(has >= had for has, had in zip(ranks(point), ranks(source), strict=True))
            assert scheduler(point) == scheduler(source)
            yield [row_of(own, point, source)]

    return evaluate


POINTS = range(72)


@st.composite
def owns(draw: st.DrawFn) -> Own:
    cost = st.integers(0, 50)
    return {point: draw(st.tuples(cost, cost, cost)) for point in POINTS}


@settings(max_examples=50, deadline=None)
@given(owns(), st.sets(st.sampled_from(POINTS)), st.integers())
def test_more_of_anything_is_never_slower_in_whatever_order_points_are_evaluated(
    own: Own, missing: set[int], seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handing_on, "LARGEST", 0)
        rows = {point: row_of(own, point, point) for point in POINTS if point not in missing}
        found = hand_on(study(), rows, evaluation(own, random.Random(seed)))
        again = hand_on(study(), dict(reversed(rows.items())), evaluation(own, random.Random(seed + 1)))
    assert found == again
    times = {point: (found.get(point) or row)["makespan_ps"] for point, row in rows.items()}
    for point, ps in times.items():
        assert ps <= rows[point]["makespan_ps"]  # type: ignore[operator]
        for other, least in times.items():
            more = all(has >= had for has, had in zip(ranks(point), ranks(other), strict=True))
            if more and scheduler(point) == scheduler(other):
                assert ps <= least  # type: ignore[operator]
    for point, row in found.items():
        assert row["makespan_ps"] < rows[point]["makespan_ps"]  # type: ignore[operator]


def test_what_was_handed_on_before_goes_on_from_its_source() -> None:
    """A table that is taken up again has rows with a source; that point's schedule is tried, not its own."""
    own = dict.fromkeys(POINTS, (9, 9, 9)) | {0: (1, 1, 1)}
    source, middle, last = (
        study().space.point(places) for places in ((1, 0, 0, 0), (1, 0, 0, 1), (1, 0, 0, 2))
    )
    own[source] = (1, 1, 1)
    rows = {middle: row_of(own, middle, source), last: row_of(own, last, last)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handing_on, "LARGEST", 0)
        found = hand_on(study(), rows, evaluation(own, random.Random(0)))
    assert {point: row[SOURCE] for point, row in found.items()} == {last: study().key(source)}


def test_points_that_failed_take_no_schedule_and_give_none() -> None:
    own = dict.fromkeys(POINTS, (1, 1, 1))
    rows = {point: failed(study(), point, "it does not fit") for point in POINTS}
    assert hand_on(study(), rows, evaluation(own, random.Random(0))) == {}


SQUANDER = """
from dataclasses import replace
from simres.hardware.chip import Chip
from simres.plugins.hooks import Scheduler, hookimpl

@hookimpl
def simres_schedulers():
    yield Scheduler("squander", "simres_squander:schedule", "with 100 KiB or more it uses 40 KiB of it")

def schedule(workload, chip, parameters):
    from simres.scheduling.serial import schedule as serial
    name, memory = chip.scratchpad()
    if memory.capacity >= 100 << 10:
        smaller = memory.model_copy(update={"capacity": 40 << 10})
        chip = Chip({**chip.components, name: smaller}, chip.roles)
    return replace(serial(workload, chip, parameters), scheduler="squander")
"""


@pytest.fixture
def squander(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that has a scheduler which does worse with more."""
    (tmp_path / "simres_squander.py").write_text(SQUANDER)
    about = tmp_path / "simres_squander-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: simres-squander\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[simres]\nsquander = simres_squander\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path, "SIMRES_LOAD_PLUGINS": "simres-squander"}


def swept(environment: dict[str, str], path: Path, *arguments: str) -> list[FigureRow]:
    command = [sys.executable, "-m", "simres", "sweep", "resnet20", "--set", "scheduler=squander"]
    command += ["--vary", "hardware.ddr.bandwidth=0.5,1,2,4 GB/s"]
    command += ["--vary", "hardware.sram.capacity=64 KiB..1 MiB log 13"]
    subprocess.run([*command, *arguments, "-o", str(path)], check=True, env=environment, capture_output=True)
    return [json.loads(line) for line in sorted(path.read_text().splitlines())]


@pytest.mark.slow
def test_tables_are_the_same_with_one_worker_or_two_and_when_taken_up_again(
    squander: dict[str, str], tmp_path: Path
) -> None:
    """Enough designs are handed a schedule for a round by all processes."""
    rows = swept(squander, tmp_path / "one.jsonl", "--workers", "1")
    keys = {row["key"]: row for row in rows}
    handed = [row for row in rows if row[SOURCE] is not None]
    assert {row["key"] for row in rows if row["hardware.sram.capacity"] >= 100 << 10} <= {  # type: ignore[operator]
        row["key"] for row in handed
    }
    assert len(handed) > handing_on.LARGEST
    for row in handed:
        source = keys[row[SOURCE]]
        assert source[SOURCE] is None
        for knob in ("hardware.ddr.bandwidth", "hardware.sram.capacity"):
            assert source[knob] <= row[knob]  # type: ignore[operator]
    for bandwidth in {row["hardware.ddr.bandwidth"] for row in rows}:
        line = [row for row in rows if row["hardware.ddr.bandwidth"] == bandwidth]
        line.sort(key=lambda row: row["hardware.sram.capacity"])  # type: ignore[arg-type, return-value]
        times = [row["makespan_ps"] for row in line]
        assert times == sorted(times, reverse=True)  # type: ignore[type-var]

    assert swept(squander, tmp_path / "two.jsonl", "--workers", "2") == rows
    assert swept(squander, tmp_path / "two.jsonl", "--workers", "2") == rows

    few = [row for row in rows if row[SOURCE] is None]  # as when it was stopped before it handed on
    (tmp_path / "few.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in few))
    assert swept(squander, tmp_path / "few.jsonl", "--workers", "1") == rows


def test_what_is_looked_at_is_in_every_row() -> None:
    assert set(NEEDED) <= set(failed(study(), 0, ""))
