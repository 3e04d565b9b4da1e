"""Lower bounds: the least work of each kind, at the chip's peak rates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from simres.hardware.chip import Chip
from simres.program.tasks import Program, Work
from simres.units import format_duration
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Op, Unit


@dataclass(frozen=True, slots=True)
class Term:
    """One lower bound in picoseconds, its `reason` as a sentence, and the operators that it comes from."""

    name: str
    ps: int
    reason: str
    operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LowerBound:
    """What no schedule can beat: every term is a lower bound on the makespan, and the largest counts."""

    terms: tuple[Term, ...] = ()

    @property
    def tightest(self) -> Term:
        """The largest term; the first of equals."""
        return max(self.terms, key=lambda term: term.ps, default=Term("none", 0, "No engine states a peak."))

    @property
    def makespan_ps(self) -> int:
        """The lower bound in picoseconds; 0 if no engine states a peak."""
        return self.tightest.ps


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower bounds on the makespan, in picoseconds.

    `engines` holds the least work per role at peak rates, under the component's name (components of one role
    share the work: `a+b`). `lower` is what no schedule of the workload can beat, and at least these.
    `dependency` is the longest chain of dependent tasks in this Program: other Programs may have a shorter
    one, so it is no part of the lower bound.
    """

    engines: Mapping[str, int]
    dependency: int
    lower: LowerBound = LowerBound()

    @property
    def makespan(self) -> int:
        """The lower bound: what no schedule can beat."""
        return max([self.lower.makespan_ps, *self.engines.values()])

    @property
    def tightest(self) -> str:
        """The name of the largest: an engine's, where no term says more than its peak."""
        named = self.named
        return max(named, key=lambda name: named[name], default="none")

    @property
    def named(self) -> Mapping[str, int]:
        """The engines, then the terms of `lower` that say something else."""
        known = set(self.engines.values())
        return {**self.engines, **{term.name: term.ps for term in self.lower.terms if term.ps not in known}}


def bounds(
    workload: Workload | Ledger,
    program: Program,
    chip: Chip,
    chain_ps: int,
    repeats: int = 1,
    lower: LowerBound = LowerBound(),
) -> Bounds:
    """The lower bounds of `workload` on `chip`; `chain_ps` is the Program's longest chain at full speed.

    A graph's lower bound on the bus is LB0: weights, inputs and outputs once each. A ledger has no graph, so
    its lower bound on the bus is the traffic of its Program. If the workload `repeats`, its weights need
    to be loaded only once.
    """
    return bounds_of(least_work(workload, program, repeats), chip, chain_ps, lower)


def shared(tenants: Mapping[str, tuple[int, LowerBound]]) -> LowerBound:
    """The lower bound of tenants of one chip, by name: when each starts, and its own."""
    terms = []
    for name, (start_ps, own) in tenants.items():
        if len(tenants) == 1 and not start_ps:
            return own
        most = own.tightest
        when = f"From its start at {format_duration(start_ps)}: " if start_ps else ""
        terms.append(Term(f"tenant {name}", start_ps + most.ps, when + most.reason, most.operators))
    return LowerBound(tuple(term for term in terms if term.ps))


def with_calls(lower: LowerBound, last_ps: int, calls: int, call_ps: int) -> LowerBound:
    """The lower bound of inferences of which each waits for a call, as long as the ones before it.

    `lower` is that without calls, `last_ps` that of one inference which finds on chip whatever it may. The
    first starts after a call, the last after all of them: T >= call + lower, T >= calls x call + last.
    """
    first_ps, all_ps = call_ps + lower.makespan_ps, calls * call_ps + last_ps
    number, rest = (1, lower.makespan_ps) if first_ps >= all_ps else (calls, last_ps)
    many = "a call" if number == 1 else f"{number} calls"
    reason = f"After {many} of {format_duration(call_ps)}: {format_duration(rest)} that no schedule can beat."
    return LowerBound((*lower.terms, Term("calls", max(first_ps, all_ps), reason)))


def least_work(workload: Workload | Ledger, program: Program, repeats: int = 1) -> tuple[Work, ...]:
    """The work that any schedule must do: the bytes over the bus, then operations by data type, those of the
    host also by kind of operator (the `op` of each is nothing but its kind)."""
    if isinstance(workload, Ledger):
        moved = repeats * (program.bytes_read + program.bytes_written)
        return (Work(moved, repeats * workload.macs, repeats * workload.vector_ops),)
    moved = compulsory_bytes(workload, kept(program), repeats)
    return Work(moved), *least_operations(workload, repeats)


def least_operations(workload: Workload, repeats: int = 1) -> Iterator[Work]:
    """The operations of `least_work`."""
    for dtype, (macs, _) in workload.amounts.items():
        yield Work(macs=repeats * macs, dtype=dtype)
    for (kind, dtype), count in workload.vector_ops_by_kind.items():
        yield Work(vector_ops=repeats * count, dtype=dtype, op=Op("", kind, Unit.HOST, (), ()))


def compulsory_bytes(workload: Workload, resident: Mapping[str, int], repeats: int = 1) -> int:
    """The bytes that any schedule must move: weights once, inputs and outputs each time.

    `resident` are the bytes of each tensor that lie on chip from the start: they are spared, in so far as
    they are needed.
    """
    spared = sum(min(nbytes, workload.needed_bytes.get(name, nbytes)) for name, nbytes in resident.items())
    again = (repeats - 1) * (workload.compulsory_bytes - workload.needed_weight_bytes)
    return max(0, workload.compulsory_bytes + again - spared)


def kept(program: Program) -> Mapping[str, int]:
    """By tensor: the bytes of it that lie on chip before the Program starts."""
    found: dict[str, int] = {}
    for number in program.resident_in:
        buffer = program.buffers[number]
        found[buffer.tensor] = found.get(buffer.tensor, 0) + buffer.nbytes
    return found


def bounds_of(works: Iterable[Work], chip: Chip, chain_ps: int, lower: LowerBound = LowerBound()) -> Bounds:
    """The lower bounds of all these amounts of work together, on `chip`.

    `chain_ps` is the Programs' longest chain at full speed.
    """
    return Bounds(chip.least_ps(*works), chain_ps, lower)
