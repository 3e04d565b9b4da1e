"""Compression on the bus: a Program whose transfers move what is left, and the chip that bounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil

from simres.analysis.bounds import Term
from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec, EngineSpec
from simres.program.tasks import Program, Task, TaskKind, Work
from simres.text import shorten
from simres.units import format_bytes
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Role, Tensor


def compressed(program: Program, workload: Workload | Ledger, chip: Chip) -> Program:
    """The Program with the bytes of each transfer as they go over its bus.

    Schedulers plan with whole tensors, which take as much room on chip; a transfer is of one tensor or stays.
    """
    specs = {name: spec for name, spec in chip.engines.items() if _compresses(spec)}
    if not specs or isinstance(workload, Ledger):
        return program
    known: dict[tuple[int, str], Work] = {}
    coded: set[str] = set()

    def moved(task: Task) -> Task:
        names = {region.tensor for region in (*task.reads, *task.writes) if region.buffer is None}
        if task.engine not in specs or task.kind not in (TaskKind.LOAD, TaskKind.STORE) or len(names) != 1:
            return task
        (name,) = names
        if (key := (id(task.work), name)) not in known:
            nbytes = specs[task.engine].moved_bytes(task.work.nbytes, _measured(workload, name))
            known[key] = replace(task.work, nbytes=nbytes) if nbytes != task.work.nbytes else task.work
        work = known[key]
        if work is task.work:
            return task
        coded.add(name)
        return replace(task, work=work)

    tasks = tuple(moved(task) for task in program.tasks)
    if not coded:
        return program
    return replace(
        program, tasks=tasks, decisions={**program.decisions, "compressed": ", ".join(sorted(coded))}
    )


def bounding(chip: Chip, workload: Workload | Ledger) -> Chip:
    """A chip on which no transfer takes longer than on this one, for bounds that count whole tensors.

    Of what every schedule moves, the inputs and outputs may be compressed, to a share of s at the least. On a
    bus of 1 / s the rate and 1 / s the burst, n bytes take no longer than s n here.
    """
    if isinstance(workload, Ledger):
        return chip
    least = min(_shares(chip, workload).values(), default=Fraction(1))
    if least == 1:
        return chip
    found = {name: _wider(spec, least) for name, spec in chip.parts.items() if isinstance(spec, BusSpec)}
    return Chip({**chip.components, **found}, chip.roles)


def bytes_term(chip: Chip, workload: Workload, compulsory: int, repeats: int) -> Term:
    """The least time on the bus of the compulsory bytes, compressed; 0 where that is no less."""
    spared = sum(
        int(workload.tensors[name].nbytes * (1 - share)) for name, share in _shares(chip, workload).items()
    )
    moved = max(0, compulsory - repeats * spared)
    ps = max(chip.least_ps(Work(nbytes=moved)).values(), default=0) if spared else 0
    return Term(
        "compressed bytes", ps, f"Weights, inputs and outputs move compressed: {format_bytes(moved)}."
    )


def with_densities(workload: Workload, densities: Mapping[str, float]) -> Workload:
    """The workload with these shares of non-zeros. Raises `SimresError` for an unknown tensor."""
    for name in densities:
        if name not in workload.tensors:
            maps = [one.name for one in workload.tensors.values() if one.role is not Role.WEIGHT]
            raise SimresError(
                f"densities: `{workload.name}` has no tensor `{shorten(name, 100)}`",
                f"such as {', '.join(maps[:5])}",
            )
    stated = {name: replace(workload.tensors[name], density=share) for name, share in densities.items()}
    return replace(workload, tensors={**workload.tensors, **stated})


def _compresses(spec: EngineSpec) -> bool:
    return type(spec).moved_bytes is not EngineSpec.moved_bytes


def _measured(workload: Workload, name: str) -> Tensor:
    """A tensor with its density, or with that of the tensor that it is a view of."""
    tensor = workload.tensors[name]
    if tensor.density is not None:
        return tensor
    return replace(tensor, density=workload.tensors[workload.storage(name)].density)


def _shares(chip: Chip, workload: Workload) -> dict[str, Fraction]:
    """The least share of each input and output that moves."""
    specs = [spec for spec in chip.parts.values() if _compresses(spec)]
    inputs = (name for name, tensor in workload.tensors.items() if tensor.role is Role.INPUT)
    return {
        name: min(_share(spec, _measured(workload, name)) for spec in specs)
        for name in (*workload.outputs, *inputs)
        if specs
    }


def _share(spec: EngineSpec, tensor: Tensor) -> Fraction:
    """The least share of a tensor's bytes that moves, however it is cut: whole words count for nothing."""
    moved = spec.moved_bytes(_MANY, tensor)
    return Fraction(1) if moved == _MANY else Fraction(max(1, moved - 8), _MANY)


_MANY = 1 << 40


def _wider(spec: BusSpec, least: Fraction) -> BusSpec:
    larger = {"bandwidth": ceil(spec.bandwidth / least), "burst": ceil(spec.burst / least)}
    return spec.model_copy(update=larger)
