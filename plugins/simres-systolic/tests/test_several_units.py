"""Several arrays share the tiles of a product evenly, and loads overlap computation."""

from __future__ import annotations

from collections import Counter

import pytest

from simres.planning.plan import chip_of
from simres.plugins.registry import default_registry
from simres.program import TaskKind
from simres.scenario.loader import from_document
from simres.scheduling.overlapped import Parameters, schedule
from simres.testing import prove
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload


def product(size: int) -> Workload:
    """A square matrix times another, in fp32."""
    tensors = (
        Tensor("x", Role.INPUT, (size, size)),
        Tensor("w", Role.WEIGHT, (size, size)),
        Tensor("y", Role.ACTIVATION, (size, size)),
    )
    loops = Loops(n=size, m=size, c=size)
    op = Op("y", "linear", Unit.MATRIX, ("x", "w"), ("y",), size**3, loops=loops)
    return Workload("product", {tensor.name: tensor for tensor in tensors}, (op,), ("y",))


def busy(size: int, capacity: str, rows: int, count: int, counting: str) -> tuple[Counter[str], int]:
    """Picoseconds that each engine works, and the makespan."""
    matrix = {"kind": "array", "rows": rows, "columns": rows, "clock": "1 GHz", "dataflow": "ws"}
    hardware = {
        "ddr": {"kind": "ddr", "bandwidth": "16 GB/s"},
        "sram": {"kind": "sram", "capacity": capacity},
        "matrix": matrix | {"counting": counting} | ({"count": count} if count > 1 else {}),
        "host": {"kind": "host", "rate": "64 GFLOP/s"},
    }
    document = {"schema_version": 1, "workload": "resnet20", "hardware": hardware}
    registry = default_registry()
    chip, workload = chip_of(from_document(document, registry=registry), registry), product(size)
    program = schedule(workload, chip, Parameters())
    record = prove(program, chip, workload)
    found: Counter[str] = Counter()
    for span in record.spans:
        task = program.tasks[span.task]
        found[task.engine if task.kind is TaskKind.MATRIX else "bus"] += span.working_ps
    return found, record.makespan_ps


@pytest.mark.parametrize("counting", ["own", "scalesim"])
@pytest.mark.parametrize("capacity", ["512 KiB", "64 MiB"])
@pytest.mark.parametrize("size", [128, 256, 512])
def test_two_equal_arrays_work_equally_long(size, capacity, counting):
    found, _ = busy(size, capacity, 32, 2, counting)
    one, other = (found[name] for name in ("matrix.0", "matrix.1"))
    assert abs(one - other) <= 0.05 * max(one, other)


@pytest.mark.parametrize("counting", ["own", "scalesim"])
@pytest.mark.parametrize("size", [256, 512, 1024])
def test_loads_overlap_computation(size, counting):
    """Most of what takes the shorter time goes on beside the other."""
    found, makespan_ps = busy(size, "320 KiB", 16, 1, counting)
    shorter = min(found["matrix"], found["bus"])
    assert found["matrix"] + found["bus"] - makespan_ps >= 0.6 * shorter
