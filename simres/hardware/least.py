"""The least time of work that the components of a role share.

Of k equal units each does a k-th at best: T >= (sum of the times + N l) / k, with l for each of N tasks.

Of components that differ, number i does m_i of M operations in n_i of N tasks, so m_i / r_i + n_i l_i <= T,
with r_i its peak rate for the data type that suits it best. Weighted by r_i and added up:
T >= (M + N min(r_i l_i)) / sum(r_i).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from simres.hardware.components import EngineSpec, UnitSpec
from simres.program.roles import ComponentRole
from simres.program.tasks import Work


def least_ps(specs: Sequence[EngineSpec], works: Sequence[Work], tasks: int = 0) -> Fraction:
    """The least exact picoseconds of all these works in at least so many tasks, shared by the components.

    Each work is of one kind: bytes, multiply-accumulates or vector operations. 0 where no component states a
    peak; where some do not, only what the others must do is known, which is nothing.
    """
    works = [work for work in works if _amount(work)]
    if len(specs) == 1:
        (spec,) = specs
        found = sum([spec.at_peak_ps(work) for work in works], Fraction(0))
        return (found + tasks * _task_ps(spec)) / _count(spec) if found else Fraction(0)
    kinds = (
        [work for work in works if work.nbytes],
        [work for work in works if work.macs],
        [work for work in works if work.vector_ops],
    )
    return max([_shared_ps(specs, same, tasks) for same in kinds if same], default=Fraction(0))


def each_ps(specs: Sequence[EngineSpec], works: Sequence[Work]) -> tuple[Fraction, Fraction]:
    """The least picoseconds of a single operation or byte, and of a task on top of it.

    `works` are of one kind, for each data type one; the fastest type counts.
    """
    amount = min([_amount(work) for work in works], default=0)
    if not amount:
        return Fraction(0), Fraction(0)
    if len(specs) == 1:
        (spec,) = specs
        each = min([Fraction(spec.at_peak_ps(work)) / _amount(work) for work in works]) / _count(spec)
        return each, Fraction(_task_ps(spec), _count(spec)) if each else Fraction(0)
    each = _shared_ps(specs, works, 0) / sum(map(_amount, works))
    return each, _shared_ps(specs, works, 1) - _shared_ps(specs, works, 0)


def _shared_ps(specs: Sequence[EngineSpec], works: Sequence[Work], tasks: int) -> Fraction:
    total = sum(map(_amount, works))
    alone = []
    able = []
    for spec in specs:
        if own := [work for work in works if _rated(spec, work)]:
            each = min([Fraction(spec.at_peak_ps(work)) / _amount(work) for work in own])
            alone.append(each * total / _count(spec))
            able.append(spec)
    if not alone or not all(alone):
        return Fraction(0)
    shared = 1 / sum([1 / time for time in alone], Fraction(0))
    launches = [Fraction(_task_ps(spec), _count(spec)) / time for spec, time in zip(able, alone, strict=True)]
    return shared * (1 + tasks * min(launches))


def _rated(spec: EngineSpec, work: Work) -> bool:
    """Whether a component does work of that data type: of several hosts, some may run none that has it."""
    known = spec.data_types(ComponentRole.MATRIX if work.macs else ComponentRole.HOST)
    return known is None or not work.dtype or work.dtype in known or bool(work.nbytes)


def _amount(work: Work) -> int:
    return work.nbytes or work.macs or work.vector_ops


def _count(spec: EngineSpec) -> int:
    return spec.count if isinstance(spec, UnitSpec) else 1


def _task_ps(spec: EngineSpec) -> int:
    """What a task takes in addition to its work; 0 on lanes that share a resource, where it overlaps."""
    return spec.task_ps if isinstance(spec, UnitSpec) or len(spec.lanes("")) == 1 else 0
