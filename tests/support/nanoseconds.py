"""Programs and a chip on which a byte, a multiply-accumulate and a vector operation take 1 ns each."""

from __future__ import annotations

from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.program import Buffer, Program, Region, Task, TaskKind, Work
from simres.testing import chip, prove

NS = 1000


def nanosecond_chip(capacity: int = 1 << 40):
    return chip(
        {
            "ddr": BusSpec(kind="ddr", bandwidth="1 GB/s"),
            "out": BusSpec(kind="ddr", bandwidth="1 GB/s"),
            "sram": SramSpec(kind="sram", capacity=f"{capacity} B"),
            "matrix": MatrixSpec(kind="matrix", rate="2 GFLOP/s"),
            "host": HostSpec(kind="host", rate="1 GFLOP/s"),
        }
    )


def load(ns, **kwargs):
    return Task(kwargs.pop("engine", "ddr"), TaskKind.LOAD, Work(nbytes=ns), 0, **kwargs)


def store(ns, **kwargs):
    return Task(kwargs.pop("engine", "ddr"), TaskKind.STORE, Work(nbytes=ns), 0, **kwargs)


def compute(ns, **kwargs):
    return Task("matrix", TaskKind.MATRIX, Work(macs=ns), 0, **kwargs)


def host(ns, **kwargs):
    return Task("host", TaskKind.HOST, Work(vector_ops=ns), 0, **kwargs)


def makespan(tasks, buffers=(), capacity=1 << 40):
    return prove(Program("test", "", tuple(tasks), tuple(buffers)), nanosecond_chip(capacity)).makespan_ps


def pipeline(loading, computing, tiles):
    """Loads each of so many tiles, of a byte, and computes on it, as far ahead as memory allows."""
    tasks = [
        task
        for tile in range(tiles)
        for task in (
            load(loading, reserves=(tile,), writes=(Region("x", tile),)),
            compute(computing, needs=(2 * tile,), reads=(Region("x", tile),)),
        )
    ]
    buffers = tuple(Buffer(f"x{tile}", 1, "sram", (2 * tile + 1,)) for tile in range(tiles))
    return Program("test", "", tuple(tasks), buffers)
