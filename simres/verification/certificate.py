"""Checks the lower bound of a result: its simple terms, recomputed from the scenario, and its sums."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping
from fractions import Fraction
from math import ceil, isqrt
from typing import Any

from simres.result.result import Result
from simres.units import PS_PER_S, parse_any
from simres.verification.hosts import hosts_of, stated_runs
from simres.workload.graph import Workload
from simres.workload.operators import BITS, computed_in

_KNOWN = {"ddr": "bus", "matrix": "matrix", "host": "host", "processor": "processor"}
"""Kinds whose least times are recomputed here; those of others are accepted."""


def certificate_problems(result: Result, moved_bytes: int) -> Iterator[str]:
    """Terms that are not what the scenario's figures give, and a makespan below one of them.

    `moved_bytes` are the compulsory ones.
    """
    lower = result.bounds.lower
    for name, ps in {**result.bounds.engines, **{term.name: term.ps for term in lower.terms}}.items():
        if ps > result.makespan_ps:
            yield f"the makespan, {result.makespan_ps} ps, is below `{name}`, {ps} ps"
    workload = result.scheduled
    if result.tenants or result.record.streams or not isinstance(workload, Workload) or not lower.terms:
        return
    named = {term.name: term for term in lower.terms}
    least = least_ps(result, workload, moved_bytes)
    for name, ps in {**least, **own_ps(result, workload)}.items():
        stated = named[name].ps if name in named else 0
        if abs(stated - ps) > 1:
            yield f"`{name}` is stated as {stated} ps, and the scenario gives {ps} ps"
    names = {op.name for op in workload.ops}
    for term in lower.terms:
        if unknown := [operator for operator in term.operators if operator not in names]:
            yield f"`{term.name}` names `{unknown[0]}`, which is no operator"
    if len(least) == len({one.role for one in result.chip.values()} & {*_KNOWN.values()}):
        most = sum(least.values()) + 2 * _latency_ps(result) + result.repeats * _call_ps(result)
        for term in lower.terms:
            again = _again_ps(result, workload, term.operators) if term.name == "products" else 0
            if term.ps > most + again:
                yield f"`{term.name}` is {term.ps} ps, more than everything one after the other, {most} ps"


def least_ps(result: Result, workload: Workload, moved_bytes: int) -> dict[str, int]:
    """By term: the least picoseconds by the scenario's figures, where one component is alone in its role."""
    found = {}
    runs = result.repeats
    macs = [op.macs for op in workload.ops if op.macs]
    vector_ops = [op.vector_ops for op in workload.ops if op.vector_ops]
    present = {one.role for one in result.chip.values()}
    mixed = "processor" in present and bool(present & {"matrix", "host"})
    for role in _KNOWN.values():
        names = [name for name, part in hardware(result).items() if _KNOWN.get(str(part["kind"])) == role]
        same = {engine.split(".")[0] for engine, one in result.chip.items() if one.role == role}
        if len(names) != 1 or same != set(names) or (mixed and role != "bus"):
            continue
        (name,) = names
        part = hardware(result)[name]
        if role == "bus" and (untimed(result) or part.get("compression", "none") != "none"):
            continue
        if role == "bus":
            bursts = -(-moved_bytes // _figure(part, "burst"))
            ps = Fraction(moved_bytes * PS_PER_S, _figure(part, "bandwidth"))
            found[f"bytes on {name}"] = ceil(ps + bursts * _between_bursts_ps(part))
            continue
        units = int(part.get("count", 1))
        if role == "processor":
            products = _work_ps(workload, part["matrix_rate"], matrix=True)
            others = _work_ps(workload, part["vector_rate"], matrix=False)
            tasks = len(macs) + len(vector_ops)
            ps = products + others
        else:
            ps = _work_ps(workload, part["rate"], matrix=role == "matrix")
            tasks = len(macs) if role == "matrix" else len(vector_ops)
        found[f"work on {name}"] = ceil(runs * (ps + tasks * _figure(part, "launch")) / units)
    return found


def own_ps(result: Result, workload: Workload) -> dict[str, int]:
    """By term: the least picoseconds of hosts for what only they run."""
    runs = stated_runs(result)
    found = {}
    for name in runs if len(runs) > 1 else ():
        part = hardware(result)[name]
        named = {kind for kinds in runs.values() for kind in kinds or () if kind != "any"}
        if _KNOWN.get(str(part["kind"])) == "host" and any(
            hosts_of(kind, runs) == {name} for kind in (*named, "")
        ):
            kinds = {
                op.kind for whole in workload.ops for op in whole.parts() if hosts_of(op.kind, runs) == {name}
            }
            tasks = sum(
                any(op.vector_ops and op.kind in kinds for op in whole.parts()) for whole in workload.ops
            )
            ps = _work_ps(workload, part["rate"], matrix=False, kinds=kinds) + tasks * _figure(part, "launch")
            found[f"work on {name}"] = ceil(result.repeats * ps / int(part.get("count", 1)))
    return found


def _work_ps(workload: Workload, rate: Any, *, matrix: bool, kinds: Container[str] | None = None) -> Fraction:
    """All multiply-accumulates, or all vector operations, at a rate for all data types or one for each.

    Only those of such `kinds` count, where they are given.
    """
    found = Fraction(0)
    for part in (part for op in workload.ops for part in op.parts() if kinds is None or part.kind in kinds):
        if amount := 2 * part.macs if matrix else part.vector_ops:
            stated = rate[computed_in(part, workload.tensors)] if isinstance(rate, Mapping) else rate
            found += Fraction(amount * PS_PER_S, parse_any(str(stated))[0])
    return found


def untimed(result: Result) -> bool:
    """Whether the protocol leaves inputs or outputs out of the time, so that their bytes do not count."""
    protocol = result.origin.scenario.get("protocol")
    return isinstance(protocol, Mapping) and "outside" in (protocol.get("inputs"), protocol.get("outputs"))


def _again_ps(result: Result, workload: Workload, names: Collection[str]) -> int:
    """The least time of a well-known form for the traffic of products, each by itself: 2 MACs / sqrt(S)."""
    tensors, parts = workload.tensors, hardware(result)
    capacity = sum(_figure(part, "capacity") for part in parts.values() if "capacity" in part)
    bus = next(part for part in parts.values() if part["kind"] == "ddr")
    nbytes = 0
    for op in workload.ops:
        if op.name in names:
            wide = max(BITS[tensors[name].dtype] for name in (*op.inputs[:2], *op.outputs))
            nbytes += isqrt(4 * op.macs**2 * wide**3 // (8 * max(1, capacity))) // 8 + 1
    return ceil(Fraction(result.repeats * nbytes * PS_PER_S, _figure(bus, "bandwidth")))


def _latency_ps(result: Result) -> int:
    """A generous time for a transfer of a byte."""
    part = next(part for part in hardware(result).values() if part["kind"] == "ddr")
    moved = Fraction(PS_PER_S, _figure(part, "bandwidth"))
    return _figure(part, "latency") + _between_bursts_ps(part) + ceil(moved)


def _between_bursts_ps(part: Mapping[str, Any]) -> int:
    """Picoseconds of a burst that move none of its bytes."""
    header = _figure(part, "burst_header") if part.get("burst_header") else 0
    return _figure(part, "burst_overhead") + ceil(Fraction(header * PS_PER_S, _figure(part, "bandwidth")))


def _call_ps(result: Result) -> int:
    """The fixed time before each inference."""
    protocol = result.origin.scenario.get("protocol")
    return _figure(protocol, "call") if isinstance(protocol, Mapping) else 0


def hardware(result: Result) -> Mapping[str, Mapping[str, Any]]:
    found = result.origin.scenario.get("hardware", {})
    return found if isinstance(found, Mapping) else {}


def _figure(part: Mapping[str, Any], name: str) -> int:
    """A figure of a component in base units."""
    return parse_any(str(part[name]))[0]
