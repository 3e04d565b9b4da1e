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
from simres.workload import Ledger, Loops, Op, Role, Row, Tensor, Unit, Window, Workload

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


@st.composite
def workloads(draw: st.DrawFn, most_ops: int = 12) -> Workload:
    """Small random networks: convolutions, elementwise operators, additions, views and copies.

    Chains, residual, dense and branching graphs come out; tensors have 1 to 8 channels and rows.
    """
    rows = draw(st.integers(1, 8))
    tensors = {"x": Tensor("x", Role.INPUT, (1, draw(st.integers(1, 8)), rows, rows))}
    ops: list[Op] = []
    for number in range(draw(st.integers(1, most_ops))):
        activations = [tensor for tensor in tensors.values() if tensor.role is not Role.WEIGHT]
        # Recent tensors more often than old ones, so that chains with some skips are typical.
        source = draw(st.sampled_from(activations[-3:] + activations))
        name = f"op{number}"
        kind = draw(st.sampled_from(["conv", "relu", "add", "concat", "reshape"]))
        _, channels, _, _ = source.shape
        inputs: tuple[str, ...] = (source.name,)
        shape = source.shape
        unit, macs, vector_ops = Unit.HOST, 0, source.elements
        loops = window = view_of = None
        if kind == "conv":
            out = draw(st.integers(1, 8))
            kernel = draw(st.sampled_from([1, 3]))
            weight = Tensor(f"{name}.weight", Role.WEIGHT, (out, channels, kernel, kernel))
            tensors[weight.name] = weight
            inputs = (source.name, weight.name)
            shape = (1, out, rows, rows)
            loops = Loops(m=out, c=channels, p=rows, q=rows, r=kernel, s=kernel)
            window = Window((kernel, kernel), padding=(kernel // 2,) * 4)
            unit, macs, vector_ops = Unit.MATRIX, loops.macs, 0
        elif kind == "add":
            alike = [tensor for tensor in activations if tensor.shape == source.shape]
            inputs = (source.name, draw(st.sampled_from(alike)).name)
        elif kind == "concat":
            other = draw(st.sampled_from(activations))
            inputs = (source.name, other.name)
            shape = (1, channels + other.shape[1], rows, rows)
            unit, vector_ops = Unit.MOVE, 0
        elif kind == "reshape":
            unit, vector_ops, view_of = Unit.VIEW, 0, source.name
        tensors[name] = Tensor(name, Role.ACTIVATION, shape, view_of=view_of)
        ops.append(
            Op(
                name=name,
                kind=kind,
                unit=unit,
                inputs=inputs,
                outputs=(name,),
                macs=macs,
                vector_ops=vector_ops,
                loops=loops,
                window=window,
                attributes={"dim": 1} if kind == "concat" else {},
            )
        )
    used = {tensor for op in ops for tensor in op.inputs}
    outputs = tuple(op.outputs[0] for op in ops if op.outputs[0] not in used)
    return Workload("random", tensors, tuple(ops), outputs)


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
