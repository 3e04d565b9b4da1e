"""Material of tests: chips, random workloads, and runs that prove a Program."""

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
    BackgroundSpec: ComponentRole.MASTER,
}


def chip(components: Mapping[str, ComponentSpec], roles: Mapping[str, ComponentRole] | None = None) -> Chip:
    """A chip of these components.

    `roles` says what a component may be used for where it extends none of the built-in specs.
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
    """The paper's chip: one DDR bus, one SRAM, one matrix unit, one host, no overheads."""
    return chip(
        {
            "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": bandwidth, "latency": latency}),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": capacity}),
            "matrix": MatrixSpec.model_validate({"kind": "matrix", "rate": rate}),
            "host": HostSpec.model_validate({"kind": "host", "rate": host}),
        }
    )


def behaviours(chip: Chip) -> dict[str, EngineFactory]:
    """The built-in behaviour of each of the chip's components."""
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
    """Checks a Program against its workload (if given), runs it, and holds every span against it.

    `engines` gives the behaviour of components by name; those left out have the built-in one.

    Raises `InvariantViolation` for whatever does not hold; returns the Record.
    """
    if workload is not None:
        check(program, chip, workload)
    record, _ = run(program, chip, {**behaviours(chip), **(engines or {})})
    spans_hold(record, flatten(program, chip.engines))
    return record


def workloads(most_ops: int = 8) -> st.SearchStrategy[Workload]:
    """Small random networks that every scheduler takes: those of `graphs`."""
    return graphs(most_ops)


def ledgers(most_rows: int = 8) -> st.SearchStrategy[Ledger]:
    """Small random ledgers: rows of stated bytes and operations."""
    counts = st.integers(0, 10_000)
    row = st.builds(Row, st.just("row"), counts, counts, counts, counts, counts)
    rows = st.lists(row, min_size=1, max_size=most_rows)
    return rows.map(
        lambda rows: Ledger(
            "random", tuple(replace(row, name=f"row{number}") for number, row in enumerate(rows))
        )
    )


def nests(most: int = 16) -> st.SearchStrategy[Loops]:
    """Random loop nests: convolutions, grouped ones, products of matrices."""
    count = st.integers(1, most)
    return st.builds(Loops, **dict.fromkeys(Loops.__dataclass_fields__, count))
