"""Tables of a what-if analysis: the effect of each change, and the change that a target needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simres.exploration.whatif_outcomes import Adopted, Change, How, MakespanTarget, Need, RunSummary, WhatIf
from simres.hardware.resources import UNBOUNDED, Resource
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING, TIME, percent, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.units import format_duration

_SHORT = {How.DOUBLED: "2x", How.HALVED: "0.5x", How.FREE: "free"}


def report(found: WhatIf, page: Page) -> Iterator[Text]:
    """Yields the lines: the present run, useful changes, every change, and the needs of a target if set."""
    base = found.base
    where = f"; {_share(base)} % of the critical path is `{base.bottleneck}`" if base.bottleneck else ""
    yield from page.prose(f"{found.name}: {format_duration(base.makespan_ps)}{where}.", "headline")
    yield from page.prose(_conclusion(found))
    for remark in _remarks(found):
        yield from page.prose(remark, "warning")
    yield from page.titled("What if", "each resource by itself, everything else as it is")
    yield from _table(found, page)
    yield Text()
    for line in _legend(found):
        yield from page.prose(line, "muted")
    if found.target is not None:
        yield from _target(found, found.target, page)


def _share(outcome: RunSummary) -> str:
    return percent(outcome.on_path_ps, outcome.makespan_ps)


def _conclusion(found: WhatIf) -> str:
    """Returns the resources that are worth increasing, best first, and those that are not."""
    gains = _gains(found)
    helping = [name for name, best in gains.items() if found.helps(best)]
    idle = [f"`{name}`" for name in gains if name not in helping]
    if not gains:
        return "The chip states no rate, capacity or delay to change."
    if not helping:
        said = ["No single change saves 1 %, even without limit: another component is the bottleneck then."]
        return " ".join([*said, *_unstated(found)])
    only = "Only " if len(helping) == 1 and idle else ""
    said = [f"{only}`{helping[0]}` helps{'' if only else ' most'}: {_worth(found, gains[helping[0]])}."]
    if rest := [f"`{name}` {_briefly(found, gains[name])}" for name in helping[1:]]:
        said.append(f"Smaller gains: {_listed(rest, 'and')}.")
    if idle:
        said.append(f"More of {_listed(idle, 'or')} saves less than 1 %, however much.")
    return " ".join([*said, *_unstated(found)])


def _unstated(found: WhatIf) -> Iterator[str]:
    """Yields a note if the bottleneck is a component with nothing to change."""
    bottleneck = found.base.bottleneck
    if bottleneck and bottleneck not in {change.component for change in found.changes}:
        yield (
            f"What a better `{bottleneck}` would save is not known: its kind states no rate, capacity or "
            "delay to change."
        )


def _gains(found: WhatIf) -> dict[str, Change]:
    """Returns each resource's most useful change, largest gain first."""
    best: dict[str, Change] = {}
    for change in found.changes:
        known = best.get(change.name)
        if change.better and (known is None or found.gain_ps(change) > found.gain_ps(known)):
            best[change.name] = change
    return dict(sorted(best.items(), key=lambda item: -found.gain_ps(item[1])))


def _better(found: WhatIf, name: str) -> Change | None:
    """Returns the change that doubles a resource or halves a delay."""
    wanted = (one for one in found.changes if one.name == name and one.better and one.how is not How.FREE)
    return next(wanted, None)


def _worth(found: WhatIf, free: Change) -> str:
    """Returns the gain from doubling a resource, and the gain from removing its limit."""
    told = []
    step = _better(found, free.name)
    if step is not None and step.best is not None and step is not free:
        told.append(f"{step.how.value} it saves {_saves(found, step)}{_moves(found, step)}")
    told.append(f"{free.how.value} {_saves(found, free)}{_moves(found, free)}")
    return "; ".join(told)


def _briefly(found: WhatIf, free: Change) -> str:
    """Returns the gains of `_worth` in a few words."""
    step = _better(found, free.name)
    share = percent(found.gain_ps(free), found.base.makespan_ps)
    if step is None or step is free or found.gain_ps(step) <= 0:
        return f"({free.how.value} {share} %)"
    first = percent(found.gain_ps(step), found.base.makespan_ps)
    return f"({step.how.value} {first} %, {free.how.value} {share} %)"


def _saves(found: WhatIf, change: Change) -> str:
    assert change.best is not None
    gain = max(0, found.gain_ps(change))
    share = percent(gain, found.base.makespan_ps).replace(NOTHING, "0")
    return f"{share} %, to {format_duration(change.best.makespan_ps)}"


def _moves(found: WhatIf, change: Change) -> str:
    """Returns the new bottleneck, if it changes."""
    best = change.best
    if best is None or not best.bottleneck or best.bottleneck == found.base.bottleneck:
        return ""
    return f" (then the bottleneck is `{best.bottleneck}`)"


def _remarks(found: WhatIf) -> Iterator[str]:
    """Yields the origin of the present schedule, and anomalies: the same schedule is slower on a better chip,
    or faster on a worse one."""
    if (adopted := found.adopted) is not None:
        yield (
            f"The schedule for {adopted.resource.spell(adopted.value)} of `{adopted.name}` is faster on this "
            "chip too and replaces its own, which `simres simulate` runs in "
            f"{format_duration(adopted.own_ps)}."
        )
    for change in found.anomalies():
        assert change.replayed is not None
        by = change.replayed.makespan_ps - found.base.makespan_ps
        share = percent(abs(by), found.base.makespan_ps)
        more = "longer" if by > 0 else "less"
        text = (
            f"An anomaly: with {_change(change)}, the same schedule takes {share} % {more} "
            f"({format_duration(change.replayed.makespan_ps)}): the bus and the memory are granted in order "
            "of arrival, and that order changes (Graham, 1969)."
        )
        if change.in_order_ps is not None:
            text += (
                f" With every grant in its former order and no time spent on `{change.component}`, it would "
                f"take {format_duration(change.in_order_ps)}."
            )
        yield text


def _change(change: Change) -> str:
    if change.how is How.FREE:
        return f"`{change.name}` free"
    return f"`{change.name}` {change.how.value}, {change.resource.spell(change.value or 0)}"


def _table(found: WhatIf, page: Page) -> list[Text]:
    base = found.base.makespan_ps
    runs = [run for one in found.changes for run in (one.replayed, one.scheduled) if run is not None]
    unit = scale(max([base, *(run.makespan_ps for run in runs)]), TIME)

    def times(of: Sequence[RunSummary | None]) -> list[str]:
        return [NOTHING if run is None else unit.text(run.makespan_ps) for run in of]

    def changes(of: Sequence[RunSummary | None]) -> list[str | Text]:
        return [NOTHING if run is None else _relative(run.makespan_ps, base) for run in of]

    replayed = [one.replayed for one in found.changes]
    scheduled = [one.scheduled for one in found.changes]
    columns = [
        Column("resource", ["now", *_names(found)], right=False, elastic=True),
        Column("", ["", *(_SHORT[one.how] for one in found.changes)], right=False, style="muted"),
        Column("becomes", ["", *map(_becomes, found.changes)], rank=2),
        Column("same schedule", [unit.text(base), *times(replayed)], unit.unit),
        Column("", [Text(), *changes(replayed)], "%"),
        Column("new schedule", ["", *times(scheduled)], unit.unit),
        Column("", [Text(), *changes(scheduled)], "%"),
        Column(
            "bottleneck",
            [_bound(found.base), *(_moved(found, one.best) for one in found.changes)],
            right=False,
            rank=1,
        ),
    ]
    return page.table(columns)


def _names(found: WhatIf) -> Iterator[Text]:
    """Yields the resource, with its present value below."""
    before: list[str] = []
    for change in found.changes:
        before.append(change.name)
        place = before.count(change.name)
        now = change.resource.spell(change.resource.value)
        yield Text(change.name, "title") if place == 1 else Text(f"  {now}" if place == 2 else "", "muted")


def _becomes(change: Change) -> str:
    if change.how is How.FREE and change.resource.field == "capacity":
        return "all fits"
    return "none" if change.value == 0 else _amount(change.resource, change.value)


def _amount(resource: Resource, value: int | None) -> str:
    """Formats a value as in a scenario: 0 for a removed delay, `no limit` for None."""
    if value is None or value >= UNBOUNDED:
        return "no limit"
    return resource.spell(value)


def _bound(outcome: RunSummary | None) -> str:
    if outcome is None or not outcome.bottleneck:
        return NOTHING
    return f"{outcome.bottleneck} {_share(outcome)} %"


def _moved(found: WhatIf, outcome: RunSummary | None) -> str | Text:
    """Returns the bottleneck of a run, highlighted if it differs from the present one."""
    stays = outcome is None or outcome.bottleneck == found.base.bottleneck
    return _bound(outcome) if stays else Text(_bound(outcome), "title")


def _relative(ps: int, base: int) -> str | Text:
    """Formats a change in per cent with its sign; changes of 1 % or more are styled good or bad."""
    if ps == base or not base:
        return Text("=", "muted")
    share = 100 * (ps - base) / base
    if abs(share) < 0.05:
        return Text("<0.1" if ps > base else "-<0.1", "muted")
    text = f"{share:+.1f}"
    return Text(text, "good" if share <= -1 else "bad" if share >= 1 else "")


def _legend(found: WhatIf) -> Iterator[str]:
    yield (
        "Same schedule: the present one, replayed on the changed chip. New schedule: the best for that chip. "
        "Bottleneck: the component with most of the critical path in the faster of the two."
    )
    yield (
        "Free: every task takes one picosecond of it, the minimum; a delay is zero; a memory holds "
        "everything."
    )
    said: dict[str, list[str]] = {}
    for change in found.changes:
        for reason in change.refused:
            said.setdefault(f"`{change.name}` {change.how.value}", []).append(reason)
        if change.how is How.FREE and change.resource.most is not None:
            best = change.resource.spell(change.resource.most)
            said.setdefault(f"`{change.name}` {change.how.value}", []).append(f"{best}, its kind's best")
    for what, reasons in said.items():
        yield f"{what}: {'; '.join(reasons)}."


def _target(found: WhatIf, target: MakespanTarget, page: Page) -> Iterator[Text]:
    yield from page.titled(
        f"Target {format_duration(target.ps)}", "the smallest sufficient value of each resource"
    )
    if found.base.makespan_ps <= target.ps:
        yield from page.prose("The scenario meets it as it is: nothing needs to change.", "good")
        return
    enough = target.enough
    if enough:
        first = enough[0]
        text = (
            f"The smallest sufficient change is `{first.name}`: {_amount(first.resource, first.value)}, now "
            f"{first.resource.spell(first.resource.value)}{_times(first)}."
        )
        yield from page.prose(text, "good")
    elif target.needs:
        nearest = min(target.needs, key=lambda need: need.outcome.makespan_ps)
        text = (
            f"No single change is enough. `{nearest.name}` comes closest: "
            f"{format_duration(nearest.outcome.makespan_ps)} with {_with(nearest)}."
        )
        yield from page.prose(text, "bad")
    else:
        yield from page.prose("There is nothing on the chip to change.", "bad")
        return
    yield Text()
    unit = scale(found.base.makespan_ps, TIME)
    needs = target.needs
    columns = [
        Column("resource", [need.name for need in needs], right=False, elastic=True),
        Column("now", [need.resource.spell(need.resource.value) for need in needs], rank=2),
        Column("enough", [_amount(one.resource, one.value) if one.met else "cannot" for one in needs]),
        Column("", [_factor(need) if need.met else "" for need in needs], rank=1),
        Column("makespan", unit.texts(need.outcome.makespan_ps for need in needs), unit.unit),
        Column("with", [_how(found, need) for need in needs], right=False, rank=3),
        Column("bottleneck", [_bound(need.outcome) for need in needs], right=False, rank=4),
    ]
    yield from page.table(columns)
    yield Text()
    counted = sum(need.tried for need in needs)
    text = f"Found by search over {counted} values; a smaller value may also be enough."
    yield from page.prose(text, "muted")


def _how(found: WhatIf, need: Need) -> str:
    if need.outcome.makespan_ps >= found.base.makespan_ps:
        return "no difference"
    if not need.met:
        return f"{_with(need)}, at best"
    return "the same schedule" if need.same_schedule else "a new schedule"


def _with(need: Need) -> str:
    """Formats the value that gave the best makespan."""
    if need.resource.field == "capacity" and need.value is not None:
        return need.resource.spell(need.value)
    return "none of it" if need.value == 0 else _amount(need.resource, need.value)


def _factor(need: Need) -> str:
    if need.factor == float("inf"):
        return NOTHING
    return f"{1 / need.factor:.2f}x" if need.resource.is_delay else f"{need.factor:.2f}x"


def _times(need: Need) -> str:
    return "" if need.factor == float("inf") else f" ({_factor(need)})"


def _listed(parts: Sequence[str], word: str) -> str:
    """Joins parts: `a, b or c`."""
    *most, last = parts
    return f"{', '.join(most)} {word} {last}" if most else last


def _adopted(found: Adopted) -> dict[str, Any]:
    return {
        "resource": f"hardware.{found.name}",
        "value": _stated(found.resource, found.value),
        "own_makespan_ps": found.own_ps,
    }


def document(found: WhatIf) -> dict[str, Any]:
    """Returns the JSON form as plain data: keys of times end in `_ps`; values are texts as in a scenario."""
    return {
        "schema_version": VERSIONS["whatif"],
        "name": found.name,
        "scheduler": found.scheduler,
        **_run(found.base),
        "schedule_from": None if found.adopted is None else _adopted(found.adopted),
        "changes": [
            {
                "resource": f"hardware.{change.name}",
                "change": change.how.value,
                "now": change.resource.spell(change.resource.value),
                "becomes": _stated(change.resource, change.value),
                "same_schedule": None if change.replayed is None else _run(change.replayed),
                "new_schedule": None if change.scheduled is None else _run(change.scheduled),
                "refused": list(change.refused),
                "anomaly": change in anomalies,
                "in_order_makespan_ps": change.in_order_ps,
            }
            for anomalies in [list(found.anomalies())]
            for change in found.changes
        ],
        "target": None if found.target is None else _wanted(found, found.target),
    }


def _run(outcome: RunSummary) -> dict[str, Any]:
    return {
        "makespan_ps": outcome.makespan_ps,
        "bottleneck": outcome.bottleneck,
        "bottleneck_ps": outcome.on_path_ps,
    }


def _stated(resource: Resource, value: int | None) -> str | None:
    return None if value is None or value >= UNBOUNDED else resource.spell(value)


def _wanted(found: WhatIf, target: MakespanTarget) -> dict[str, Any]:
    return {
        "makespan_ps": target.ps,
        "met": found.met,
        "needs": [
            {
                "resource": f"hardware.{need.name}",
                "met": need.met,
                "value": _stated(need.resource, need.value),
                "factor": None if need.factor == float("inf") else need.factor,
                "same_schedule": need.same_schedule,
                "values_tried": need.tried,
                **_run(need.outcome),
            }
            for need in target.needs
        ],
    }
