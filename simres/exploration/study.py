"""A checked design space around a scenario, and the key of each of its points."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from simres.errors import InvalidFile, SimresError
from simres.exploration.space import DesignSpace, Knob
from simres.hardware.specs import MemorySpec
from simres.planning.evaluate import versions
from simres.plugins.registry import Registry
from simres.scenario.loader import Template, resolved
from simres.scenario.model import Scenario
from simres.workload.graph import Ledger, Workload, canonical

ROWS_VERSION = 1
"""Version of what a row says; rows of another are not taken up again."""


@dataclass(frozen=True)
class Study:
    """A scenario, what is set in it for good, and what varies; plain data that any process can evaluate.

    `workloads` are the networks by the name or file that scenarios have for them. `identity` stands for
    everything that does not vary, `identities` for every value of every knob (what is in a chip's file, say,
    and not only its name). `slow` are the knobs that schedules depend on most.
    """

    template: Template
    settings: Mapping[str, str]
    space: DesignSpace
    workloads: Mapping[str, Workload | Ledger]
    identity: str
    identities: tuple[tuple[str, ...], ...]
    slow: tuple[str, ...] = ()
    plugins: bool = True

    def scenario(self, point: int, registry: Registry) -> Scenario:
        """The scenario at a point. Raises `SimresError` where its settings do not go together."""
        return self.template.scenario(registry, {**self.settings, **self.space.settings(point)})

    def networks(self, scenario: Scenario) -> Mapping[str, Workload | Ledger]:
        """What that scenario runs, by tenant; see `Scenario.networks`."""
        return {name: self.workloads[reference] for name, reference in scenario.networks.items()}

    def key(self, point: int) -> str:
        """What a point is known by: equal keys are equal results, whatever else is swept beside them."""
        digest = hashlib.sha256(self.identity.encode())
        parts = zip(self.space.knobs, self.space.places(point), self.identities, strict=True)
        for text in sorted(f"\n{knob.key}={values[place]}" for knob, place, values in parts):
            digest.update(text.encode())
        return digest.hexdigest()[:24]

    @cached_property
    def head(self) -> dict[str, tuple[int | float | str, ...]]:
        """The knobs' values as rows have them, by key: numbers in base units where all are numbers."""
        return {knob.key: knob.numbers or knob.values for knob in self.space.knobs}


def study_of(
    template: Template,
    space: DesignSpace,
    registry: Registry,
    find: Callable[[str], Workload | Ledger],
    *,
    settings: Mapping[str, str] | None = None,
    plugins: bool = True,
) -> Study:
    """The study of a space around a scenario, after every value of every knob was tried once.

    `find` gets a network for its name or file; each is asked for once.

    Raises `SimresError` for a knob that the scenario does not have, a value that it cannot take, and a
    network that cannot be had.
    """
    settings = dict(settings or {})
    base, tried = tries(template, space, registry, settings)
    workloads: dict[str, Workload | Ledger] = {}

    def stated(scenario: Scenario, *, networks: bool = True) -> str:
        unsaid = {"name": "", "description": "", "expect": {}}
        found: dict[str, Any] = {"scenario": resolved(scenario) | unsaid}
        names = scenario.networks.values() if networks else ()
        for name in names:
            if name not in workloads:
                workloads[name] = find(name)
        found["workloads"] = [workloads[name].digest for name in names]
        found["accuracies"] = [getattr(workloads[name], "accuracy", None) for name in names]
        found["versions"] = dict(versions(scenario, registry))
        return hashlib.sha256(canonical(found).encode()).hexdigest()

    identities = []
    slow: list[str] = []
    for knob, found in zip(space.knobs, tried, strict=True):
        identities.append(tuple(map(stated, found)))
        if _is_slow(knob, found):
            slow.append(knob.key)
    fixed = {"rows": ROWS_VERSION, "settings": settings, "base": stated(base, networks=False) if base else ""}
    identity = hashlib.sha256(canonical(fixed).encode()).hexdigest()
    return Study(template, settings, space, workloads, identity, tuple(identities), tuple(slow), plugins)


def tries(
    template: Template, space: DesignSpace, registry: Registry, settings: Mapping[str, str]
) -> tuple[Scenario | None, list[list[Scenario]]]:
    """The scenario without any of the knobs, if it stands, and for each knob one with each of its values.

    Raises `SimresError` as `study_of` does, but for networks, which are not looked for.
    """
    for knob in space.knobs:
        if knob.key in settings:
            raise SimresError(f"`{knob.key}` is set and varies at once", "give it once")
    base, contexts = _contexts(template, space, registry, settings)
    tried, refused = [], []
    for knob in space.knobs:
        try:
            tried.append([_tried(template, registry, contexts, knob, value) for value in knob.values])
        except InvalidFile as error:
            refused.append(error)
    if refused:
        problems = sorted(
            {problem for error in refused for problem in error.problems},
            key=lambda problem: (problem.line, problem.column, problem.message),
        )
        raise InvalidFile("scenario", refused[0].path, problems, refused[0].hint)
    return base, tried


def _contexts(
    template: Template, space: DesignSpace, registry: Registry, settings: Mapping[str, str]
) -> tuple[Scenario | None, list[dict[str, str]]]:
    """What other settings a value is tried with, and the scenario without any of the knobs if it stands."""
    first = {knob.key: knob.values[0] for knob in space.knobs}
    last = {knob.key: knob.values[-1] for knob in space.knobs}
    contexts = [{**settings}, {**settings, **first}, {**settings, **last}]
    try:
        return template.scenario(registry, settings), contexts
    except SimresError:
        return None, contexts


def _tried(
    template: Template, registry: Registry, contexts: list[dict[str, str]], knob: Knob, value: str
) -> Scenario:
    """A scenario with that value. Some values only make sense beside others, so more than one is tried."""
    refused: list[SimresError] = []
    for context in contexts:
        try:
            return template.scenario(registry, {**context, knob.key: value})
        except SimresError as error:
            refused.append(error)
    telling = refused[1] if knob.key in refused[1].message else refused[0]
    if isinstance(telling, InvalidFile):
        problems = [
            replace(problem, message=problem.message.replace("--set ", "--vary "))
            for problem in telling.problems
        ]
        raise InvalidFile("scenario", telling.path, problems, telling.hint)
    raise SimresError(telling.message.replace("--set ", "--vary "), telling.hint)


def _is_slow(knob: Knob, found: list[Scenario]) -> bool:
    """Whether a new value of a knob means new tiles, so that points with the same one go together."""
    name, _, field = knob.key.removeprefix("hardware.").partition(".")
    if not knob.key.startswith("hardware."):
        return True
    memory = any(isinstance(scenario.hardware.get(name), MemorySpec) for scenario in found)
    return memory and field in ("", "capacity", "alignment", "kind")
