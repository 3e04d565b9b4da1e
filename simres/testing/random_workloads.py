"""Test material: chips, random workloads, and runs that prove a Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st

from simres.hardware.bus import Bus
from simres.hardware.chip import Chip
from simres.hardware.engine import Engine
from simres.hardware.specs import (
    BackgroundSpec,
    BusSpec,
    ComponentSpec,
    HostSpec,
    MatrixSpec,
    MatrixUnitSpec,
    ProcessorSpec,
    SramSpec,
)
from simres.plugins.hooks import ComponentRole
from simres.program import Program
from simres.program.record import Record
from simres.simulation.check import check
from simres.simulation.flattened import flatten
from simres.simulation.invariants import spans_hold
from simres.simulation.run import EngineFactory, run
from simres.testing.graphs import graphs
from simres.workload import Ledger, Loops, Row, Workload

ROLES = {
    BusSpec: ComponentRole.BUS,
    SramSpec: ComponentRole.MEMORY,
    MatrixUnitSpec: ComponentRole.MATRIX,
    HostSpec: ComponentRole.HOST,
    ProcessorSpec: ComponentRole.PROCESSOR,
    BackgroundSpec: ComponentRole.MASTER,
}


def chip(components: Mapping[str, ComponentSpec], roles: Mapping[str, ComponentRole] | None = None) -> Chip:
    """Returns a chip of these components.

    `roles` gives the role of a component that extends none of the built-in specs.
    """
    found = dict(roles or {})
    for name, spec in components.items():
        for base, role in ROLES.items():
            if isinstance(spec, base):
                found.setdefault(name, role)
        if name not in found:
            raise ValueError(f"`roles` must say what `{name}` may be used for")
    return Chip(components, found)


def paper_chip(
    capacity: str = "1 MB",
    bandwidth: str = "1 GB/s",
    rate: str = "1 TFLOP/s",
    host: str = "10 GFLOP/s",
    latency: str = "0 ns",
) -> Chip:
    """Returns the paper's chip: one DDR bus, one SRAM, one matrix unit, one host, no overheads."""
    return chip(
        {
            "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": bandwidth, "latency": latency}),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": capacity}),
            "matrix": MatrixSpec.model_validate({"kind": "matrix", "rate": rate}),
            "host": HostSpec.model_validate({"kind": "host", "rate": host}),
        }
    )


def behaviours(chip: Chip) -> dict[str, EngineFactory]:
    """Returns the built-in behaviour of each of the chip's components."""
    found: dict[str, EngineFactory] = {}
    for name, spec in chip.parts.items():
        found[name] = Bus if isinstance(spec, BusSpec) else Engine
    return found


def prove(
    program: Program,
    chip: Chip,
    workload: Workload | Ledger | None = None,
    engines: Mapping[str, EngineFactory] | None = None,
) -> Record:
    """Checks a Program against its workload (if given), runs it, and checks every span against it.

    `engines` gives the behaviour of components by name; the others have the built-in one.

    Raises `InvariantViolation` for any violation; returns the Record.
    """
    if workload is not None:
        check(program, chip, workload)
    record, _ = run(program, chip, {**behaviours(chip), **(engines or {})})
    spans_hold(record, flatten(program, chip.engines))
    return record


def workloads(most_ops: int = 8) -> st.SearchStrategy[Workload]:
    """Draws small random networks that every scheduler accepts: those of `graphs`."""
    return graphs(most_ops)


def ledgers(most_rows: int = 8) -> st.SearchStrategy[Ledger]:
    """Draws small random ledgers: rows of stated bytes and operations."""
    counts = st.integers(0, 10_000)
    row = st.builds(Row, st.just("row"), counts, counts, counts, counts, counts)
    rows = st.lists(row, min_size=1, max_size=most_rows)
    return rows.map(
        lambda rows: Ledger(
            "random", tuple(replace(row, name=f"row{number}") for number, row in enumerate(rows))
        )
    )


def nests(most: int = 16) -> st.SearchStrategy[Loops]:
    """Draws random loop nests: convolutions, grouped ones, products of matrices."""
    count = st.integers(1, most)
    return st.builds(Loops, **dict.fromkeys(Loops.__dataclass_fields__, count))
