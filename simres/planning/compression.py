"""Compression on the bus: a Program whose transfers move compressed bytes, and the chip for its bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil

from pydantic import ConfigDict, SkipValidation

from simres.analysis.bounds import Term
from simres.errors import InvariantViolation, SimresError
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec, EngineSpec
from simres.program.names import EngineName
from simres.program.roles import ComponentRole
from simres.program.tasks import Program, Task, TaskKind, Work
from simres.text import shorten
from simres.units import format_bytes
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Role, Tensor


def compressed(program: Program, workload: Workload | Ledger, chip: Chip) -> Program:
    """The Program with the bytes of each transfer as they go over its bus, beside those of the tensor.

    Schedulers plan with whole tensors, which take as much room on chip; a transfer is of one tensor or stays.
    Raises `InvariantViolation` where a kind says no number of bytes, or more than there are.
    """
    specs = {name: spec for name, spec in chip.engines.items() if spec.sees_tensors or _compresses(spec)}
    if not specs or isinstance(workload, Ledger):
        return program
    known: dict[tuple[str, int, str], Work] = {}
    coded: set[str] = set()

    def moved(task: Task) -> Task:
        names = {region.tensor for region in (*task.reads, *task.writes) if region.buffer is None}
        if task.engine not in specs or task.kind not in (TaskKind.LOAD, TaskKind.STORE) or len(names) != 1:
            return task
        (name,) = names
        key = (task.engine, id(task.work), name)
        if (work := known.get(key)) is None:
            work = known[key] = _told(task.work, specs[task.engine], measured(workload, name))
        if work is task.work:
            return task
        if work.nbytes < work.held_bytes:
            coded.add(name)
        return replace(task, work=work)

    tasks = tuple(moved(task) for task in program.tasks)
    decisions = {**program.decisions, "compressed": ", ".join(sorted(coded))} if coded else program.decisions
    return replace(program, tasks=tasks, decisions=decisions) if known else program


def _told(work: Work, spec: EngineSpec, tensor: Tensor) -> Work:
    """The work of a transfer of a tensor on this bus; the same work where the bus need not know."""
    nbytes = spec.moved_bytes(work.nbytes, tensor)
    if not isinstance(nbytes, int) or not min(1, work.nbytes) <= nbytes <= work.nbytes:
        raise InvariantViolation(
            f"`moved_bytes` of kind `{spec.kind}` gives {nbytes!r} for {work.nbytes} B of `{tensor.name}`: "
            "whole bytes, no more than there are, and some where there are any"
        )
    if nbytes == work.nbytes and not spec.sees_tensors:
        return work
    return replace(work, nbytes=nbytes, tensor=tensor, tensor_bytes=work.nbytes)


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
    buses = {lane.component for lane in map(EngineName.parse, chip.named(ComponentRole.BUS))}
    found = {name: _wider(chip.parts[name], least) for name in buses}
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


def measured(workload: Workload, name: str) -> Tensor:
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
        name: min(_share(spec, measured(workload, name)) for spec in specs)
        for name in (*workload.outputs, *inputs)
        if specs
    }


def _share(spec: EngineSpec, tensor: Tensor) -> Fraction:
    """The least share of a tensor's bytes that moves, however it is cut: whole words count for nothing."""
    moved = spec.moved_bytes(_MANY, tensor)
    return Fraction(1) if moved == _MANY else Fraction(max(1, moved - 8), _MANY)


_MANY = 1 << 40


def _wider(spec: EngineSpec, least: Fraction) -> EngineSpec:
    if not isinstance(spec, BusSpec):
        return _Wider(kind=spec.kind, inner=spec, share=least)
    larger = {"bandwidth": ceil(spec.bandwidth / least), "burst": ceil(spec.burst / least)}
    return spec.model_copy(update=larger)


class _Wider(EngineSpec):
    """A bus of any kind on which n bytes take as long as a share of them do."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: SkipValidation[EngineSpec]
    share: Fraction

    def _shared(self, work: Work) -> Work:
        return replace(work, nbytes=int(work.nbytes * self.share))

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return self.inner.moved_bytes(nbytes, tensor)

    def duration_ps(self, work: Work) -> int:
        return self.inner.duration_ps(self._shared(work))

    def at_peak_ps(self, work: Work) -> Fraction:
        return self.inner.at_peak_ps(self._shared(work))

    @property
    def task_ps(self) -> int:
        return self.inner.task_ps

    def lanes(self, name: str) -> tuple[str, ...]:
        return self.inner.lanes(name)

    def together_ps(self, works: Iterable[Work]) -> Fraction | int:
        return self.inner.together_ps(map(self._shared, works))
