"""Hostile traces: changed events of torch.profiler's and XProf's form, and changed traces of simres."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from simres import api
from simres.reporting.files.perfetto import perfetto
from simres.traces.importing import import_trace
from simres.traces.selection import WHOLE, Window
from tests.hostile import mutations
from tests.hostile.judging import BUILT_IN, Attempt
from tests.hostile.results import look
from tests.traces.traces import OTHER, STREAM, THREAD, arrow, call, on_device, on_thread


@cache
def _documents() -> tuple[Any, ...]:
    sync = {"cuda_sync_kind": "Stream Wait Event", "correlation": 4, "wait_on_stream": 7, "stream": 8}
    events = [
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": THREAD, "args": {"name": "main"}},
        {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "/device:GPU:0"}},
        on_thread("ProfilerStep#1", 0, 100.5, "user_annotation"),
        on_thread("aten::mm", 1, 20),
        call("cudaLaunchKernel", 2, 4, 1),
        on_device("void gemm<int>(float)", 7.25, 20, 1),
        call("cudaMemcpyAsync", 30, 10, 2),
        on_device("Memcpy DtoH", 32, 6, 2, "gpu_memcpy", STREAM, bytes=64),
        call("cudaStreamWaitEvent", 41, 1, 4),
        {"ph": "X", "cat": "cuda_sync", "name": "x", "pid": 0, "tid": 8, "ts": 42, "dur": 1, "args": sync},
        on_thread("MmBackward0", 50, 20, tid=OTHER),
        *arrow("fwdbwd", 1, (THREAD, 2), (OTHER, 50)),
        {"ph": "B", "name": "b", "pid": 1, "tid": OTHER, "ts": 80},
        {"ph": "E", "pid": 1, "tid": OTHER, "ts": 90},
        {"ph": "C", "name": "c", "pid": 1, "ts": 3, "args": {"v": 1}},
    ]
    own = json.loads(perfetto(api.simulate("paper", record="full", registry=BUILT_IN)))
    foreign = {"schemaVersion": 1, "traceEvents": events, "displayTimeUnit": "ms"}
    return foreign, foreign, foreign, events, own


def trace(rng: Random, folder: Path) -> Attempt:
    """A trace, changed in its document or in its bytes, now and then compressed."""
    document = rng.choice(_documents())
    data = json.dumps(document).encode()
    if rng.random() < 0.7:
        data = mutations.json_of(rng, mutations.document_changed(rng, document))
    if rng.random() < 0.3:
        data = mutations.bytes_changed(rng, data)
    if rng.random() < 0.2:
        data = gzip.compress(data, 1, mtime=0)
        if rng.random() < 0.5:
            data = mutations.bytes_changed(rng, data)
    path = folder / "trace.json"
    path.write_bytes(data)
    window = Window(rng.randrange(10**8), rng.randrange(10**8)) if rng.random() < 0.1 else WHOLE

    def read() -> None:
        look(import_trace(path, window), rng)

    return Attempt(read, (str(path),))
