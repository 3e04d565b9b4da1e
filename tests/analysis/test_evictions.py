"""What evictions cost: every byte on the bus is either of LB0 or of a tensor that is named."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import simres.api
from simres.analysis.bounds import least_work
from simres.analysis.evictions import evictions
from simres.errors import AnswerIsNo
from simres.program import Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.program.record import RecordLevel
from simres.reporting.page import Page
from simres.result.json import read_result
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.simulation.run import run, run_stream
from simres.testing import behaviours, paper_chip, prove, workloads
from simres.workload import Role, Tensor, Workload
from tests.support.whole_reads import read_whole


def schedules(workload, chip):
    found = [serial.schedule(workload, chip, NoParameters())]
    return [*found, overlapped.schedule(workload, chip, overlapped.Parameters())]


@settings(max_examples=60, deadline=None)
@given(workloads().filter(read_whole), st.integers(200, 4000))
def test_the_bytes_of_any_schedule_are_those_of_lb0_and_of_evictions(workload, capacity):
    chip = paper_chip(capacity=f"{capacity} B")
    try:
        programs = schedules(workload, chip)
    except AnswerIsNo:
        assume(False)
    for program in programs:
        record = prove(program, chip, workload)
        found = evictions(program, workload, record)
        again = sum(row.nbytes for row in found)
        moved = program.bytes_read + program.bytes_written
        assert moved - again <= workload.compulsory_bytes <= moved
        if all(region.box is None for task in program.tasks for region in (*task.reads, *task.writes)):
            assert moved - again == workload.compulsory_bytes
        assert all(row.nbytes > 0 and min(row.written_bytes, row.read_bytes) >= 0 for row in found)
        # At 1 GB/s a byte is 1000 ps, and the bus works on nothing else of it.
        assert sum(row.bus_ps for row in found) == 1000 * again


@settings(max_examples=30, deadline=None)
@given(workloads().filter(read_whole), st.integers(200, 4000), st.integers(1, 4))
def test_of_several_images_weights_need_come_only_once(workload, capacity, images):
    chip = paper_chip(capacity=f"{capacity} B")
    try:
        programs = schedules(workload, chip)
    except AnswerIsNo:
        assume(False)
    for program in programs:
        record, _ = run_stream([(program, 0)] * images, chip, behaviours(chip))
        again = sum(row.nbytes for row in evictions(program, workload, record))
        moved = images * (program.bytes_read + program.bytes_written)
        assert moved - again <= sum(work.nbytes for work in least_work(workload, program, images)) <= moved
        assert sum(row.bus_ps for row in evictions(program, workload, record)) == 1000 * again


@pytest.mark.parametrize("weights", ["kept", "streamed"])
def test_weights_that_stay_are_not_loaded_again(weights):
    overrides = {"images": 3, "scheduler": {"name": "overlapped", "weights": weights}}
    result = simres.api.simulate("resnet20", overrides=overrides | {"hardware.sram.capacity": "2 MiB"})
    found = {row.role for row in result.evictions}
    assert found == ({Role.WEIGHT} if weights == "streamed" else set())
    again = sum(row.nbytes for row in result.evictions)
    lb0 = next(item for item in result.references if item.name == "LB0")
    moved = sum(layer.read_bytes + layer.written_bytes for layer in result.layers)
    assert moved - again == lb0.nbytes
    assert lb0.ps == 1000 * lb0.nbytes


X = Tensor("x", Role.INPUT, (1, 4, 8, 8))


def two_loads(*boxes):
    """Loads of parts of `x`, each into a buffer of its own."""
    tasks, buffers = [], []
    for number, box in enumerate(boxes):
        nbytes = 4
        for first, past in box:
            nbytes *= past - first
        buffers.append(Buffer("x", nbytes, "sram", (number,), box))
        regions = {"reads": (Region("x", None, box),), "writes": (Region("x", number, box),)}
        tasks.append(Task("ddr", TaskKind.LOAD, Work(nbytes=nbytes), 0, reserves=(number,), **regions))
    return Program("test", "", tuple(tasks), tuple(buffers), (Layer("a", "row"),))


@pytest.mark.parametrize(
    ("second", "rows_again"), [((0, 4), 4), ((4, 8), 0), ((3, 8), 1), ((2, 5), 2), ((0, 8), 4)]
)
def test_halo_rows_that_are_loaded_again_are_counted(second, rows_again):
    rows = [((0, 1), (0, 4), rows, (0, 8)) for rows in ((0, 4), second)]
    program = two_loads(*rows)
    chip = paper_chip()
    record = prove(program, chip)
    found = evictions(program, Workload("test", {"x": X}, (), ()), record)
    each = 4 * 4 * 8
    expected = [("x", 0, rows_again * each, 1000 * rows_again * each)] if rows_again else []
    assert [(row.tensor, row.written_bytes, row.read_bytes, row.bus_ps) for row in found] == expected


def test_every_launch_evicts_again():
    program = two_loads(*[tuple((0, size) for size in X.shape)] * 2)
    chip = paper_chip()
    workload = Workload("test", {"x": X}, (), ())
    record, _ = run_stream([(program, 0)] * 3, chip, behaviours(chip))
    [found] = evictions(program, workload, record)
    assert (found.read_bytes, found.bus_ps) == (3 * X.nbytes, 3000 * X.nbytes)
    totals, _ = run(program, chip, behaviours(chip), RecordLevel.NONE)
    assert evictions(program, workload, totals)[0] == dataclasses.replace(
        found, read_bytes=X.nbytes, bus_ps=0
    )


def test_they_are_in_the_json_and_the_report(tmp_path):
    from simres.reporting.tables.run_report import report

    result = simres.api.simulate("resnet20", overrides={"hardware.sram.capacity": "200 kB"})
    assert result.evictions
    document = json.loads(result.to_json())
    parts = document["evictions"]["tensors"].values()
    for key in ("written_bytes", "read_bytes", "bus_ps"):
        assert document["evictions"][key] == sum(part[key] for part in parts)
    text = "\n".join(line.plain for line in report(result, Page(whole=True)))
    assert "\nEvictions  " in text
    assert result.evictions[0].tensor in text
    assert read_result(result.save(tmp_path)).evictions == result.evictions
