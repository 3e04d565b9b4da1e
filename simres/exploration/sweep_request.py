"""The sweep that a scenario's `sweep:` and a command line define."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simres.errors import SimresError
from simres.exploration.knob_values import values_in
from simres.exploration.objectives import objectives_of
from simres.exploration.space import DesignSpace, Knob, space_of
from simres.scenario.loader import Template
from simres.scenario.problems import Problems
from simres.scenario.sweep_section import sweep_of


@dataclass(frozen=True, slots=True)
class Section:
    """The knobs, in the order of the file, and the names of the objectives; each empty if not given."""

    knobs: tuple[Knob, ...] = ()
    goal: str = ""


def section_of(template: Template) -> Section:
    """Returns the `sweep:` of a scenario; an empty one where it has none.

    Raises `InvalidFile`, with the place of each, for invalid values and for unknown keys and goals.
    `study_of` checks whether the scenario has those knobs and accepts the values.
    """
    given = template.document.data.get("sweep")
    if given is None:
        return Section()
    problems = Problems(template.document)
    file = sweep_of(problems, given)
    knobs = []
    for key, entry in file.vary.items() if file else ():
        try:
            knobs.append(Knob(key, values_in(entry)))
        except SimresError as error:
            problems.add_error(("sweep", "vary", key), error)
    goal = ",".join(file.goal or ()) if file else ""
    if goal:
        try:
            objectives_of(goal)
        except SimresError as error:
            problems.add_error(("sweep", "goal"), error)
    problems.raise_any()
    return Section(tuple(knobs), goal)


def around(
    template: Template, section: Section, vary: Mapping[str, object], settings: Mapping[str, str]
) -> tuple[Template, DesignSpace]:
    """Returns the space of the section's and the command line's knobs, and the template of its points.

    A knob of the command line replaces the file's knob of that name, or follows the file's knobs; a value set
    there does not vary. Raises `SimresError` for invalid values, and where no knob varies.
    """
    knobs = {knob.key: knob for knob in section.knobs if knob.key not in settings}
    own = frozenset(knobs.keys() - vary.keys())
    if vary or not knobs:
        knobs |= {knob.key: knob for knob in space_of(vary).knobs}
    return replace(template, own=own), DesignSpace(tuple(knobs.values()))
