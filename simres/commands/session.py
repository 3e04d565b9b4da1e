"""What every command is given: first a session, then its options, some of them as data classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from simres.files import STDIO

if TYPE_CHECKING:
    from simres.commands.options import ResultOptions, ScenarioOptions
    from simres.plugins.registry import Registry
    from simres.reporting.page import Page
    from simres.reporting.text.console import Output
    from simres.result import Result
    from simres.scenario.model import Scenario
    from simres.workload.graph import Ledger, Workload


@dataclass(frozen=True)
class Session:
    """One run of a command: its registry, its two streams, and how it finds what its options name."""

    plugins: bool = True
    """False under `--no-plugins`."""

    @cached_property
    def registry(self) -> Registry:
        """The parts that scenarios can name."""
        from simres.plugins.registry import Registry

        return Registry(external=self.plugins)

    @cached_property
    def output(self) -> Output:
        """Where results go: stdout."""
        from simres.reporting.text.console import stdout

        return stdout()

    @property
    def page(self) -> Page:
        """The page that results are laid out on: its width, characters, and whether names are cut to it."""
        return self.output.page()

    @cached_property
    def messages(self) -> Output:
        """Where progress and messages go: stderr."""
        from simres.reporting.text.console import stderr

        return stderr()

    def wrote(self, path: Path) -> None:
        """Says where a file is; of what went to stdout, nothing."""
        if path != STDIO:
            self.output.print(f"wrote {path}")

    def scenario(self, asked: ScenarioOptions) -> Scenario:
        """The scenario with its values changed. Raises `SimresError`."""
        from simres import api

        return api.find_scenario(
            asked.scenario, chip=asked.chip, overrides=asked.overrides(asked.scenario), registry=self.registry
        )

    def workloads(
        self, scenario: Scenario, *, allow_unmodelled: bool = False
    ) -> Mapping[str, Workload | Ledger]:
        """The scenario's workloads by tenant, traced now where they are not. Raises `SimresError`."""
        from simres import api

        return api.find_workloads(scenario, registry=self.registry, allow_unmodelled=allow_unmodelled)

    def result(self, asked: ResultOptions, *, record: str | None = None) -> Result:
        """The stored result, or that of a scenario simulated now. Raises `SimresError`."""
        from simres import api

        return api.find_result(
            asked.result,
            chip=asked.chip,
            overrides=asked.overrides(asked.result),
            record=record,
            registry=self.registry,
        )


def for_typer(command: Callable[..., Any]) -> Callable[..., None]:
    """`command` as Typer takes it: each data class of options is replaced by its fields.

    A command's first parameter is the session, from the context. A command such as `plugins` does nothing if
    a subcommand is given.
    """
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    groups: dict[str, Any] = {
        option.name: option.annotation for option in own if is_dataclass(option.annotation)
    }

    @wraps(command)
    def run(context: typer.Context, **given: Any) -> None:
        if context.invoked_subcommand is not None:
            return
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(context.obj, **given)

    spread = [inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    for option in own:
        spread += _fields(option.annotation) if option.name in groups else [option]
    options = {option.name: option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in spread}
    run.__signature__ = inspect.Signature([*options.values()])  # type: ignore[attr-defined]
    run.__annotations__ = {name: option.annotation for name, option in options.items()}
    return run


def _fields(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    found = inspect.signature(group).parameters.values()
    return [option.replace(annotation=hints[option.name]) for option in found]
