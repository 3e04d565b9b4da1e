"""Tables of a what-if on the work of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simres.analysis.explanation import explain
from simres.exploration.work_changes import ChangedWork, WorkWhatIf
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, percent, scale, times
from simres.reporting.text.columns import Column
from simres.reporting.text.reasons import resource
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.units import format_duration


def report(found: WorkWhatIf, page: Page) -> Iterator[Text]:
    """Yields the lines: the run as it was, then each change and what it comes to."""
    before, last = found.before, found.after[-1]
    yield from page.prose(f"{before.name}: {format_duration(before.makespan_ps)}.", "headline")
    yield from page.prose(_said(before, last))
    yield from page.titled("What if", "replayed in the recorded order; what is unknown stays as it was")
    yield from page.table(_columns(found))


def _said(before: Result, changed: ChangedWork) -> str:
    after = changed.result.makespan_ps
    saved = before.makespan_ps - after
    how = "saves" if saved >= 0 else "costs"
    gain = f", {times(before.makespan_ps, after)}x as fast" if after and saved > 0 else ""
    share = percent(abs(saved), before.makespan_ps)
    titled = changed.title if changed.title.startswith("without") else f"with {changed.title}"
    takes = f"{titled[:1].upper()}{titled[1:]} it takes {format_duration(after)}"
    said = f"{takes}: that {how} {format_duration(abs(saved))}"
    bound = explain(changed.result.program, changed.result.record).bottleneck
    then = f" Most of the critical path is then {resource(changed.result, bound)}." if bound else ""
    return f"{said}, {share} %{gain}.{then}"


def _columns(found: WorkWhatIf) -> list[Column]:
    before = found.before.makespan_ps
    unit = scale(before, TIME)
    made = [each.result.makespan_ps for each in found.after]
    return [
        Column("change", ["as it is", *(each.title for each in found.after)], right=False, elastic=True),
        Column("layers", ["", *(str(len(each.layers)) for each in found.after)]),
        Column("busy before", ["", *unit.texts(each.busy_ps for each in found.after)], unit.unit),
        Column("takes", unit.texts([before, *made]), unit.unit),
        Column("saves", ["", *(_share(before - ps, before) for ps in made)], "%"),
    ]


def _share(saved: int, whole: int) -> str:
    return f"{'-' if saved < 0 else ''}{percent(abs(saved), whole)}"


def document(found: WorkWhatIf) -> dict[str, Any]:
    """Returns the JSON form: keys of times end in `_ps`."""
    return {
        "schema_version": VERSIONS["work_whatif"],
        "name": found.before.name,
        "makespan_ps": found.before.makespan_ps,
        "changes": [
            {
                "changes": [
                    {"pattern": change.pattern, "factor": float(change.factor)} for change in each.changes
                ],
                "layers": list(each.layers),
                "busy_ps": each.busy_ps,
                "makespan_ps": each.result.makespan_ps,
            }
            for each in found.after
        ],
    }
