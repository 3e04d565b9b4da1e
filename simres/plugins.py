"""Who provides what: built-in parts at once, installed packages when a name asks for them.

A package is loaded only when something needs a name that simres does not have, or when all names are
listed. One that fails is set aside with its reason and never breaks a command that can do without it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pluggy

from simres import builtins, hookspecs
from simres.errors import SimresError, SimresWarning
from simres.hookspecs import PROJECT, Block, Component, Operator, Pass, Reporter, Scheduler

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LOAD_PLUGINS = "SIMRES_LOAD_PLUGINS"
"""Environment variable: the distributions (comma separated) whose plugins may load; empty for none."""

Declaration = Component | Scheduler | Pass | Operator | Block | Reporter
D = TypeVar("D", Component, Scheduler, Pass, Operator, Block, Reporter)


@dataclass(frozen=True, slots=True)
class Provider:
    """A package that declares parts. `reason` says why it was set aside, None where it works."""

    plugin: str
    distribution: str
    version: str
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@dataclass(slots=True)
class Catalogue(Generic[D]):
    """The declarations of one hook by name, with who made each."""

    what: str
    hook: str
    key: str
    found: dict[str, tuple[D, Provider]] = field(default_factory=dict)
    contested: dict[str, list[Provider]] = field(default_factory=dict)


def resolve(target: str) -> Any:
    """What `"pkg.mod:Name"` names, imported now.

    Raises `SimresError` when the module cannot be imported or has no such name.
    """
    module_name, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module_name), attribute)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SimresError(f"cannot load `{target}`: {reason}", _missing_extra(error)) from error


def _missing_extra(error: Exception) -> str | None:
    if isinstance(error, ModuleNotFoundError) and error.name in {"torch", "torchvision"}:
        return "pip install 'simres[torch]'"
    return None


class Registry:
    """Every part that scenarios can name.

    `external=False` (`--no-plugins`) keeps to the built-in parts. Lookups raise `SimresError` with the
    known names, close matches, and the packages that might have had the name but failed to load.
    """

    def __init__(self, *, external: bool = True) -> None:
        from simres import __version__

        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.providers: list[Provider] = []
        self._external_pending = external
        self._components = Catalogue[Component]("kind", "simres_components", "kind")
        self._schedulers = Catalogue[Scheduler]("scheduler", "simres_schedulers", "name")
        self._passes = Catalogue[Pass]("pass", "simres_passes", "name")
        self._operators = Catalogue[Operator]("operator", "simres_operators", "source")
        self._blocks = Catalogue[Block]("block", "simres_blocks", "name")
        self._reporters = Catalogue[Reporter]("reporter", "simres_reporters", "name")
        self._builtin = Provider("simres", "simres", __version__)
        self._add(builtins, self._builtin)
        if external and os.environ.get(LOAD_PLUGINS):
            self.load_external()

    @property
    def catalogues(self) -> tuple[Catalogue[Any], ...]:
        """All six, in the order in which people read them."""
        return (
            self._components,
            self._schedulers,
            self._passes,
            self._operators,
            self._blocks,
            self._reporters,
        )

    def component(self, kind: str) -> Component:
        """The component kind of that name."""
        return self._lookup(self._components, kind)

    def scheduler(self, name: str) -> Scheduler:
        """The scheduler of that name."""
        return self._lookup(self._schedulers, name)

    def pass_(self, name: str) -> Pass:
        """The workload pass of that name."""
        return self._lookup(self._passes, name)

    def block(self, name: str) -> Block:
        """The residual block of that name."""
        return self._lookup(self._blocks, name)

    def reporter(self, name: str) -> Reporter:
        """The reporter of that name."""
        return self._lookup(self._reporters, name)

    def components(self) -> Mapping[str, Component]:
        """All component kinds, plugins' included."""
        return self._all(self._components)

    def schedulers(self) -> Mapping[str, Scheduler]:
        """All schedulers, plugins' included."""
        return self._all(self._schedulers)

    def passes(self) -> Mapping[str, Pass]:
        """All workload passes, plugins' included."""
        return self._all(self._passes)

    def operators(self) -> Mapping[str, Operator]:
        """All operators that plugins can lower."""
        return self._all(self._operators)

    def blocks(self) -> Mapping[str, Block]:
        """All residual blocks, plugins' included."""
        return self._all(self._blocks)

    def reporters(self) -> Mapping[str, Reporter]:
        """All reporters, plugins' included."""
        return self._all(self._reporters)

    def provider(self, declaration: Declaration) -> Provider:
        """Who declared it."""
        for catalogue in self.catalogues:
            for known, provider in catalogue.found.values():
                if known is declaration:
                    return provider
        raise KeyError(declaration)

    def load_external(self) -> None:
        """Loads every installed plugin that may load, once; those that fail are warned of and set aside."""
        if not self._external_pending:
            return
        self._external_pending = False
        for plugin, distribution, version, entry_point in _installed():
            provider = Provider(plugin, distribution, version)
            try:
                module = entry_point.load()
                # A class may be the plugin too; pluggy wants an object with the hook functions on it.
                self._add(module, provider)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
                self._set_aside(provider, reason)

    def _set_aside(self, provider: Provider, reason: str) -> None:
        known = [item for item in self.providers if item.plugin != provider.plugin]
        broken = Provider(provider.plugin, provider.distribution, provider.version, reason)
        self.providers = [*known, broken]
        warnings.warn(
            f"plugin `{provider.plugin}` of {provider} is left out: {reason}", SimresWarning, stacklevel=2
        )

    def _add(self, module: object, provider: Provider) -> None:
        """Registers one plugin and takes down what it declares; all of it or, on any error, nothing."""
        self.manager.register(module, provider.plugin)
        try:
            self.manager.check_pending()
            declared = [
                (catalogue, declaration)
                for catalogue in self.catalogues
                for declaration in self._declared(catalogue.hook, provider.plugin)
            ]
            for catalogue, declaration in declared:
                self._refuse(catalogue, declaration)
        except BaseException:
            self.manager.unregister(name=provider.plugin)
            raise
        self.providers.append(provider)
        for catalogue, declaration in declared:
            name = getattr(declaration, catalogue.key)
            if name in catalogue.found:
                claims = catalogue.contested.setdefault(name, [catalogue.found[name][1]])
                claims.append(provider)
            else:
                catalogue.found[name] = (declaration, provider)

    def _declared(self, hook: str, plugin: str) -> Iterator[object]:
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == plugin:
                yield from implementation.function() or ()

    def _refuse(self, catalogue: Catalogue[Any], declaration: object) -> None:
        expected = {
            "simres_components": Component,
            "simres_schedulers": Scheduler,
            "simres_passes": Pass,
            "simres_operators": Operator,
            "simres_blocks": Block,
            "simres_reporters": Reporter,
        }[catalogue.hook]
        if not isinstance(declaration, expected):
            raise TypeError(
                f"{catalogue.hook} must yield {expected.__name__}, got {type(declaration).__name__}"
            )
        name = getattr(declaration, catalogue.key)
        if name in catalogue.found and catalogue.found[name][1] is self._builtin:
            raise ValueError(f"claims the {catalogue.what} `{name}`, which simres itself provides")

    def _all(self, catalogue: Catalogue[D]) -> Mapping[str, D]:
        self.load_external()
        return {name: declaration for name, (declaration, _) in catalogue.found.items()}

    def _lookup(self, catalogue: Catalogue[D], name: str) -> D:
        if name not in catalogue.found:
            self.load_external()
        if claims := catalogue.contested.get(name):
            named = " and ".join(f"`{claim.plugin}` ({claim})" for claim in claims)
            raise SimresError(f"{catalogue.what} `{name}` is claimed by {named}", "uninstall one of them")
        if name in catalogue.found:
            return catalogue.found[name][0]
        known = ", ".join(catalogue.found)
        message = f"unknown {catalogue.what} `{name}`; known: {known}"
        for provider in self.providers:
            if provider.reason:
                message += f"; plugin `{provider.plugin}` ({provider}) failed to load: {provider.reason}"
        close = get_close_matches(name, catalogue.found, n=1)
        hint = (
            f"did you mean `{close[0]}`?"
            if close
            else f"`simres plugins` lists what provides which {catalogue.what}"
        )
        raise SimresError(message, hint)


def _installed() -> list[tuple[str, str, str, EntryPoint]]:
    """Installed plugins as (name, distribution, version, entry point), in order of name."""
    from importlib.metadata import entry_points

    allowed = os.environ.get(LOAD_PLUGINS)
    wanted = None if allowed is None else {name.strip() for name in allowed.split(",") if name.strip()}
    found = []
    for entry_point in entry_points(group=PROJECT):
        distribution = entry_point.dist.name if entry_point.dist else "unknown"
        version = entry_point.dist.version if entry_point.dist else ""
        if wanted is None or distribution in wanted or entry_point.name in wanted:
            found.append((entry_point.name, distribution, version, entry_point))
    return sorted(found, key=lambda item: (item[1], item[0]))


@cache
def default_registry() -> Registry:
    """The registry that a plain `import simres` uses: built-in parts, and installed ones on demand."""
    return Registry()
