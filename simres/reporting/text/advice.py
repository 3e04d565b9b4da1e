"""Advice on what to change, computed from the critical path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from simres.analysis.blame import together_ps
from simres.analysis.dataflow import MOVERS
from simres.analysis.explanation import Explanation, LimitingFactor, PathCause
from simres.analysis.occupancy import peak
from simres.program.names import EngineName
from simres.program.record import Cause
from simres.reporting import lexicon
from simres.reporting.text import traced
from simres.reporting.text.amounts import percent
from simres.reporting.text.component_names import the
from simres.reporting.text.headline import bound_meaning
from simres.result import Result
from simres.units import RATE, UnitError, format_bytes, format_duration
from simres.workload.graph import Workload
from simres.workload.operators import BITS, Role

_MOST = 5
"""The maximum number of suggestions."""
_LEAST = 0.05
"""Suggestions that could save less than this share of the makespan are left out."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something to change: in a few words, as a sentence, and the picoseconds that it saves.

    These are estimated from the critical path: the most that can be saved with the same schedule, or
    where it is not `at_most`, about what it comes to.
    """

    what: str
    saves_ps: int
    sentence: str
    at_most: bool = True


def advice(result: Result, found: Explanation) -> list[str]:
    """Returns a few suggestions, largest likely saving first; none if nothing takes any time."""
    if result.trace is not None and found.bottleneck is not None:
        return traced.advice(result, found)
    return [change.sentence for change in changes(result, found)]


def changes(result: Result, found: Explanation) -> list[Change]:
    """Returns the same with what each can save; nothing for an imported trace, as no chip is known."""
    if found.bottleneck is None or result.trace is not None:
        return []
    worth = [
        *_of_resources(result, found),
        *_narrower(result, found),
        *_overlap(result),
        *_priority(result, found),
        *_evicted(result, found),
        *_folded(result, found),
    ]
    return sorted(worth, key=lambda change: -change.saves_ps)[:_MOST]


def _overlap(result: Result) -> Iterator[Change]:
    """Suggests overlap if engines could be busy at the same time but never are.

    If one processor runs all operators, it moves the bytes itself, and nothing can overlap.
    """
    least = result.bounds.engines
    working = [name for name, engine in result.record.engines.items() if engine.working_ps]
    tried = {candidate.scheduler for candidate in result.candidates}
    if not least or len(working) < 2 or len(tried) > 1 or together_ps(result.record):
        return
    computing = [role for name in working if (role := result.role(name)) != "bus"]
    if computing == ["processor"]:
        return
    name = max(least, key=lambda name: least[name])
    won = result.makespan_ps - least[name]
    if won < _LEAST * result.makespan_ps:
        return
    traced = isinstance(result.workload, Workload)
    option = "`--set scheduler=overlapped`"
    how = option if traced else "for which a scheduler needs the traced network"
    sentence = (
        f"Overlap the engines ({how}): the makespan could drop to {format_duration(least[name])}, "
        f"{bound_meaning(result, name)}."
    )
    yield Change(option if traced else "overlapping engines", won, sentence)


def _of_resources(result: Result, found: Explanation) -> Iterator[Change]:
    for number, (what, ps) in enumerate(found.resources.items()):
        if number and ps < 2 * _LEAST * result.makespan_ps:
            return
        match what.limit:
            case LimitingFactor.SPEED:
                short = f"2x {figure(result, what.component)}"
                sure = Cause.SPACE not in found.causes  # a full buffer may be freed sooner, too
                yield Change(short, ps // 2, _speed(result, found, what, ps), at_most=sure)
            case LimitingFactor.LATENCY:
                sentence = (
                    f"Fewer and larger transfers, or more of them in flight: the latency of "
                    f"{the(result, what.component)} is {format_duration(ps)} of the path."
                )
                yield Change(f"half the {_short(what.component)} latency", ps // 2, sentence)
            case LimitingFactor.SPACE:
                short = f"more {_short(what.component)} capacity"
                yield Change(short, max(ps, _again_ps(result)), _space(result, what, ps))
            case LimitingFactor.START:
                sentence = (
                    f"No chip makes up for the {format_duration(ps)} before requests arrive: only earlier "
                    "arrivals do."
                )
                yield Change("earlier arrivals", 0, sentence)


def figure(result: Result, component: str) -> str:
    """Names the figure of a component that makes it fast: `DDR bandwidth`, `matrix rate`."""
    noun = {"bus": "bandwidth", "matrix": "rate", "host": "rate"}.get(result.role(component), "speed")
    return f"{_short(component)} {noun}"


def _short(component: str) -> str:
    return lexicon.PROPER.get(component, component)


def _speed(result: Result, found: Explanation, what: PathCause, ps: int) -> str:
    """Suggests a component twice as fast; no figure if the path has buffer-full stalls, which may go too."""
    name = the(result, what.component)
    win = (
        ""
        if Cause.SPACE in found.causes
        else f": saves at most {format_duration(ps // 2)} with this schedule"
    )
    match result.role(what.component):
        case "bus":
            return f"{_capital(name)} at twice the bandwidth{win}."
        case "matrix" | "host":
            return _rate(result, what.component, win)
        case _:
            return f"{_capital(name)} at twice the speed{win}."


def _priority(result: Result, found: Explanation) -> Iterator[Change]:
    """Suggests a higher priority for a tenant that stalls on engines taken by others."""
    late = next((part for part in found.path if part.cause is Cause.ENGINE), None)
    ps = found.causes.get(Cause.ENGINE, 0)
    if late is None or ps < _LEAST * result.makespan_ps:
        return
    tenant = EngineName.parse(late.engine).tenant
    others = max((other.priority for name, other in result.tenants.items() if name != tenant), default=0)
    if tenant in result.tenants and result.tenants[tenant].priority == others:
        sentence = (
            f"Priority: {tenant} stalls {format_duration(ps)} on engines taken by others; "
            f"`--set tenants.{tenant}.priority={others + 1}` lets it go first, at their expense."
        )
        yield Change(f"`--set tenants.{tenant}.priority={others + 1}`", ps, sentence)


def _narrower(result: Result, found: Explanation) -> Iterator[Change]:
    """Suggests int8 if all tensors have one type of more than 8 bits.

    It leaves a part of the time on the bus, and of that on a matrix unit with a rate for each type. The batch
    norms are folded with it.
    """
    workload = result.scheduled
    if not isinstance(workload, Workload):
        return
    types = {tensor.dtype for tensor in workload.tensors.values()}
    bits = {BITS[dtype] for dtype in types}
    if len(bits) != 1 or min(bits) <= 8:
        return
    (dtype, *_), (width,) = sorted(types), bits
    saved = _batch_norms_ps(result, found)
    for what, ps in found.resources.items():
        if what.limit is LimitingFactor.SPEED:
            role = result.role(what.component)
            left = Fraction(8, width) if role == "bus" else _ratio(result, what.component, dtype)
            saved += int(ps * (1 - left)) if role in ("bus", "matrix") else 0
    if saved < _LEAST * result.makespan_ps:
        return
    moved = weights = 0
    tasks = result.program.tasks
    for task, times in zip(tasks, result.record.repeats(len(tasks)), strict=True):
        if task.kind in MOVERS:
            moved += times * task.work.nbytes
            tensor = workload.tensors.get(task.reads[0].tensor) if task.reads else None
            weights += times * task.work.nbytes if tensor and tensor.role is Role.WEIGHT else 0
    part = {16: "half", 32: "a quarter", 64: "an eighth"}.get(width, "fewer")
    sentence = (
        f"`--int8`, which leaves {part} of the bytes: all traffic is {dtype} ({percent(weights, moved)} % of "
        f"it weights). Saves about {format_duration(saved)}."
    )
    yield Change("`--int8`", saved, sentence, at_most=False)


def _ratio(result: Result, component: str, dtype: str) -> Fraction:
    """The time on a component in int8 over that in a data type, where it states a rate for both; else 1."""
    stated: object = result.origin.scenario
    for key in ("hardware", component, "rate"):
        stated = stated.get(key) if isinstance(stated, Mapping) else None
    if not isinstance(stated, Mapping):
        return Fraction(1)
    try:
        wide, narrow = (RATE.parse(str(stated.get(each))) for each in (dtype, "int8"))
    except UnitError:  # none is stated; or the result's own scenario was changed by hand
        return Fraction(1)
    return min(Fraction(1), Fraction(wide, narrow)) if narrow else Fraction(1)


def _rate(result: Result, part: str, win: str) -> str:
    """Suggests a faster engine, or layers that come closer to its peak rate."""
    name = the(result, part)
    least = next((ps for names, ps in result.bounds.engines.items() if part in names.split("+")), 0)
    took = sum(
        row.totals.working_ps
        for row_name, row in result.engine_rows.items()
        if EngineName.parse(row_name).component == part
    )
    them, its = ("them", "their") if result.units(part) > 1 else ("it", "its")
    missed = f"at peak rate {its} work would take {format_duration(least)}; it takes {format_duration(took)}"
    why = f"launches, and layers that use {them} badly"
    if least and 2 * least < took:
        return f"Fewer launches of {name}, and layers that use {them} better: {missed}."
    fills = f"; {missed} ({why})" if least and took - least >= _LEAST * result.makespan_ps else ""
    return f"{_capital(name)} at twice the rate{win}{fills}."


def _space(result: Result, what: PathCause, ps: int) -> str:
    """Suggests more memory, and names the tensors that hold most of it at its peak."""
    memories = {
        name: memory
        for name, memory in result.record.memories.items()
        if EngineName.parse(name).component == what.component
    }
    fullest = max(memories, key=lambda name: memories[name].peak)
    found = peak(result.stays, fullest)
    held = _first(found.holders) if found else ""
    again = (
        f" A new schedule could also save some of the {_again(result)}."
        if _again_ps(result) >= _LEAST * result.makespan_ps
        else ""
    )
    return (
        f"More capacity than {format_bytes(memories[fullest].capacity)} in {the(result, what.component)}, "
        f"or smaller tensors: saves at most {format_duration(ps)} with this schedule. "
        f"Its peak occupancy is {held}.{again}"
    )


def _first(holders: Mapping[str, int]) -> str:
    named = [f"{tensor} ({format_bytes(nbytes)})" for tensor, nbytes in list(holders.items())[:2]]
    return " and ".join(named) + (f" and {len(holders) - 2} more" if len(holders) > 2 else "")


def _evicted(result: Result, found: Explanation) -> Iterator[Change]:
    """Suggests more memory to save evictions, if the path has few buffer-full stalls."""
    took, least = _again_ps(result), _LEAST * result.makespan_ps
    space = max((ps for what, ps in found.resources.items() if what.limit is LimitingFactor.SPACE), default=0)
    if took >= least and space < 2 * least:
        sentence = f"More on-chip memory, which would save some of the {_again(result)}."
        yield Change("more on-chip memory", took, sentence)


def _again_ps(result: Result) -> int:
    """Returns the bus time of evictions: bytes that were moved before."""
    return sum(item.bus_ps for item in result.evictions)


def _again(result: Result) -> str:
    nbytes = sum(item.nbytes for item in result.evictions)
    took = format_duration(_again_ps(result))
    return f"{format_bytes(nbytes)} that cross the bus again for lack of it, {took} of bus time"


def _folded(result: Result, found: Explanation) -> Iterator[Change]:
    """Suggests folding the batch norms on the path into the convolutions."""
    ps = _batch_norms_ps(result, found)
    if isinstance(result.scheduled, Workload) and ps >= _LEAST * result.makespan_ps:
        sentence = (
            "Fold the batch norms into the convolutions (the pass `fold_batch_norm`): they take "
            f"{format_duration(ps)} of the path."
        )
        yield Change("the pass `fold_batch_norm`", ps, sentence)


def _batch_norms_ps(result: Result, found: Explanation) -> int:
    """Returns the time of batch norms on the critical path."""
    layers = result.program.layers
    return sum(
        part.took_ps for part in found.path if part.layer >= 0 and layers[part.layer].kind == "batch_norm"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
