"""Cases whose time is known in advance, on a chip where a byte and an operation take a nanosecond each.

`benchmarks/validation.py` puts them on a page; the tests check each form on random figures
(`tests/simulation/test_closed_forms_*.py`), and its sources are named there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import simres
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.program import Program, Task, TaskKind, Work
from simres.simulation.run import run_stream
from simres.testing import behaviours, chip, prove

NS = 1000


class Form(NamedTuple):
    """A case, its closed form in words, and picoseconds by it and simulated."""

    what: str
    form: str
    expected_ps: int
    simulated_ps: int


def forms() -> Iterator[Form]:
    """Every case that must agree to the picosecond."""
    sheet = simres.simulate("paper").makespan_ps
    yield Form("the paper's sheet", "its own sum: 5.557844 + 0.3244032 + 16.22016 ms", 22_102_407_200, sheet)
    for load, work, tiles in ((70, 40, 9), (40, 70, 9)):
        form = f"l + (n - 1) max(l, c) + c; l, c, n = {load}, {work}, {tiles}"
        expected = load + (tiles - 1) * max(load, work) + work
        yield Form("double buffering", form, expected * NS, _makespan(_buffered(load, work, tiles)))
    load, work, store, tiles = 40, 60, 50, 9
    expected = load + work + store + (tiles - 1) * max(load, work, store)
    form = f"l + c + s + (n - 1) max(l, c, s); {load}, {work}, {store}, {tiles}"
    yield Form(
        "the same, with a store on a path of its own", form, expected * NS, _stored(load, work, store, tiles)
    )
    for load, work, store in ((40, 100, 50), (40, 60, 50)):
        yield _one_bus(load, work, store, tiles)
    yield _images((30, 70, 20), 12)
    yield _in_turns(300, 500)
    yield _window(window=4, latency=200, bursts=1000)
    yield _refresh(nbytes=100_000, interval=10)


class Wait(NamedTuple):
    """Requests at a server of fixed time: its load, and the mean wait by the form and simulated."""

    load: float
    expected_ps: float
    simulated_ps: float


def waits(requests: int = 20_000) -> Iterator[Wait]:
    """Poisson arrivals at a server of fixed time D: rho D / (2 (1 - rho)), by Pollaczek and Khinchine."""
    service = 1000
    program = Program("one", "", (_host(service),))
    for seed, load in ((1, 0.3), (2, 0.5), (3, 0.8)):
        chance, at, starts = random.Random(seed), 0.0, []
        for _ in range(requests):
            at += chance.expovariate(load / (service * NS))
            starts.append((program, round(at)))
        machine = _machine()
        record, _ = run_stream(starts, machine, behaviours(machine))
        waited = [span.granted - starts[span.launch][1] for span in record.spans]
        yield Wait(load, load * service * NS / (2 * (1 - load)), sum(waited) / len(waited))


def _machine(**bus: object) -> Chip:
    """The chip; what is said goes for the bus `ddr`."""
    nanosecond = {"kind": "ddr", "bandwidth": "1 GB/s"}
    return chip(
        {
            "ddr": BusSpec.model_validate(nanosecond | bus),
            "out": BusSpec.model_validate(nanosecond),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": "1 TB"}),
            "matrix": MatrixSpec.model_validate({"kind": "matrix", "rate": "2 GFLOP/s"}),
            "host": HostSpec.model_validate({"kind": "host", "rate": "1 GFLOP/s"}),
        }
    )


def _load(ns: int, engine: str = "ddr") -> Task:
    return Task(engine, TaskKind.LOAD, Work(nbytes=ns), 0)


def _store(ns: int, after: int, engine: str = "ddr") -> Task:
    return Task(engine, TaskKind.STORE, Work(nbytes=ns), 0, (after,))


def _compute(ns: int, after: int) -> Task:
    return Task("matrix", TaskKind.MATRIX, Work(macs=ns), 0, (after,))


def _host(ns: int, *after: int) -> Task:
    return Task("host", TaskKind.HOST, Work(vector_ops=ns), 0, after)


def _makespan(tasks: Sequence[Task], **bus: object) -> int:
    return prove(Program("case", "", tuple(tasks)), _machine(**bus)).makespan_ps


def _buffered(load: int, work: int, tiles: int) -> list[Task]:
    return [task for tile in range(tiles) for task in (_load(load), _compute(work, 2 * tile))]


def _stored(load: int, work: int, store: int, tiles: int) -> int:
    return _makespan(
        [
            task
            for tile in range(tiles)
            for task in (_load(load), _compute(work, 3 * tile), _store(store, 3 * tile + 1, "out"))
        ]
    )


def _one_bus(load: int, work: int, store: int, tiles: int) -> Form:
    """Loads go one tile ahead."""
    tasks, loads = [_load(load), _load(load)], [0, 1]
    for tile in range(tiles):
        tasks.append(_compute(work, loads[tile]))
        tasks.append(_store(store, len(tasks) - 1))
        if len(loads) < tiles:
            loads.append(len(tasks))
            tasks.append(_load(load))
    if work >= load + store:
        form, expected = "l + n c + s", load + tiles * work + store
    else:
        form = "n l + (n - 2) s + max(0, c - l) + max(s, c) + s"
        expected = tiles * load + (tiles - 2) * store + max(0, work - load) + max(store, work) + store
    form += f"; {load}, {work}, {store}, {tiles}"
    return Form("loads and stores on one bus", form, expected * NS, _makespan(tasks))


def _images(parts: tuple[int, int, int], images: int) -> Form:
    moved, worked, rest = parts
    program = Program("image", "", (_load(moved), _compute(worked, 0), _host(rest, 1)))
    machine = _machine()
    record, _ = run_stream([(program, 0)] * images, machine, behaviours(machine))
    expected = sum(parts) + (images - 1) * max(parts)
    form = f"sum p + (N - 1) max p; p = {moved}, {worked}, {rest}; N = {images}"
    return Form("images through a chain", form, expected * NS, record.makespan_ps)


def _in_turns(first: int, second: int) -> Form:
    """Two streams of bursts of 10 ns that start together; the longer one ends when all bursts are done."""
    tasks = [_load(10 * first, "ddr.0"), _load(10 * second, "ddr.1")]
    found = _makespan(tasks, burst="10 B", channels=2)
    form = f"(N_A + N_B) F; {first}, {second}, 10"
    return Form("two streams in turns on a bus", form, (first + second) * 10 * NS, found)


def _window(window: int, latency: int, bursts: int) -> Form:
    rounds, rest = divmod(bursts - 1, window)
    expected = latency + rounds * max(latency, window * 10) + (rest + 1) * 10
    found = _makespan([_load(10 * bursts)], burst="10 B", outstanding=window, latency=f"{latency} ns")
    form = f"W bursts every max(L, W F); W, L, F, n = {window}, {latency}, 10, {bursts}"
    return Form("a window of requests", form, expected * NS, found)


def _refresh(nbytes: int, interval: int) -> Form:
    stops = -(-(nbytes - interval * 1000) // ((interval - 1) * 1000))
    found = _makespan([_load(nbytes)], refresh_interval=f"{interval} us", refresh_time="1 us")
    form = f"a stop of 1 us every {interval} us, {nbytes} B"
    return Form("refresh", form, (nbytes + stops * 1000) * NS, found)
