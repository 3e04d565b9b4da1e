"""The lower bound: what no schedule can beat, term by term.

A schedule may cut operators into any tiles, in any order, fuse, recompute and load again. It makes no part of
an output before what the operator's reach names for it is on chip, and a task does work of one operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import ceil

from simres.analysis.amounts import Sums, sums
from simres.analysis.bounds import LowerBound, Term, compulsory_bytes
from simres.analysis.dependence import dependence
from simres.analysis.run_ahead import SCALE, Costs, Cuts
from simres.caching import IdentityKey, RecentCache
from simres.hardware.chip import Chip
from simres.hardware.specs import EngineSpec
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.units import format_bytes, format_duration
from simres.workload.graph import Workload


def lower_bound(
    workload: Workload, chip: Chip, kept: Mapping[str, int] | None = None, repeats: int = 1
) -> LowerBound:
    """The lower bound of `workload` on `chip`, run `repeats` times, with its reasons.

    `kept` are the bytes of each tensor that lie on chip before the start; weights are loaded for all runs at
    once. Terms are left out where an engine states no peak.
    """
    kept = kept or {}
    least = _Least(chip)
    at_once = bool(kept) or any(not op.inputs for op in workload.ops)
    cuts = Cuts(_sums(workload), least.costs(at_once), repeats, kept)
    named = [
        _bytes(workload, least, kept, repeats),
        *_work(workload, least, repeats),
        _ends(least, cuts),
        _run_ahead(least, cuts),
        _chain(cuts),
    ]
    return LowerBound(tuple(term for term in named if term.ps))


class _Least:
    """The least times on a chip, by role; k components of a role share its work.

    Unit i does m_i of M operations in n_i of N tasks, so m_i / r_i + n_i l_i <= T, with peak rate r_i and l_i
    for each task. Weighted by r_i and added up: T >= (M + N min(r_i l_i)) / sum(r_i).
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._specs: dict[ComponentRole, Mapping[str, EngineSpec]] = {
            role: {name: spec for name, spec in chip.parts.items() if chip.roles[name] is role}
            for role in (ComponentRole.BUS, ComponentRole.MATRIX, ComponentRole.HOST)
        }

    def name(self, role: ComponentRole) -> str:
        """The components of a role, as `a+b`."""
        return "+".join(self._specs[role])

    def ps(self, role: ComponentRole, work: Work, tasks: int = 0) -> Fraction:
        """The least picoseconds for all of this work in at least so many tasks; 0 without a peak."""
        specs = self._specs[role]
        times = [spec.at_peak_ps(work) for spec in specs.values()]
        if not times or not all(times):
            return Fraction(0)
        shared = 1 / sum((1 / time for time in times), Fraction(0))
        each = min(
            Fraction(spec.task_ps if len(spec.lanes(name)) == 1 else 0) / time
            for (name, spec), time in zip(specs.items(), times, strict=True)
        )
        return shared * (1 + tasks * each)

    def bus_ps(self, nbytes: int) -> Fraction:
        """The least picoseconds of so many bytes in any number of transfers: bursts included on one bus."""
        if not nbytes:
            return Fraction(0)
        work, specs = Work(nbytes=nbytes), self._specs[ComponentRole.BUS]
        least = self.ps(ComponentRole.BUS, work)
        if len(specs) == 1:
            (spec,) = specs.values()
            least = max(least, Fraction(spec.together_ps([work])))
        return least

    def transfer_ps(self, *, write: bool) -> int:
        """The least picoseconds from the request of a transfer to its end."""
        specs = self._specs[ComponentRole.BUS].values()
        return min((spec.duration_ps(Work(nbytes=1, write=write)) for spec in specs), default=0)

    def costs(self, at_once: bool) -> Costs:
        """The same as whole numbers; if operators may start `at_once`, none has to wait for a load."""
        return Costs(
            matrix=self._rate(ComponentRole.MATRIX, lambda amount: Work(macs=amount)),
            host=self._rate(ComponentRole.HOST, lambda amount: Work(vector_ops=amount)),
            bus=self._bus_rate(),
            capacity=sum(memory.capacity for memory in self._chip.memories.values()),
            first=0 if at_once else self.transfer_ps(write=False) * SCALE,
            last=self.transfer_ps(write=True) * SCALE,
        )

    def _rate(self, role: ComponentRole, work: Callable[[int], Work]) -> Callable[[int, int], int]:
        """The least time by amount and tasks: that of `ps`, which is proportional to both."""
        one, many = self.ps(role, work(1)), self.ps(role, work(_MANY)) / _MANY
        each = min(one, many) * SCALE
        task = (self.ps(role, work(_MANY), 1) - self.ps(role, work(_MANY))) * SCALE
        of = each.denominator * task.denominator
        for_amount, for_task = int(each * of), int(task * of)
        return lambda amount, tasks: (amount * for_amount + tasks * for_task) // of

    def _bus_rate(self) -> Callable[[int], int]:
        """The least time by bytes, overheads of bursts left out."""
        each = min(self.ps(ComponentRole.BUS, Work(nbytes=amount)) / amount for amount in (1, _MANY)) * SCALE
        return lambda nbytes: nbytes * each.numerator // each.denominator


_MANY = 1 << 30

_known: RecentCache[Sums] = RecentCache(8)


def _sums(workload: Workload) -> Sums:
    return _known.get(IdentityKey(workload), lambda: sums(dependence(workload)))


def _bytes(workload: Workload, least: _Least, kept: Mapping[str, int], repeats: int) -> Term:
    """What outputs need is read once, and they are written; what lies on chip from the start is spared."""
    nbytes = compulsory_bytes(workload, kept, repeats)
    once = "Weights move once, inputs and outputs every time" if repeats > 1 else _ONCE
    return Term(
        f"bytes on {least.name(ComponentRole.BUS)}",
        ceil(least.bus_ps(nbytes)),
        f"{once}: {format_bytes(nbytes)}{', without what lies on chip before' if kept else ''}.",
    )


_ONCE = "Weights, inputs and outputs move once"


def _work(workload: Workload, least: _Least, repeats: int) -> Iterator[Term]:
    """All work at the peak rate, and at least one task for each operator that has some."""
    macs = [op.macs for op in workload.ops if op.macs]
    vector_ops = [op.vector_ops for op in workload.ops if op.vector_ops]
    for role, amounts, work, what in (
        (ComponentRole.MATRIX, macs, Work(macs=repeats * sum(macs)), "multiply-accumulate"),
        (ComponentRole.HOST, vector_ops, Work(vector_ops=repeats * sum(vector_ops)), "vector operation"),
    ):
        tasks = repeats * len(amounts)
        yield Term(
            f"work on {least.name(role)}",
            ceil(least.ps(role, work, tasks)),
            f"Every {what} at the peak rate, in {tasks} tasks at least.",
        )


def _ends(least: _Least, cuts: Cuts) -> Term:
    """All work that outputs need lies between the first byte's arrival and the start of the last store."""
    found, costs = cuts.ends(), cuts.costs
    on = least.name(_ROLES[found.before]) if found.before else ""
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
    first, then = least.name(_ROLES[found.before]), least.name(_ROLES[found.after])
    before = f"`{found.ops[0]}` is complete only after what it depends on, which keeps {first} busy"
    after = f"then what depends on its last element keeps {then} busy"
    if found.after == "bus":
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
        "after the one before; between them lie the work that depends on its last element, or the loading of "
        "weights for that beyond what memory can hold ahead.",
        found.ops,
    )


_ROLES = {"bus": ComponentRole.BUS, "matrix": ComponentRole.MATRIX, "host": ComponentRole.HOST}
