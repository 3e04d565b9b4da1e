"""Sentences of an explanation: the bottleneck, its layers, and the causes of its stalls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TypeVar

from simres.analysis.blame import together_ps
from simres.analysis.critical_path import Why
from simres.analysis.explanation import Explanation, LimitingFactor, PathCause
from simres.program.names import EngineName
from simres.program.record import Cause
from simres.reporting import lexicon
from simres.reporting.text.amounts import percent
from simres.reporting.text.component_names import holder_name, listed, the
from simres.result import Result
from simres.units import format_duration

_NAMED = 3
"""The maximum number of layers, tensors or resources named in a sentence."""
_MENTIONED = 0.005
"""Smaller shares of the makespan than this are not mentioned."""

_Key = TypeVar("_Key")


def answer(result: Result, found: Explanation) -> str:
    """Returns one line: the makespan and its bottleneck."""
    took = f"{result.name}: {format_duration(result.makespan_ps)}"
    bound = found.bottleneck
    if bound is None:
        return f"{took}, as no task takes any time."
    share = f"{percent(found.resources[bound], result.makespan_ps)} % of the critical path"
    if 2 * found.resources[bound] < result.makespan_ps:
        return f"{took}. No single bottleneck: most, {share}, is {resource(result, bound)}."
    return f"{took}. Bottleneck: {resource(result, bound)}, {share}."


def resource(result: Result, what: PathCause) -> str:
    """Names a limiting resource: `the DDR bus`, `the capacity of the SRAM`."""
    match what.limit:
        case LimitingFactor.SPEED:
            return the(result, what.component)
        case LimitingFactor.LATENCY:
            return f"the latency of {the(result, what.component)}"
        case LimitingFactor.SPACE:
            return f"the capacity of {the(result, what.component)}"
        case LimitingFactor.START:
            return "the arrival of requests" if result.trace is None else "the time before the first event"


def reasons(result: Result, found: Explanation) -> Iterator[str]:
    """Yields the sentences behind the answer: shares, layers, stalls."""
    bound = found.bottleneck
    if bound is None:
        return
    yield _shares(result, found)
    if bound.limit is not LimitingFactor.START:
        yield _layers(result, found, bound)
    yield _stalls(result, found)


def _shares(result: Result, found: Explanation) -> str:
    """Returns the resources on the critical path, largest share first."""
    named = _worth_a_word(result, found.resources)
    parts = [f"{resource(result, what)} ({format_duration(ps)})" for what, ps in named.items()]
    return f"Critical path: {listed(parts)}."


def _layers(result: Result, found: Explanation, bound: PathCause) -> str:
    """Returns the layers with most of the bottleneck's time."""
    layers, program = found.layers(bound), result.program
    whole = found.resources[bound]
    named = [
        f"{program.layers[layer].name} ({format_duration(ps)})" for layer, ps in list(layers.items())[:_NAMED]
    ]
    if len(layers) <= _NAMED:
        return f"All time on {resource(result, bound)} is for {listed(named)}."
    half = next(n for n, ps in enumerate(accumulate(layers.values()), start=1) if 2 * ps >= whole)
    of = f"{half} of {len(layers)} layers {'makes' if half == 1 else 'make'} up half of it"
    return f"Most time on {resource(result, bound)} is for {listed(named)}; {of}."


def _stalls(result: Result, found: Explanation) -> str:
    """Returns the stalls on the path and their holders, then the time in which nothing was due."""
    stalls = {cause: ps for cause, ps in found.causes.items() if isinstance(cause, Cause)}
    alone = len(_workers(result)) > 1 and not together_ps(result.record)
    said = "It never stalls: at every moment an engine is busy with work that the end depends on."
    if stalls:
        named = _worth_a_word(result, stalls)
        parts = [f"{format_duration(ps)} {_stall(result, found, cause)}" for cause, ps in named.items()]
        said = f"It stalls {'; '.join(parts)}."
    if idle := found.causes.get(Why.IDLE, 0):
        until = _until(found) if result.trace is None else ", or nothing that the trace names"
        said += f" For {format_duration(idle)} nothing is due{until}."
    return f"{said} No two engines overlap." if alone else said


def _workers(result: Result) -> list[str]:
    return [name for name, engine in result.record.engines.items() if engine.working_ps]


def _stall(result: Result, found: Explanation, cause: Cause) -> str:
    """Returns a stall's cause and holders in words."""
    holders = list(found.holders(cause))
    match cause:
        case Cause.SPACE:
            return f"for buffer space held by {_some(holders, 'other tensors', 'other tensors')}"
        case Cause.BUS:
            return f"{lexicon.CAUSES[cause].on} with {listed(holder_name(result, name) for name in holders)}"
        case Cause.ENGINE:
            tenants = list(dict.fromkeys(EngineName.parse(name).tenant for name in holders if name))
            taken = (part.engine for part in found.path if part.cause is Cause.ENGINE)
            parts = list(dict.fromkeys(the(result, EngineName.parse(name).component) for name in taken))
            return f"on {listed(parts)}, taken by {_some(tenants, 'other tenants', 'more')}"
        case _:
            return lexicon.CAUSES[cause].on


def _until(found: Explanation) -> str:
    """Returns what ends the time in which nothing is due."""
    if found.path[0].cause is not Why.IDLE or len(found.path) == 1:
        return ""
    first = EngineName.parse(found.path[1].engine).tenant
    return f", until {first or 'the first request'} arrives"


def _some(names: list[str], otherwise: str, others: str) -> str:
    """Returns the first of the names and the number of others; `otherwise` if there are none."""
    names = [name for name in names if name]
    more = len(names) - _NAMED
    if more > 1:
        return f"{', '.join(names[:_NAMED])} and {more} {others}"
    return listed(names) if names else otherwise


def _worth_a_word(result: Result, shares: Mapping[_Key, int]) -> Mapping[_Key, int]:
    """Returns the larger shares, at most `_NAMED`; the first is always included."""
    least = _MENTIONED * result.makespan_ps
    large = [item for number, item in enumerate(shares.items()) if not number or item[1] >= least]
    return dict(large[:_NAMED])
