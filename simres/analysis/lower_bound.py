"""The lower bound: what no schedule can beat, term by term.

A schedule may cut operators into any tiles, in any order, fuse, recompute and load again. It makes no part of
an output before what the operator's reach names for it is on chip, and a task does work of one operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, lcm

from simres.analysis.amounts import Amounts, sums
from simres.analysis.bounds import LowerBound, Term, compulsory_bytes, least_operations
from simres.analysis.dependence import dependence
from simres.analysis.product_traffic import ProductTraffic, product_traffic
from simres.analysis.run_ahead import BUS, SCALE, Costs, Cuts
from simres.hardware.chip import Chip
from simres.hardware.least import each_ps, least_ps
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.sharing.recent import IdentityKey
from simres.sharing.workbench import BOUND_SUMS, Workbench
from simres.units import format_bytes, format_duration
from simres.workload.graph import Workload
from simres.workload.operators import Role


def lower_bound(
    workload: Workload,
    chip: Chip,
    kept: Mapping[str, int] | None = None,
    repeats: int = 1,
    bench: Workbench | None = None,
) -> LowerBound:
    """The lower bound of `workload` on `chip`, run `repeats` times, with its reasons.

    `kept` are the bytes of each tensor that lie on chip before the start; weights are loaded for all runs at
    once. Terms are left out where an engine states no peak. Sums over the network are shared on `bench`.
    """
    bench = bench or Workbench()
    known = bench.get(BOUND_SUMS, IdentityKey(workload), lambda: sums(dependence(workload)))
    kept = kept or {}
    least = _Least(chip, workload.amounts)
    at_once = bool(kept) or any(not op.inputs for op in workload.ops)
    cuts = Cuts(known, least.costs(at_once), repeats, kept)
    capacity = cuts.costs.capacity
    products = bench.get(
        BOUND_SUMS,
        (IdentityKey(workload), capacity),
        lambda: product_traffic(workload, frozenset(known.candidates), capacity),
    )
    named = [
        _bytes(workload, least, kept, repeats),
        _products(workload, least, products, kept, repeats),
        *_work(workload, least, repeats),
        _ends(cuts),
        _run_ahead(least, cuts),
        _chain(cuts),
    ]
    return LowerBound(tuple(term for term in named if term.ps))


class _Least:
    """The least times on a chip, for a workload, by the components that share work of some roles."""

    def __init__(self, chip: Chip, types: Mapping[str, tuple[int, int]]) -> None:
        self.chip = chip
        self._types = types
        """The workload's amounts by data type."""
        self.duties = {roles: names for names, roles in chip.duties.items()}
        self._specs = {roles: [chip.parts[name] for name in names] for roles, names in self.duties.items()}

    def name(self, roles: Roles) -> str:
        """The components that do the work of these roles, as `a+b`."""
        return "+".join(self.duties.get(roles, ()))

    def bus_ps(self, nbytes: int) -> Fraction:
        """The least picoseconds of so many bytes in any number of transfers: bursts included on one bus."""
        specs = self._specs.get(_BUS, [])
        if not nbytes or not specs:
            return Fraction(0)
        work = Work(nbytes=nbytes)
        least = least_ps(specs, [work])
        if len(specs) == 1:
            least = max(least, Fraction(specs[0].together_ps([work])))
        return least

    def compresses(self, workload: Workload) -> bool:
        """Whether fewer bytes of some tensor may go over a bus than it has."""
        specs, tensors = self._specs.get(_BUS, []), workload.tensors.values()
        return any(spec.moved_bytes(_MANY, tensor) < _MANY for tensor in tensors for spec in specs)

    def work_ps(self, names: Sequence[str], roles: Roles, works: Sequence[Work], tasks: int) -> Fraction:
        """The least picoseconds of components for the work of their roles, in at least so many tasks."""
        own = [work for work in works if (ComponentRole.MATRIX if work.macs else ComponentRole.HOST) in roles]
        return least_ps([self.chip.parts[name] for name in names], own, tasks)

    def transfer_ps(self, *, write: bool) -> int:
        """The least picoseconds from the request of a transfer to its end."""
        specs = self._specs.get(_BUS, [])
        return min((spec.duration_ps(Work(nbytes=1, write=write)) for spec in specs), default=0)

    def costs(self, at_once: bool) -> Costs:
        """The same as whole numbers; if operators may start `at_once`, none has to wait for a load."""
        return Costs(
            compute={self.name(roles): self._compute(roles) for roles in self.duties if roles != _BUS},
            bus=self._bus_rate(),
            capacity=sum(memory.capacity for memory in self.chip.memories.values()),
            first=0 if at_once else self.transfer_ps(write=False) * SCALE,
            last=self.transfer_ps(write=True) * SCALE,
        )

    def _each(self, roles: Roles, role: ComponentRole) -> tuple[Fraction, Fraction]:
        """The least time of an operation of a role, and of a task; the fastest data type counts."""
        if role not in roles:
            return Fraction(0), Fraction(0)
        place = _COMPUTE.index(role)
        types = [dtype for dtype, amounts in self._types.items() if amounts[place]]
        found = [
            each_ps(self._specs[roles], [_work_of(role, amount, dtype) for dtype in types])
            for amount in (1, _MANY)
        ]
        return min(each for each, _ in found) * SCALE, found[1][1] * SCALE

    def _compute(self, roles: Roles) -> Callable[[Amounts], int]:
        """The least time of amounts of work and tasks, to which it is proportional."""
        (mac, matrix_task), (operation, host_task) = (self._each(roles, role) for role in _COMPUTE)
        of = lcm(*(each.denominator for each in (mac, matrix_task, operation, host_task)))
        a, b, c, d = (int(each * of) for each in (mac, matrix_task, operation, host_task))
        if len(self._specs[roles]) > 1 and len(roles) > 1:  # each may do what suits it: no sum is certain
            return lambda found: (
                max(
                    found.macs * a + found.matrix_tasks * b,
                    found.vector_ops * c + found.host_tasks * d,
                )
                // of
            )
        return lambda found: (
            (found.macs * a + found.matrix_tasks * b + found.vector_ops * c + found.host_tasks * d) // of
        )

    def _bus_rate(self) -> Callable[[int], int]:
        """The least time by bytes, overheads of bursts left out."""
        specs = self._specs.get(_BUS, [])
        each = min([each_ps(specs, [Work(nbytes=amount)])[0] for amount in (1, _MANY)] if specs else [0])
        each = Fraction(each * SCALE)
        return lambda nbytes: nbytes * each.numerator // each.denominator


def _work_of(role: ComponentRole, amount: int, dtype: str) -> Work:
    if role is ComponentRole.MATRIX:
        return Work(macs=amount, dtype=dtype)
    return Work(vector_ops=amount, dtype=dtype)


Roles = tuple[ComponentRole, ...]
_BUS: Roles = (ComponentRole.BUS,)
_COMPUTE: Roles = (ComponentRole.MATRIX, ComponentRole.HOST)
_MANY = 1 << 30


def _bytes(workload: Workload, least: _Least, kept: Mapping[str, int], repeats: int) -> Term:
    """Outputs are written, and their operands read once, except what is on chip from the start."""
    nbytes = compulsory_bytes(workload, kept, repeats)
    once = "Weights move once, inputs and outputs every time" if repeats > 1 else _ONCE
    return Term(
        f"bytes on {least.name(_BUS)}",
        ceil(least.bus_ps(nbytes)),
        f"{once}: {format_bytes(nbytes)}{', without what is on chip at the start' if kept else ''}.",
    )


def _products(
    workload: Workload, least: _Least, found: ProductTraffic, kept: Mapping[str, int], repeats: int
) -> Term:
    """See `simres.analysis.product_traffic`; what these operators do not load comes on top."""
    loads = found.nbytes(repeats)
    if not loads or least.compresses(workload):
        return Term("products", 0, "")
    needed, others = workload.needed_bytes, compulsory_bytes(workload, kept, repeats)
    for name in found.counted & needed.keys():
        times = 1 if workload.tensors[name].role is Role.WEIGHT else repeats
        others -= max(0, needed[name] * times - min(kept.get(name, 0), needed[name]))
    return Term(
        "products",
        ceil(least.bus_ps(max(0, others) + loads)),
        f"{len(found.ops)} products, from `{found.ops[0]}` to `{found.ops[-1]}`, load at least "
        f"{format_bytes(loads)} into so small a memory, parts of their data or weights again and again, "
        f"however they are cut, fused or computed again; the rest moves {format_bytes(max(0, others))}.",
        found.ops,
    )


_ONCE = "Weights, inputs and outputs move once"


def _work(workload: Workload, least: _Least, repeats: int) -> Iterator[Term]:
    """All work at the peak rate, and at least one task for each operator that has some."""
    chip, parts = least.chip, {op.name: tuple(op.parts()) for op in workload.ops if op.fused}
    for names, roles in chip.teams.items():
        if roles == _BUS:
            continue
        works = [work for work in least_operations(workload, repeats) if chip.falls_to(names, work)]
        kinds = {work.op.kind for work in works if work.op is not None}
        tasks = repeats * sum(
            (ComponentRole.MATRIX in roles and op.macs > 0)
            + (
                ComponentRole.HOST in roles
                and any(part.vector_ops and part.kind in kinds for part in parts.get(op.name, (op,)))
            )
            for op in workload.ops
        )
        what = " and every ".join(_OPERATIONS[role] for role in roles)
        only = "" if names in chip.duties else f" that only {'it runs' if len(names) == 1 else 'they run'}"
        yield Term(
            f"work on {'+'.join(names)}",
            ceil(least.work_ps(names, roles, works, tasks)),
            f"Every {what}{only} at the peak rate, in {tasks} tasks at least.",
        )


_OPERATIONS = {ComponentRole.MATRIX: "multiply-accumulate", ComponentRole.HOST: "vector operation"}


def _ends(cuts: Cuts) -> Term:
    """All work that outputs need lies between the first byte's arrival and the start of the last store."""
    found, costs = cuts.ends(), cuts.costs
    on = found.before
    return Term(
        "first load, last store",
        found.ps,
        f"The work on {on} lies between the first load ({format_duration(costs.first // SCALE)} at least) "
        f"and the last store ({format_duration(costs.last // SCALE)}).",
    )


def _run_ahead(least: _Least, cuts: Cuts) -> Term:
    """See `simres.analysis.run_ahead`: the best cut."""
    found = cuts.single()
    if not found.ps:
        return Term("run-ahead", 0, "")
    first, then = found.before or least.name(_BUS), found.after or least.name(_BUS)
    before = f"`{found.ops[0]}` is complete only after what it depends on, which keeps {first} busy"
    after = f"then what depends on its last element keeps {then} busy"
    if found.after == BUS:
        after = (
            f"then {format_bytes(found.nbytes)} have yet to move over {then}: weights beyond what memory can "
            "hold ahead, and outputs"
        )
    return Term("run-ahead", found.ps, f"{before}; {after}.", found.ops)


def _chain(cuts: Cuts) -> Term:
    """See `simres.analysis.run_ahead`: the best row of cuts."""
    found = cuts.chained()
    if len(found.ops) < 2:
        return Term("chain", 0, "")  # a cut by itself is limited run-ahead
    return Term(
        "chain",
        found.ps,
        f"{len(found.ops)} operators, from `{found.ops[0]}` to `{found.ops[-1]}`, are each complete only "
        "after the one before; between them comes the work that depends on its last element, or the loading "
        "of weights for that beyond what memory can hold ahead.",
        found.ops,
    )
