"""Sentences of an explanation: the bottleneck, its layers, and the causes of its stalls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TypeVar

from simres.analysis.blame import together_ps
from simres.analysis.critical_path import Why
from simres.analysis.explanation import Explanation, LimitingFactor, PathCause
from simres.program.names import EngineName
from simres.reporting.text.amounts import percent
from simres.reporting.text.component_names import listed, the
from simres.result import Result
from simres.units import format_duration

_NAMED = 3
"""Layers, tensors and resources that are named in a sentence."""
_MENTIONED = 0.005
"""What is no larger a share of the makespan than this has no sentence of its own."""

_Key = TypeVar("_Key")


def answer(result: Result, found: Explanation) -> str:
    """One line: how long, and what the most of it hangs on."""
    took = f"{result.name}: {format_duration(result.makespan_ps)}"
    bound = found.bound_by
    if bound is None:
        return f"{took}, as nothing takes any time."
    share = f"{percent(found.resources[bound], result.makespan_ps)} %"
    if 2 * found.resources[bound] < result.makespan_ps:
        return f"{took}, bound by no one thing; the most, {share} of it, is {resource(result, bound)}."
    return f"{took}, {share} of it bound by {resource(result, bound)}."


def resource(result: Result, what: PathCause) -> str:
    """What a run hangs on: `the ddr bus`, `the space in the sram memory`."""
    match what.limit:
        case LimitingFactor.SPEED:
            return the(result, what.component)
        case LimitingFactor.LATENCY:
            return f"the latency of {the(result, what.component)}"
        case LimitingFactor.SPACE:
            return f"the space in {the(result, what.component)}"
        case LimitingFactor.START:
            return "when requests come"


def reasons(result: Result, found: Explanation) -> Iterator[str]:
    """The sentences behind the answer: shares, layers, waits."""
    bound = found.bound_by
    if bound is None:
        return
    yield _shares(result, found)
    if bound.limit is not LimitingFactor.START:
        yield _layers(result, found, bound)
    yield _waits(result, found)


def _shares(result: Result, found: Explanation) -> str:
    """What the makespan hangs on, the most first."""
    named = _worth_a_word(result, found.resources)
    parts = [f"{resource(result, what)} ({format_duration(ps)})" for what, ps in named.items()]
    first, *others = parts
    then = f", then on {listed(others)}" if others else ""
    return f"Followed back from its last event to its first, the run hangs on {first}{then}."


def _layers(result: Result, found: Explanation, bound: PathCause) -> str:
    """The layers that the most of the first share is for."""
    layers, program = found.layers(bound), result.program
    whole = found.resources[bound]
    named = [
        f"{program.layers[layer].name} ({format_duration(ps)})" for layer, ps in list(layers.items())[:_NAMED]
    ]
    if len(layers) <= _NAMED:
        return f"It hangs on {resource(result, bound)} for {listed(named)} only."
    half = next(n for n, ps in enumerate(accumulate(layers.values()), start=1) if 2 * ps >= whole)
    of = f"{half} of {len(layers)} layers {'makes' if half == 1 else 'make'} up half of that"
    return f"It hangs on {resource(result, bound)} longest for {listed(named)}; {of}."


def _waits(result: Result, found: Explanation) -> str:
    """What came in the way, and who it was."""
    waits = {cause: ps for cause, ps in found.causes.items() if cause is not Why.WORKING}
    alone = len(_workers(result)) > 1 and not together_ps(result.record)
    serial = " No two engines ever work at once." if alone else ""
    if not waits:
        return (
            f"On the way nothing waits: at every moment an engine does work that the end depends on.{serial}"
        )
    named = _worth_a_word(result, waits)
    parts = [f"{format_duration(ps)} {_wait(result, found, cause)}" for cause, ps in named.items()]
    return f"On the way it waits {'; '.join(parts)}.{serial}"


def _workers(result: Result) -> list[str]:
    return [name for name, engine in result.record.engines.items() if engine.working_ps]


def _wait(result: Result, found: Explanation, cause: Why) -> str:
    """What a wait is for, and who was in the way."""
    holders = list(found.holders(cause))
    match cause:
        case Why.SPACE:
            return f"for space on chip, which {_some(holders, 'other tensors')} had"
        case Why.BUS:
            return f"for the bus, which {listed(_bus_holders(result, holders))} had"
        case Why.ENGINE:
            tenants = list(dict.fromkeys(EngineName.parse(name).tenant for name in holders if name))
            parts = list(
                dict.fromkeys(
                    the(result, EngineName.parse(part.engine).component)
                    for part in found.path
                    if part.cause is Why.ENGINE
                )
            )
            return f"for {listed(parts)}, which {_some(tenants, 'other tenants')} had"
        case Why.LATENCY:
            return "for first bytes to arrive (latency)"
        case Why.IDLE:
            return _what_was_to_come(found)
        case _:
            return f"({cause.value})"


def _what_was_to_come(found: Explanation) -> str:
    """What the run waits for where there is nothing to do."""
    if found.path[0].cause is not Why.IDLE or len(found.path) == 1:
        return "with nothing left to do"
    first = EngineName.parse(found.path[1].engine).tenant
    return f"for {first or 'its request'} to come"


def _bus_holders(result: Result, holders: list[str]) -> list[str]:
    return [
        "turnaround and refresh" if not name else name if result.role(name) else f"the {name}"
        for name in holders
    ]


def _some(names: list[str], otherwise: str) -> str:
    """The first of the names, and how many more; `otherwise` where there are none."""
    names = [name for name in names if name]
    more = len(names) - _NAMED
    if more > 1:
        return f"{', '.join(names[:_NAMED])} and {more} more"
    return listed(names) if names else otherwise


def _worth_a_word(result: Result, shares: Mapping[_Key, int]) -> Mapping[_Key, int]:
    """The larger shares, `_NAMED` at the most; the first always."""
    least = _MENTIONED * result.makespan_ps
    large = [item for number, item in enumerate(shares.items()) if not number or item[1] >= least]
    return dict(large[:_NAMED])
