"""Catalogues: the declarations of each hook, what they must be, who provides them, and contested names."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar, get_type_hints

from simres.errors import SimresWarning
from simres.plugins.hooks import Block, Component, Importer, Operator, Pass, Reporter, Scheduler

SLOW_S = 1.0
"""A plugin whose import takes longer is reported: every command that needs a plugin waits for all of them."""

Declaration = Component | Scheduler | Pass | Operator | Block | Reporter | Importer
D = TypeVar("D", Component, Scheduler, Pass, Operator, Block, Reporter, Importer)


@dataclass(frozen=True, slots=True)
class Provider:
    """A package that declares parts. `reason` says why it was disabled, None where it works."""

    plugin: str
    distribution: str
    version: str
    reason: str | None = None
    import_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()

    @property
    def remark(self) -> str | None:
        """A remark for the user; None where there is no problem."""
        if self.reason:
            return f"plugin `{self.plugin}` ({self}) is left out: {self.reason}"
        if self.import_s > SLOW_S:
            return f"plugin `{self.plugin}` ({self}) took {self.import_s:.1f} s to import"
        return None


@dataclass(slots=True)
class Catalogue(Generic[D]):
    """The declarations of one hook by name, with providers; `contested` are names that several claim."""

    what: str
    hook: str
    form: type[D]
    key: str = "name"
    found: dict[str, tuple[D, Provider]] = field(default_factory=dict)
    contested: dict[str, list[Provider]] = field(default_factory=dict)

    def name(self, declaration: D) -> str:
        """Returns the name that identifies a declaration."""
        return str(getattr(declaration, self.key))

    def add(self, declaration: D, provider: Provider) -> None:
        """Adds a declaration; a name that is already taken becomes contested and cannot be used."""
        name = self.name(declaration)
        if name in self.found:
            self.contested[name] = [self.found.pop(name)[1]]
        if name not in self.contested:
            self.found[name] = (declaration, provider)
            return
        self.contested[name].append(provider)
        warn(f"{self.conflict(name)}: uninstall one of them to use it")

    def conflict(self, name: str) -> str:
        """Describes the claims to a contested name."""
        claims = " and ".join(f"`{claim.plugin}` ({claim})" for claim in self.contested[name])
        return f"{self.what} `{name}` is claimed by {claims}"

    def checked(self, declarations: Iterable[object], builtin: Provider) -> Iterable[D]:
        """Returns the declarations of one plugin. Raises `TypeError` or `ValueError` unless all are valid."""
        declared: dict[str, D] = {}
        forms = get_type_hints(self.form)
        for declaration in declarations:
            if not isinstance(declaration, self.form):
                expected, got = self.form.__name__, type(declaration).__name__
                raise TypeError(f"{self.hook} must yield {expected}, got {got}")
            for item in fields(declaration):
                value, form = getattr(declaration, item.name), forms[item.name]
                if not isinstance(value, form):
                    raise TypeError(f"{self.hook}: `{item.name}` must be {form.__name__}, got {value!r}")
            name = self.name(declaration)
            if name in declared:
                raise ValueError(f"it declares the {self.what} `{name}` twice")
            if name in self.found and self.found[name][1] is builtin:
                raise ValueError(f"it claims the {self.what} `{name}`, which simres itself provides")
            declared[name] = declaration
        return declared.values()


def catalogues() -> tuple[Catalogue[Any], ...]:
    """Returns an empty catalogue for each hook, in display order."""
    return (
        Catalogue("kind", "simres_components", Component, "kind"),
        Catalogue("scheduler", "simres_schedulers", Scheduler),
        Catalogue("pass", "simres_passes", Pass),
        Catalogue("operator", "simres_operators", Operator, "source"),
        Catalogue("block", "simres_blocks", Block),
        Catalogue("reporter", "simres_reporters", Reporter),
        Catalogue("importer", "simres_importers", Importer),
    )


def warn(message: str) -> None:
    """Warns of a plugin."""
    warnings.warn(message, SimresWarning, stacklevel=3)
