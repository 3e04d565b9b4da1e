"""A checked design space around a scenario, and the key of each of its points."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from simres.errors import InvalidFile, SimresError
from simres.exploration.space import DesignSpace, Knob
from simres.hardware.specs import MemorySpec
from simres.planning.evaluate import versions
from simres.planning.handed_on import takes_from
from simres.plugins.registry import Registry
from simres.scenario.loader import Template, resolved
from simres.scenario.model import Scenario
from simres.sharing.workbench import Workbench
from simres.workload.graph import Ledger, Workload, canonical

ROWS_VERSION = 3
"""Version of the rows; rows of another version are not reused."""

Chains = tuple[tuple[int, ...], ...]
"""Numbers of a knob's values, each in one chain."""


@dataclass(frozen=True)
class Study:
    """A scenario, its fixed settings, and its knobs; plain data that any process can evaluate.

    `workloads` are the networks by the name or file that scenarios have for them. `identity` identifies all
    that does not vary, `identities` every value of every knob (the content of a chip's file, for example, and
    not only its name). `slow` are the knobs that schedules depend on most. `chains` has the values of each
    knob by number, in chains from less to more: a chip has no less of anything than those before it in its
    chain. `sources` are points that take the schedule of another point instead of one of their own.
    """

    template: Template
    settings: Mapping[str, str]
    space: DesignSpace
    workloads: Mapping[str, Workload | Ledger]
    identity: str
    identities: tuple[tuple[str, ...], ...]
    slow: tuple[str, ...] = ()
    plugins: bool = True
    chains: tuple[Chains, ...] = ()
    sources: Mapping[int, int] = field(default_factory=dict)

    def scenario(self, point: int, registry: Registry, bench: Workbench | None = None) -> Scenario:
        """Returns the scenario at a point. Raises `SimresError` where its settings are incompatible."""
        return self.template.scenario(registry, {**self.settings, **self.space.settings(point)}, bench)

    def networks(self, scenario: Scenario) -> Mapping[str, Workload | Ledger]:
        """Returns the workloads of a scenario, by tenant; see `Scenario.networks`."""
        return {name: self.workloads[reference] for name, reference in scenario.networks.items()}

    def key(self, point: int) -> str:
        """Returns the key of a point: equal keys mean equal results, whatever else is swept with them."""
        digest = hashlib.sha256(self.identity.encode())
        parts = zip(self.space.knobs, self.space.places(point), self.identities, strict=True)
        for text in sorted(f"\n{knob.key}={values[place]}" for knob, place, values in parts):
            digest.update(text.encode())
        return digest.hexdigest()[:24]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the knobs."""
        return tuple(knob.key for knob in self.space.knobs)

    @cached_property
    def head(self) -> dict[str, tuple[int | float | str, ...]]:
        """The knobs' values as in rows, by key: numbers in base units where all are numbers."""
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
    """Returns the study of a space around a scenario, after trying every value of every knob once.

    `find` returns a network for its name or file; it is called once for each.

    Raises `SimresError` for a knob that the scenario does not have, a value that it does not accept, and a
    network that cannot be loaded.
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
    chains = []
    for knob, found in zip(space.knobs, tried, strict=True):
        identities.append(tuple(map(stated, found)))
        chains.append(_chains(knob, found, registry))
        if _is_slow(knob, found):
            slow.append(knob.key)
    fixed = {"rows": ROWS_VERSION, "settings": settings, "base": stated(base, networks=False) if base else ""}
    identity = hashlib.sha256(canonical(fixed).encode()).hexdigest()
    return Study(
        template,
        settings,
        space,
        workloads,
        identity,
        tuple(identities),
        tuple(slow),
        plugins,
        tuple(chains),
    )


def tries(
    template: Template, space: DesignSpace, registry: Registry, settings: Mapping[str, str]
) -> tuple[Scenario | None, list[list[Scenario]]]:
    """Returns the scenario without any knob, if it is valid, and for each knob one with each of its values.

    Raises `SimresError` as `study_of` does, except for networks, which are not loaded.
    """
    for knob in space.knobs:
        if knob.key in settings:
            raise SimresError(f"`{knob.key}` is both set and varied", "give it once")
    bench = Workbench()
    base, contexts = _contexts(template, space, registry, settings, bench)
    tried, refused = [], []
    for knob in space.knobs:
        try:
            tried.append([_tried(template, registry, contexts, knob, value, bench) for value in knob.values])
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
    template: Template, space: DesignSpace, registry: Registry, settings: Mapping[str, str], bench: Workbench
) -> tuple[Scenario | None, list[dict[str, str]]]:
    """Returns the settings to try a value with, and the scenario without any knob if it is valid."""
    first = {knob.key: knob.values[0] for knob in space.knobs}
    last = {knob.key: knob.values[-1] for knob in space.knobs}
    contexts = [{**settings}, {**settings, **first}, {**settings, **last}]
    try:
        return template.scenario(registry, settings, bench), contexts
    except SimresError:
        return None, contexts


def _tried(
    template: Template,
    registry: Registry,
    contexts: list[dict[str, str]],
    knob: Knob,
    value: str,
    bench: Workbench,
) -> Scenario:
    """Returns a scenario with a value. Some values are only valid with others: it tries several contexts."""
    refused: list[SimresError] = []
    for context in contexts:
        try:
            return template.scenario(registry, {**context, knob.key: value}, bench)
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
    """Whether a new value of a knob changes the tiles, so that points with equal values go together."""
    name, _, field = knob.key.removeprefix("hardware.").partition(".")
    if not knob.key.startswith("hardware."):
        return True
    memory = any(isinstance(scenario.hardware.get(name), MemorySpec) for scenario in found)
    return memory and field in ("", "capacity", "alignment", "kind")


def _chains(knob: Knob, found: list[Scenario], registry: Registry) -> Chains:
    """The values of a knob in chains from less to more, by number: upwards or, as of a delay, downwards."""
    numbers = knob.numbers
    upwards = sorted(range(len(found)), key=numbers.__getitem__) if numbers else list(range(len(found)))

    def cut(ranked: list[int]) -> Chains:
        chains = [[ranked[0]]]
        for before, at in pairwise(ranked):
            if takes_from(found[at], found[before], registry):
                chains[-1].append(at)
            else:
                chains.append([at])
        return tuple(map(tuple, chains))

    return min(cut(upwards), cut(upwards[::-1]), key=len)
