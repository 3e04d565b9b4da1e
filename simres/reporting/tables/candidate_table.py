"""The candidates of planning: one line for a report, or a table of all."""

from __future__ import annotations

from collections.abc import Sequence

from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, scale, times
from simres.reporting.text.columns import GAP, Column, width_of
from simres.reporting.text.styled import Text
from simres.result.data import Candidate

_WIDEST = 72


def kept(candidates: Sequence[Candidate]) -> int:
    """Returns the number of the candidate kept: the fastest, or the first of equals."""
    return min(range(len(candidates)), key=lambda number: candidates[number].makespan_ps)


def choice(candidates: Sequence[Candidate]) -> list[str]:
    """Returns the number of candidates and the lead of the one kept; nothing if there was no choice."""
    if len(candidates) < 2:
        return []
    number = kept(candidates)
    best = candidates[number]
    others = [*candidates[:number], *candidates[number + 1 :]]
    second = min(others, key=lambda other: other.makespan_ps)
    whose = "" if second.scheduler == best.scheduler else f", `{second.scheduler}`,"
    beaten = [f"the next best{whose} takes {_longer(second.makespan_ps, best.makespan_ps)}"]
    beaten += [
        f"`{other.scheduler}` {_longer(other.makespan_ps, best.makespan_ps)}"
        for other in others
        if other.scheduler != best.scheduler and other is not second
    ]
    return [f"candidates: the best of {len(candidates)} simulated; {', '.join(beaten)}"]


def _longer(ps: int, best_ps: int) -> str:
    """Formats a makespan relative to the best: in per cent, or as a ratio from 2 on."""
    if ps == best_ps:
        return "as long"
    if best_ps and ps >= 2 * best_ps:
        return f"{times(ps, best_ps)}x as long"
    share = 100 * (ps - best_ps) / best_ps if best_ps else 0
    return f"{share:.1f} % longer" if share >= 0.05 else "<0.1 % longer"


def table(candidates: Sequence[Candidate], page: Page) -> list[Text]:
    """Returns one row per candidate in the order tried: scheduler, tasks, makespan, differing decisions."""
    best = kept(candidates)
    fastest = candidates[best].makespan_ps
    unit = scale(max(candidate.makespan_ps for candidate in candidates), TIME)
    columns = [
        Column("", [">" if number == best else "" for number in range(len(candidates))], right=False),
        Column("scheduler", [candidate.scheduler for candidate in candidates], right=False),
        Column("tasks", [str(candidate.tasks) for candidate in candidates], rank=2),
        Column("makespan", unit.texts(candidate.makespan_ps for candidate in candidates), unit.unit),
        Column(
            "than the best",
            [
                Text("kept", "good") if number == best else _longer(candidate.makespan_ps, fastest)
                for number, candidate in enumerate(candidates)
            ],
            rank=1,
        ),
    ]
    room = min(_WIDEST, page.width - width_of(columns) - GAP)
    told = [text if len(text) <= room else f"{text[: room - 3]}..." for text in differences(candidates)]
    if room >= 16 and any(told):
        columns.append(Column("what differs", told, right=False, rank=3, style="muted"))
    return page.table(columns)


def differences(candidates: Sequence[Candidate]) -> list[str]:
    """Returns each candidate's decisions that vary between candidates of its scheduler, most varied first."""
    found = []
    for candidate in candidates:
        others = [other.decisions for other in candidates if other.scheduler == candidate.scheduler]
        variety = {what: len({other.get(what) for other in others}) for what in candidate.decisions}
        varied = sorted((what for what in variety if variety[what] > 1), key=lambda what: -variety[what])
        found.append("; ".join(f"{what}: {candidate.decisions[what]}" for what in varied))
    return found
