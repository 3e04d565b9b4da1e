"""What a trace becomes: tasks, dependencies by kind, the critical path, and what is not known."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres import api
from simres.analysis.critical_path import Why, critical_path
from simres.analysis.explanation import explain
from simres.errors import SimresError
from simres.program.record import Cause
from simres.reporting.page import Page
from simres.reporting.tables.explanation_tables import explanation
from simres.reporting.viewer.index import ViewIndex
from simres.result.rules import problems_of_result
from simres.traces.importing import import_trace
from simres.traces.selection import Window
from tests.traces.traces import (
    OTHER,
    STREAM,
    THREAD,
    US,
    arrow,
    call,
    imported,
    on_device,
    on_thread,
    times,
    written,
)

MAIN = f"thread {THREAD}"
GPU = f"stream {STREAM}"


def path_of(result):
    """The critical path: engine, cause, and length in microseconds."""
    return [
        (part.engine, part.cause, part.took_ps / US) for part in critical_path(result.program, result.record)
    ]


def test_nested_slices_become_pieces_that_touch_and_what_is_between_is_untraced(tmp_path):
    result = imported(
        tmp_path,
        on_thread("aten::conv2d", 100, 10),
        on_thread("aten::convolution", 101, 8),
        on_thread("aten::mkldnn_convolution", 102, 6),
        on_thread("aten::relu", 113, 2),
    )
    assert times(result) == [
        (MAIN, "conv2d", 0, 1),
        (MAIN, "conv2d/convolution", 1, 2),
        (MAIN, "conv2d/mkldnn_convolution", 2, 8),
        (MAIN, "conv2d/convolution", 8, 9),
        (MAIN, "conv2d", 9, 10),
        (MAIN, "untraced", 10, 13),
        (MAIN, "relu", 13, 15),
    ]
    assert result.record.engines[MAIN].working_ps == result.makespan_ps == 15 * US
    assert result.trace.counts == {"thread order": 6, "nesting": 2}
    kinds = {layer.name: layer.kind for layer in result.program.layers}
    assert kinds["conv2d/mkldnn_convolution"] == "conv2d"


def test_modules_and_named_stretches_are_blocks_and_a_numbered_step_is_none(tmp_path):
    result = imported(
        tmp_path,
        on_thread("ProfilerStep#3", 0, 20, "user_annotation"),
        on_thread("nn.Module: ResNet_0", 1, 18, "python_function"),
        on_thread("nn.Module: Conv2d_1", 2, 8, "python_function"),
        on_thread("torch/nn/functional.py(1): conv", 3, 6, "python_function"),
        on_thread("aten::conv2d", 4, 4),
    )
    blocks = {layer.name: layer.block for layer in result.program.layers}
    assert blocks["ResNet_0/Conv2d_1/conv2d"] == "ResNet_0/Conv2d_1"
    assert blocks["ResNet_0/Conv2d_1/python/torch/nn/functional.py(1): conv"] == "ResNet_0/Conv2d_1"
    assert result.makespan_ps == 20 * US


def test_the_explanation_has_the_time_of_each_module(tmp_path):
    result = imported(
        tmp_path,
        on_thread("nn.Module: ResNet_0", 0, 20, "python_function"),
        on_thread("nn.Module: Conv2d_1", 2, 8, "python_function"),
        on_thread("aten::conv2d", 2, 8),
        on_thread("nn.Module: ReLU_1", 12, 6, "python_function"),
        on_thread("aten::relu", 12, 6),
    )
    lines = [line.plain for line in explanation(result, explain(result.program, result.record), Page())]
    start = next(number for number, line in enumerate(lines) if line.startswith("Modules"))
    rows = [line.split() for line in lines[start + 4 : start + 7]]
    assert rows == [
        ["ResNet_0/Conv2d_1", "8000.000", "40.0"],
        ["ResNet_0", "6000.000", "30.0"],
        ["ResNet_0/ReLU_1", "6000.000", "30.0"],
    ]


def test_the_viewer_walks_through_it(tmp_path):
    pytest.importorskip("textual")
    from simres.reporting.viewer.app import Viewer

    result = imported(tmp_path, on_thread("aten::mm", 0, 10), on_thread("aten::relu", 12, 6))

    async def walk() -> None:
        viewer = Viewer(ViewIndex(result), Page(100))
        async with viewer.run_test(size=(100, 30)) as pilot:
            await pilot.press("+", "right", "down", "enter")
            assert viewer.is_running

    asyncio.run(walk())


def test_a_launch_ends_where_its_kernel_begins_and_a_synchronisation_waits(tmp_path):
    result = imported(
        tmp_path,
        on_thread("aten::mm", 0, 10),
        call("cudaLaunchKernel", 2, 4, 1),
        on_device("void at::native::gemm<float>(int)", 8, 20, 1),
        call("cudaDeviceSynchronize", 12, 18, 2),
    )
    assert (GPU, "mm/gemm", 8, 28) in times(result)
    assert (MAIN, "cudaDeviceSynchronize", 28, 30) in times(result)
    assert not [each for each in times(result) if each[0] == MAIN and 12 <= each[2] < 28]
    assert result.record.engines[MAIN].waiting_ps[Cause.DATA] == 16 * US
    assert path_of(result) == [
        (MAIN, Why.WORKING, 2),
        (MAIN, Why.WORKING, 4),
        (GPU, Cause.UNKNOWN, 2),
        (GPU, Why.WORKING, 20),
        (MAIN, Why.WORKING, 2),
    ]
    assert {kind: len(pairs) for kind, pairs in result.trace.edges.items()} == {
        "launch": 1,
        "synchronisation": 1,
    }


def test_a_copy_that_its_call_waits_for_is_no_work_of_the_thread(tmp_path):
    result = imported(
        tmp_path,
        call("cudaLaunchKernel", 0, 2, 1),
        on_device("k", 2, 20, 1),
        call("cudaMemcpyAsync", 3, 30, 2),
        on_device("Memcpy DtoH", 25, 5, 2, "gpu_memcpy", bytes=4096),
    )
    copies = f"{GPU} copies"
    assert (MAIN, "cudaMemcpyAsync", 30, 33) in times(result)
    assert result.record.engines[copies].moved_bytes == 4096
    assert result.trace.counts["stream order"] == 1, "the copy follows the kernel, on a lane of its own"
    assert (copies, Cause.UNKNOWN, 3) in path_of(result)
    assert (GPU, Why.WORKING, 20) in path_of(result)


def test_a_stream_waits_for_an_event_of_another(tmp_path):
    wait = {"cuda_sync_kind": "Stream Wait Event", "correlation": 4, "wait_on_stream": 7, "stream": 8}
    wait |= {"wait_on_cuda_event_record_corr_id": 3, "device": 0}
    result = imported(
        tmp_path,
        call("cudaLaunchKernel", 0, 1, 1),
        on_device("first", 1, 50, 1),
        call("cudaEventRecord", 2, 1, 3),
        call("cudaStreamWaitEvent", 4, 1, 4),
        {
            "ph": "X",
            "cat": "cuda_sync",
            "name": "Stream Wait Event",
            "pid": 0,
            "tid": 8,
            "ts": 5,
            "dur": 1,
            "args": wait,
        },
        call("cudaLaunchKernel", 6, 1, 5),
        on_device("second", 51, 5, 5, stream=8),
    )
    assert result.trace.counts["stream wait"] == 1
    assert path_of(result)[-2:] == [(GPU, Why.WORKING, 50), ("stream 8", Why.WORKING, 5)]


def test_which_stream_a_synchronisation_waited_for_is_not_guessed(tmp_path):
    result = imported(
        tmp_path,
        call("cudaLaunchKernel", 0, 1, 1),
        on_device("long", 1, 100, 1),
        call("cudaStreamSynchronize", 5, 3, 2),
        on_thread("aten::add", 9, 1),
    )
    assert "synchronisation" not in result.trace.counts
    assert any("synchronisations of which" in what for what in result.trace.unknown)


def test_an_arrow_between_threads_is_a_dependency_and_one_back_in_time_is_counted(tmp_path):
    result = imported(
        tmp_path,
        on_thread("produce", 0, 10),
        on_thread("consume", 12, 5, tid=OTHER),
        *arrow("flow", 1, (THREAD, 1), (OTHER, 12)),
        *arrow("flow", 2, (OTHER, 16), (THREAD, 3)),
    )
    assert result.trace.counts["flow"] == 1
    assert path_of(result) == [
        (MAIN, Why.WORKING, 10),
        (f"thread {OTHER}", Cause.UNKNOWN, 2),
        (f"thread {OTHER}", Why.WORKING, 5),
    ]


def test_a_thread_waits_while_autograd_computes_its_gradients(tmp_path):
    result = imported(
        tmp_path,
        on_thread("aten::mm", 0, 10),
        on_thread("MmBackward0", 14, 20, tid=OTHER),
        on_thread("aten::add_", 40, 5),
        *arrow("fwdbwd", 1, (THREAD, 1), (OTHER, 14)),
    )
    assert result.trace.counts["backward call"] == 2
    assert result.record.engines[MAIN].waiting_ps[Cause.DATA] == 20 * US
    assert [(engine, took) for engine, _, took in path_of(result)] == [
        (MAIN, 10),
        (MAIN, 4),
        (f"thread {OTHER}", 20),
        (MAIN, 6),
        (MAIN, 5),
    ]


def test_a_thread_that_only_polls_is_left_out(tmp_path):
    result = imported(tmp_path, on_thread("aten::mm", 0, 10), call("cudaEventQuery", 500, 1, 9, tid=OTHER))
    assert list(result.record.engines) == [MAIN]
    assert result.makespan_ps == 10 * US


def test_slices_that_overlap_lie_on_a_lane_of_their_own(tmp_path):
    result = imported(tmp_path, on_thread("a", 0, 10), on_thread("b", 5, 10), on_thread("c", 20, 1))
    assert (f"{MAIN} (2)", "b", 5, 15) in times(result)
    assert any("lane of their own" in what for what in result.trace.unknown)


def test_a_named_stretch_goes_on_after_the_function_that_began_it(tmp_path):
    result = imported(
        tmp_path,
        on_thread("enter", 0, 3, "python_function"),
        on_thread("mine", 1, 10, "user_annotation"),
        on_thread("aten::mm", 5, 2),
    )
    assert list(result.record.engines) == [MAIN]
    assert (MAIN, "mine/mm", 5, 7) in times(result)
    assert result.makespan_ps == 11 * US


def test_xprof_lanes_of_a_device_are_streams_and_overlays_are_none(tmp_path):
    def named(what, pid, tid, name):
        return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}

    def on_tpu(name, tid, ts, dur, **args):
        return {"ph": "X", "name": name, "pid": 3, "tid": tid, "ts": ts, "dur": dur, "args": args}

    result = imported(
        tmp_path,
        named("process_name", 3, 0, "/device:TPU:0"),
        named("thread_name", 3, 1, "Steps"),
        named("thread_name", 3, 2, "XLA Ops"),
        on_tpu("0", 1, 0.0, 12.5),
        on_tpu("fusion.1", 2, 0.0, 5.25, hlo_category="convolution fusion"),
        on_tpu("copy.2", 2, 6.000001, 6.5, hlo_category="data formatting"),
    )
    assert list(result.record.engines) == ["TPU:0 XLA Ops"]
    assert [layer.kind for layer in result.program.layers][:2] == ["convolution fusion", "data formatting"]
    assert result.makespan_ps == 12_500_001
    assert path_of(result)[1] == ("TPU:0 XLA Ops", Cause.UNKNOWN, 0.750001)


def test_a_large_trace_is_cut_to_its_longest_slices_or_to_its_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr("simres.traces.selection.MOST", 20)
    monkeypatch.setattr("simres.traces.selection.select.__defaults__", (20,))
    short = [on_thread("outer", 0, 1000), *(on_thread(f"op{n}", 10 * n, 1 + n) for n in range(8))]
    many = [on_thread(f"inner{n}", 100 + n, 0.5) for n in range(40)]
    result = imported(tmp_path, *short, *many)
    assert result.makespan_ps == 1000 * US
    assert any("shorter than" in what for what in result.trace.unknown)
    launches = [
        event
        for n in range(30)
        for event in (call("cudaLaunchKernel", 10 * n, 1, n + 1), on_device("k", 10 * n + 2, 5, n + 1))
    ]
    result = imported(tmp_path, *launches)
    assert result.makespan_ps < 120 * US
    assert any("after the first" in what for what in result.trace.unknown)
    alike = [on_thread(f"op{n}", 10 * n, 8) for n in range(50)]
    result = imported(tmp_path, *alike)
    assert 150 * US < result.makespan_ps < 250 * US
    assert any("after the first" in what for what in result.trace.unknown)


def test_a_stretch_is_cut_out(tmp_path):
    path = written(tmp_path / "t.json", [on_thread(f"op{n}", 10 * n, 8) for n in range(10)])
    result = import_trace(path, Window(20 * US, 44 * US))
    assert [layer for _, layer, _, _ in times(result) if layer != "untraced"] == ["op2", "op3", "op4"]
    assert result.makespan_ps == 24 * US
    with pytest.raises(SimresError, match="no slice in this range"):
        import_trace(path, Window(500 * US))


@st.composite
def random_traces(draw):
    """Nested slices on two threads, launches, kernels in order, arrows and synchronisations."""
    events = []
    calls = []
    for tid in (THREAD, OTHER):
        at = draw(st.integers(0, 20))
        for _ in range(draw(st.integers(1, 6))):
            start, length = at + draw(st.integers(0, 5)), draw(st.integers(1, 20))
            events.append(on_thread("aten::" + draw(st.sampled_from("abc")), start, length, tid=tid))
            if length > 3 and draw(st.booleans()):
                kind = draw(st.sampled_from(["cudaLaunchKernel", "cudaStreamSynchronize", "cudaMemcpyAsync"]))
                events.append(call(kind, start + 1, length - 2, len(calls) + 1, tid=tid))
                calls.append(start + 1)
            at = start + length
    free = 0
    for number, start in enumerate(calls):
        if draw(st.booleans()):
            free = max(free, start + draw(st.integers(-2, 9)))
            length = draw(st.integers(0, 15))
            cat = draw(st.sampled_from(["kernel", "gpu_memcpy"]))
            events.append(
                on_device("k", max(0, free), length, number + 1, cat, draw(st.sampled_from([7, 8])))
            )
            free += length
    for number in range(draw(st.integers(0, 3))):
        category = draw(st.sampled_from(["flow", "fwdbwd"]))
        ends = [(draw(st.sampled_from([THREAD, OTHER])), draw(st.integers(0, 90))) for _ in range(2)]
        events += arrow(category, number, *ends)
    return draw(st.permutations(events))


@given(events=random_traces())
@settings(max_examples=150, deadline=None)
def test_the_critical_path_of_any_trace_is_as_long_as_the_run_and_every_time_adds_up(
    tmp_path_factory, events
):
    result = imported(tmp_path_factory.mktemp("any"), *events)
    assert not list(problems_of_result(result))
    path = critical_path(result.program, result.record)
    assert sum(part.took_ps for part in path) == result.makespan_ps
    assert [part.end_ps for part in path[:-1]] == [part.start_ps for part in path[1:]]
    spans = {span.task: span for span in result.record.rows}
    for pairs in result.trace.edges.values():
        assert all(spans[one].end <= spans[other].begun for one, other in pairs)


def test_a_result_of_a_trace_is_written_read_and_refused_where_it_cannot_run(tmp_path):
    result = imported(tmp_path, on_thread("aten::mm", 0, 10))
    again = api.load(result.save(tmp_path / "out"))
    assert (again.record, again.program, again.trace) == (result.record, result.program, result.trace)
    with pytest.raises(SimresError, match="trace of a real machine"):
        api.rerun(tmp_path / "out")


def test_the_same_trace_gives_the_same_result(tmp_path):
    events = [on_thread("aten::mm", n, 0.5, tid=tid) for n in range(5) for tid in (THREAD, OTHER, "io")]
    first, second = (json.dumps(imported(tmp_path, *events).to_document()) for _ in range(2))
    assert first == second
