"""Images one after the other: weights come once where they are kept, and everything else N times."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import simres
from simres import api
from simres.errors import InvariantViolation, SimresError
from simres.plugins.catalogue import Provider
from simres.plugins.hooks import Scheduler, hookimpl
from simres.plugins.registry import Registry
from simres.program import TaskKind
from simres.program.record import RecordLevel
from simres.program.tenants import concatenated
from simres.reporting.drawing.timeline_drawing import timeline
from simres.reporting.files.layer_csv import layer_csv
from simres.reporting.files.perfetto import perfetto
from simres.reporting.page import Page
from simres.reporting.tables.run_report import report
from simres.scenario.loader import from_document
from simres.scheduling.preload import preload
from simres.scheduling.serial import schedule as serial
from simres.scheduling.tiling import DoesNotFit
from simres.simulation.check import check
from simres.simulation.run import run, run_stream
from simres.testing import behaviours, paper_chip, workloads
from simres.workload import Ledger
from tests.support.kept_weights import keepable, kept
from tests.support.plans import in_parts, planned, tiled

INT8 = ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues"]


def keeping(workload, chip, parameters):
    """Tiles a quarter of the memory could hold, overlapped, with the weights kept."""
    memory, spec = chip.scratchpad()
    small = spec.model_copy(update={"capacity": spec.capacity // 4})
    program = tiled(
        workload,
        replace(chip, components={**chip.components, memory: small}),
        in_parts(workload, rows=8),
    )
    return kept(program, workload)


class Plugin:
    """A scheduler that keeps weights."""

    @hookimpl
    def simres_schedulers(self):
        yield Scheduler("keeping", "tests.analysis.test_pipeline:keeping", "keeps weights")


@pytest.fixture(scope="module")
def registry():
    found = Registry(external=False)
    found._add(Plugin(), Provider("keeping", "simres-keeping", "1.0"))
    return found


@pytest.fixture(scope="module")
def stream(registry):
    document = {
        "workload": "resnet20",
        "chip": "paper",
        "hardware": {"sram": {"capacity": "1 MiB"}},
        "scheduler": "keeping",
        "passes": INT8,
        "images": 64,
    }
    return simres.simulate(from_document(document, registry=registry), registry=registry)


def waits(program):
    """Whether everything waits for a load: a tile that reads padding alone could come before the weights."""
    return all(task.needs for task in program.tasks if task.kind is not TaskKind.LOAD)


@settings(max_examples=80, deadline=None)
@given(planned(), st.integers(400, 6_000), st.integers(1, 5))
def test_kept_weights_come_once_and_the_rest_for_every_image(pair, capacity, images):
    workload, plan = pair
    machine = paper_chip(f"{capacity} B")
    try:
        plain = tiled(workload, machine, plan)
    except DoesNotFit:
        return
    assume(keepable(plain, workload))
    steady = kept(plain, workload)
    assume(waits(steady))
    roomy = paper_chip(f"{capacity + sum(steady.buffers[n].nbytes for n in steady.resident_in)} B")
    check(steady, roomy, workload)
    fill = preload(steady, workload, roomy)
    check(fill, roomy, Ledger("", ()))
    assert fill.bytes_read == sum(steady.buffers[number].nbytes for number in steady.resident_in)
    record, _ = run_stream([(fill, 0)] + [(steady, 0)] * images, roomy, behaviours(roomy))
    moved = record.engines["ddr"].moved_bytes
    assert moved == fill.bytes_read + images * (steady.bytes_read + steady.bytes_written)
    assert moved >= workload.compulsory_bytes
    # The whole is a Program too, sound by itself: what one leaves is what the next finds.
    once = concatenated([fill, steady])
    check(once, roomy, workload)
    assert not once.resident_in
    assert sum(once.buffers[number].nbytes for number in once.resident_out) == fill.bytes_read
    # The spans name the joint Program's tasks: each as often as it ran, on its engine, at its price.
    repeats = record.repeats(len(once.tasks))
    assert repeats == [1] * len(fill.tasks) + [images] * len(steady.tasks)
    ran = [0] * len(once.tasks)
    for span in record.spans:
        ran[span.task] += 1
        least = roomy.engines[once.tasks[span.task].engine].duration_ps(once.tasks[span.task].work)
        assert span.working_ps >= least - 1
    assert ran == repeats
    ends = [one.end_ps for one in record.launches]
    for number, launched in enumerate(record.launches):
        assert launched.end_ps == max(
            (span.end for span in record.spans if span.launch == number), default=launched.at_ps
        )
    assert max(ends) == record.makespan_ps


@settings(max_examples=50, deadline=None)
@given(planned(), st.integers(1, 4))
def test_one_program_again_and_again_is_one_stream(pair, times):
    workload, plan = pair
    machine = paper_chip("1 MB")
    program = tiled(workload, machine, plan)
    assume(keepable(program, workload))
    steady = kept(program, workload)
    assume(waits(steady))
    twice = concatenated([preload(steady, workload, machine)] + [replace(steady)] * times)
    check(twice, machine, workload)
    assert len(twice.buffers) == len(steady.buffers) + (times - 1) * (
        len(steady.buffers) - len(steady.resident_in)
    )
    assert sum(task.work.macs for task in twice.tasks) == times * workload.macs
    assert concatenated([program]) is program


def test_an_activation_cannot_be_found_in_memory():
    workload = api.find_workload("resnet20")
    machine = paper_chip()
    program = serial(workload, machine, None)
    made = next(n for n, buffer in enumerate(program.buffers) if buffer.tensor == "conv")
    with pytest.raises(InvariantViolation, match="expects `conv` in memory"):
        preload(replace(program, resident_in=(made,)), workload, machine)


@settings(max_examples=40, deadline=None)
@given(workloads(), st.integers(1, 4))
def test_images_of_a_serial_schedule(workload, images):
    """Every task N times; the first image as if alone, no image faster than the busiest engine."""
    registry = Registry(external=False)
    document = {"workload": "resnet20", "chip": "paper", "images": images}
    stream = simres.simulate(from_document(document, registry=registry), workload=workload, registry=registry)
    alone = simres.simulate(
        from_document(document | {"images": 1}, registry=registry), workload=workload, registry=registry
    )
    assert stream.images == images * workload.images
    assert stream.record.launches[0].end_ps == alone.makespan_ps
    assert alone.makespan_ps <= stream.makespan_ps <= images * alone.makespan_ps
    assert stream.makespan_ps >= stream.bounds.makespan
    for name, engine in stream.record.engines.items():
        assert engine.working_ps == images * alone.record.engines[name].working_ps
    for many, one in zip(stream.layers, alone.layers, strict=True):
        assert (many.macs, many.read_bytes) == (images * one.macs, images * one.read_bytes)
    assert stream.energy.dynamic_fj == {k: images * v for k, v in alone.energy.dynamic_fj.items()}
    assert sum(stream.energy.layers_fj) == sum(stream.energy.dynamic_fj.values())
    assert (stream.pipeline is None) == (images == 1)


def test_resnet20_with_its_weights_kept_is_bound_by_the_matrix_unit(stream):
    """81.1 us of multiply-accumulates an image, once the 274 kB of weights are there."""
    found = stream.pipeline
    assert found.bottleneck == "matrix"
    assert found.bottleneck_ps == 2 * 40_551_040
    assert 81_102_080 <= found.steady_image_ps <= 1.08 * 81_102_080
    ends = [launched.end_ps for launched in stream.record.launches[1:]]
    assert found.first_ps == ends[0]
    assert abs(found.steady_image_ps * 63 - (ends[-1] - ends[0])) <= 63
    weights = stream.rewritten.weight_bytes
    assert stream.to_document()["traffic_bytes"]["read"] == weights + 64 * 3072
    assert stream.bounds.engines["ddr"] == (weights + 64 * (3072 + 4 * 10)) * 1000
    assert stream.bounds.engines["matrix"] == 64 * 81_102_080


def test_a_stream_is_shown_and_survives_its_file(stream, tmp_path, registry):
    shorter = from_document(dict(stream.origin.scenario | {"images": 4}), registry=registry)
    stream = simres.simulate(shorter, registry=registry)
    again = simres.load(stream.save(tmp_path))
    assert again.record == stream.record
    assert again.to_document() == stream.to_document()
    before, after = simres.rerun(tmp_path, registry=registry)
    assert before.record == after.record
    text = " ".join(str(line) for line in report(again, Page(120, whole=True)))
    assert "for 4 inferences" in text
    assert "In steady state one image every " in text
    assert "the bottleneck is the matrix unit" in text
    assert "above the lower bound of 324.4 us: " in text
    assert timeline(again, Page(100))
    assert len(layer_csv(again).splitlines()) == len(again.layers) + 1
    slices = [
        event for event in json.loads(perfetto(again))["traceEvents"] if "task" in event.get("args", {})
    ]
    assert {event["args"]["launch"] for event in slices if "launch" in event["args"]} == set(range(5))


def test_levels_agree_on_launches_and_layers(stream, registry):
    document = stream.origin.scenario | {"images": 5}
    scenario = from_document(dict(document), registry=registry)
    full, aggregate, none = (
        simres.simulate(scenario, record=level, registry=registry).record for level in RecordLevel
    )
    assert full.launches == aggregate.launches == none.launches
    assert full.engines == aggregate.engines == none.engines


def test_layers_of_an_aggregate_record_are_those_of_the_spans(registry, stream):
    scenario = from_document(dict(stream.origin.scenario | {"images": 3}), registry=registry)
    full = simres.simulate(scenario, registry=registry)
    aggregate = simres.simulate(scenario, record="aggregate", registry=registry)
    from simres.reporting.tables.result_tables import working_by_layer

    for one, other in zip(working_by_layer(full), working_by_layer(aggregate), strict=True):
        assert {name: ps for name, ps in one.items() if ps} == {name: ps for name, ps in other.items() if ps}


@pytest.mark.parametrize("images", [0, -1, "many", 1.5, 10**9])
def test_images_are_a_reasonable_count(images):
    registry = Registry(external=False)
    with pytest.raises(SimresError, match="images"):
        from_document({"workload": "resnet20", "chip": "paper", "images": images}, registry=registry)


def test_launches_that_cannot_be_are_refused(stream, tmp_path):
    document = json.loads(stream.to_json())
    document["record"]["launches"][3][1] = 10**15
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(SimresError, match=r"record\.launches\.3: runs against time"):
        simres.load(tmp_path)
    document = json.loads(stream.to_json())
    del document["record"]["launches"][3]
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(SimresError, match=r"record\.rows: a task is missing, or given twice"):
        simres.load(tmp_path)


@settings(max_examples=30, deadline=None)
@given(planned())
def test_a_ledger_of_launches_is_not_needed(pair):
    """Records made by hand, without launches, count every task once."""
    machine = paper_chip("1 MB")
    program = tiled(pair[0], machine, pair[1])
    assume(program.tasks)
    record, _ = run(program, machine, behaviours(machine))
    assert replace(record, launches=()).repeats(len(program.tasks)) == record.repeats(len(program.tasks))
    assert {task.kind for task in program.tasks} <= set(TaskKind)


def test_the_shipped_pipeline_is_bound_by_the_matrix_unit():
    result = simres.simulate("pipeline", registry=Registry(external=False))
    assert result.met
    assert result.images == 64
    assert result.pipeline.bottleneck == "matrix"
    assert result.pipeline.steady_image_ps <= 1.05 * 81_102_080
