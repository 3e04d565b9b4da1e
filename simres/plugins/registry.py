"""The registry of parts: built-in ones at once, those of packages when a name requires them.

A package is loaded only when a name is needed that simres does not have, or when all names are listed. A
package that fails is disabled with its reason and never breaks a command that does not need it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pluggy

from simres.errors import PluginFailure, SimresError
from simres.plugins import builtins, hooks
from simres.plugins.catalogue import Catalogue, D, Declaration, Provider, catalogues, warn
from simres.plugins.hooks import (
    NUMBERED,
    PROJECT,
    Block,
    Component,
    Importer,
    Operator,
    Pass,
    Reporter,
    Scheduler,
)
from simres.plugins.importing import Watch, unfinished
from simres.plugins.providers import where_from
from simres.plugins.sandbox import PluginCodeError, contained, returned

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LOAD_PLUGINS = "SIMRES_LOAD_PLUGINS"
"""Environment variable: the distributions (comma separated) whose plugins may load; empty for none."""


class Registry:
    """All parts that scenarios can name.

    `external=False` (`--no-plugins`) restricts it to the built-in parts. Lookups raise `SimresError` with the
    known names, close matches, and the packages that failed to load and may declare the name.
    """

    def __init__(self, *, external: bool = True) -> None:
        from simres import __version__

        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hooks)
        self.providers: list[Provider] = []
        self._pending = external
        self._restricted = not external or LOAD_PLUGINS in os.environ
        self.catalogues = catalogues()
        self._catalogue = {catalogue.form: catalogue for catalogue in self.catalogues}
        self._builtin = Provider("simres", "simres", __version__)
        self._add(builtins, self._builtin)

    def component(self, kind: str) -> Component:
        """Returns the component kind of that name."""
        return self._lookup(Component, kind)

    def scheduler(self, name: str) -> Scheduler:
        """Returns the scheduler of that name."""
        return self._lookup(Scheduler, name)

    def pass_(self, name: str) -> Pass:
        """Returns the workload pass of that name.

        `batch_8` is the numbered one `batch_N`, and `quantize_int8` is `quantise_int8`.
        """
        name = re.sub("^quantize_", "quantise_", name)
        if name.endswith("_N"):
            raise SimresError(f"pass `{name}` needs a number for its N", f"such as `{name[:-1]}8`")
        if (numbered := re.fullmatch(NUMBERED, name)) and name not in self._catalogue[Pass].found:
            stem = f"{numbered[1]}_N"
            if stem not in self._catalogue[Pass].found:
                self.load_external()
            name = stem if stem in self._catalogue[Pass].found else name
        return self._lookup(Pass, name)

    def block(self, name: str) -> Block:
        """Returns the residual block of that name."""
        return self._lookup(Block, name)

    def reporter(self, name: str) -> Reporter:
        """Returns the reporter of that name."""
        return self._lookup(Reporter, name)

    def importer(self, name: str) -> Importer:
        """Returns the importer of that name."""
        return self._lookup(Importer, name)

    def components(self) -> Mapping[str, Component]:
        """Returns all component kinds, including plugins'."""
        return self._all(Component)

    def schedulers(self) -> Mapping[str, Scheduler]:
        """Returns all schedulers, including plugins'."""
        return self._all(Scheduler)

    def passes(self) -> Mapping[str, Pass]:
        """Returns all workload passes, including plugins'."""
        return self._all(Pass)

    def operators(self) -> Mapping[str, Operator]:
        """Returns all operators that plugins can lower."""
        return self._all(Operator)

    def blocks(self) -> Mapping[str, Block]:
        """Returns all residual blocks, including plugins'."""
        return self._all(Block)

    def reporters(self) -> Mapping[str, Reporter]:
        """Returns all reporters, including plugins'."""
        return self._all(Reporter)

    def importers(self) -> Mapping[str, Importer]:
        """Returns all importers of other tools' files; simres itself has none."""
        return self._all(Importer)

    def provider(self, declaration: Declaration) -> Provider:
        """Returns the provider of a declaration."""
        for catalogue in self.catalogues:
            for known, provider in catalogue.found.values():
                if known is declaration:
                    return provider
        raise KeyError(declaration)

    def call(self, declaration: Scheduler | Pass | Reporter, *args: object) -> Any:
        """Returns the result of the declared function for `args`; several Programs are returned as a list.

        Raises `PluginFailure` when a plugin's function raises anything but a `SimresError`, or returns
        another type.
        """
        function = resolve(declaration.target)
        provider = self.provider(declaration)
        if provider is self._builtin:
            return function(*args)
        try:
            with contained():
                return returned(declaration, function(*args))
        except PluginCodeError as failure:
            if isinstance(failure.__cause__, SimresError):
                raise failure.__cause__ from None
            what = f"{type(declaration).__name__.lower()} `{declaration.name}`"
            raise PluginFailure(
                f"{what} of plugin `{provider.plugin}` ({provider}) fails: {failure.reason}",
                f"this is a defect of {provider.distribution}; please report it there",
            ) from failure.__cause__

    def load_external(self) -> None:
        """Loads every installed plugin that may load, once; those that fail are disabled with a warning."""
        if not self._pending:
            return
        self._pending = False
        for name in unfinished():
            warn(f"an earlier start ended while {name} was imported; `--no-plugins` keeps plugins out")
        installed = _installed()
        with Watch() as watch:
            for provider, entry_point in installed:
                self._load(provider, entry_point, watch)

    def _load(self, provider: Provider, entry_point: EntryPoint, watch: Watch) -> None:
        """Loads one installed plugin; one that fails is disabled with a warning."""
        from simres.plugins.compatibility import unmet

        started = perf_counter()
        reason = unmet(entry_point.dist) if entry_point.dist else None
        try:
            if reason is None:
                with watch.importing(f"plugin `{provider.plugin}` ({provider})"), contained():
                    plugin = entry_point.load()
                    provider = replace(provider, import_s=perf_counter() - started)
                    self._add(plugin, provider)
        except PluginCodeError as failure:
            reason = failure.reason
        if reason is not None:
            provider = replace(provider, reason=reason)
            self.providers.append(provider)
        if provider.remark:
            warn(provider.remark)

    def add(self, plugin: object, name: str | None = None) -> Provider:
        """Registers a plugin that is not installed, such as a module under test, and returns its provider.

        An error that would disable an installed plugin is raised here.
        """
        module = name or str(getattr(plugin, "__name__", type(plugin).__name__))
        plain = _normal(module)
        provider = Provider(plain.removeprefix(f"{PROJECT}-"), plain, "not installed")
        self._add(plugin, provider)
        return provider

    def declared(self, provider: Provider) -> tuple[tuple[Catalogue[Any], Declaration], ...]:
        """Returns the uncontested declarations of a provider, each with its catalogue."""
        return tuple(
            (catalogue, declaration)
            for catalogue in self.catalogues
            for declaration, found in catalogue.found.values()
            if found == provider
        )

    def _add(self, plugin: object, provider: Provider) -> None:
        """Registers one plugin and its declarations; all of them or, on any error, none."""
        name = f"{provider.distribution}:{provider.plugin}"
        try:
            self.manager.register(plugin, name)
            self.manager.check_pending()
            if not self.manager.get_hookcallers(plugin):
                raise TypeError("it implements no hook; is `@hookimpl` missing?")
            declared = [
                (catalogue, declaration)
                for catalogue in self.catalogues
                for implementation in getattr(self.manager.hook, catalogue.hook).get_hookimpls()
                if implementation.plugin is plugin
                for declaration in catalogue.checked(implementation.function() or (), self._builtin)
            ]
        except BaseException:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise
        self.providers.append(provider)
        for catalogue, declaration in declared:
            catalogue.add(declaration, provider)

    def _all(self, form: type[D]) -> Mapping[str, D]:
        self.load_external()
        return {name: declaration for name, (declaration, _) in self._catalogue[form].found.items()}

    def _lookup(self, form: type[D], name: str) -> D:
        catalogue: Catalogue[D] = self._catalogue[form]
        if name not in catalogue.found:
            self.load_external()
        if name in catalogue.contested:
            raise SimresError(catalogue.conflict(name), "uninstall one of them")
        if name in catalogue.found:
            return catalogue.found[name][0]
        message = f"unknown {catalogue.what} `{name}`; known: {', '.join(catalogue.found) or 'none'}"
        for provider in self.providers:
            if provider.reason:
                message += f"; plugin `{provider.plugin}` ({provider}) failed to load: {provider.reason}"
        kept_out = f"; `--no-plugins` or {LOAD_PLUGINS} keeps some out here" if self._restricted else ""
        raise SimresError(message, where_from(catalogue.what, name, catalogue.found, kept_out))


def resolve(target: str) -> Any:
    """Imports the target of `"pkg.mod:Name"`.

    Raises `SimresError`, with the package that it belongs to, when that fails.
    """
    module_name, _, attribute = target.partition(":")
    if (found := getattr(sys.modules.get(module_name), "__dict__", {}).get(attribute)) is not None:
        return found  # resolved often, and runs no foreign code
    try:
        with contained():
            return getattr(import_module(module_name), attribute)
    except PluginCodeError as failure:
        package = module_name.partition(".")[0]
        owners = (str(provider) for provider, entry in _installed() if entry.module.split(".")[0] == package)
        owner = next((f" of {owner}" for owner in owners), "")
        raise SimresError(f"cannot load `{target}`{owner}: {failure.reason}", failure.hint) from failure


def _installed() -> list[tuple[Provider, EntryPoint]]:
    """Returns the installed plugins that may load, in order of distribution and name."""
    from importlib.metadata import entry_points

    said = os.environ.get(LOAD_PLUGINS)
    wanted = None if said is None else {_normal(name) for name in said.split(",")}
    found = []
    for entry_point in entry_points(group=PROJECT):
        distribution = entry_point.dist.name if entry_point.dist else "unknown"
        if wanted is None or wanted & {_normal(distribution), _normal(entry_point.name)}:
            version = entry_point.dist.version if entry_point.dist else ""
            found.append((Provider(entry_point.name, distribution, version), entry_point))
    return sorted(found, key=lambda item: (item[0].distribution, item[0].plugin))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip().lower())


@cache
def default_registry() -> Registry:
    """Returns the registry of a plain `import simres`: built-in parts, and installed ones on demand."""
    return Registry()
