"""Hostile workloads: read, and simulated."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import Phase, given, settings
from hypothesis.strategies import SearchStrategy

from simres import api
from simres.reporting.page import Page
from simres.scenario import shipped
from simres.testing.graphs import KINDS, graphs
from simres.workload import Op, Role, Tensor, Unit, Workload
from simres.workload import json as workload_json
from tests.hostile import mutations
from tests.hostile.judging import BUILT_IN, Attempt, FindingError, check_line, put
from tests.hostile.results import few_layers, look


def _drawn(strategy: SearchStrategy[Workload]) -> tuple[bytes, ...]:
    """Files of networks that a strategy draws, the same ones each time."""
    found: list[bytes] = []

    @settings(max_examples=60, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(strategy)
    def collect(workload: Workload) -> None:
        found.append(workload_json.dumps(workload).encode())

    collect()
    return tuple(found)


@cache
def _of_every_kind() -> tuple[bytes, ...]:
    return _drawn(graphs(kinds=KINDS, partly=True))


@cache
def _simulable() -> tuple[bytes, ...]:
    return _drawn(graphs())


@cache
def _shipped() -> tuple[bytes, ...]:
    """The shorter the more often."""
    names = ("paper", "resnet20", "mobilenet_v2")
    whole = [shipped.workload(name).read_bytes() for name in names]
    return (whole[0], whole[0], few_layers(5), few_layers(5), few_layers(12), *whole[1:])


@cache
def _loops() -> tuple[bytes, ...]:
    """A chain of operators, which is a loop in the text."""
    names = [f"relu_{step}" for step in range(60)]
    tensors = {
        name: Tensor(name, Role.ACTIVATION if at else Role.INPUT, (1, 4)) for at, name in enumerate(names)
    }
    ops = tuple(Op(made, "relu", Unit.HOST, (read,), (made,), vector_ops=4) for read, made in pairwise(names))
    return (workload_json.dumps(Workload("chain", tensors, ops, (names[-1],))).encode(),)


def workload(rng: Random, folder: Path) -> Attempt:
    seed = rng.choice(rng.choice((_shipped(), _of_every_kind(), _loops())))
    data = (
        mutations.json_of(rng, json.loads(seed)) if rng.random() < 0.8 else mutations.bytes_changed(rng, seed)
    )
    path = put(folder, "workload.json", data)

    def read() -> None:
        from simres.reporting.tables.workload_table import workload_table
        from simres.workload.json import dumps, loads
        from simres.workload.json import read as read_workload

        found = read_workload(path)
        if loads(dumps(found)) != found:
            raise FindingError("the workload is another one when it is written and read again")
        for line in workload_table(found, Page(rng.choice((20, 80, 200)), clip=True)):
            check_line(line.plain)

    return Attempt(read, (str(path),))


def simulated(rng: Random, folder: Path) -> Attempt:
    """A sound workload of strange operators, or one of strange figures, all the way through."""
    if rng.random() < 0.5:
        data = rng.choice(_simulable())
    else:
        document = mutations.document_changed(rng, json.loads(few_layers(rng.choice((3, 5)))))
        data = json.dumps(document, default=str).encode("utf-8", "backslashreplace")
    path = put(folder, "workload.json", data)

    def read() -> None:
        scheduler = rng.choice(("serial", "serial", "overlapped"))
        overrides = {
            "scheduler": scheduler,
            "hardware.sram.capacity": rng.choice(("700 B", "64 KiB", "1 MiB")),
        }
        result = api.simulate(str(path), chip="paper", overrides=overrides, registry=BUILT_IN)
        look(result, rng)

    return Attempt(read, (str(path), "workload", "`", "layer"))
