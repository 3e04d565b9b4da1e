"""Common parts of all contracts: reporting a violation, and trying many cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from simres.errors import SimresError
from simres.plugins.catalogue import Declaration
from simres.plugins.registry import Registry, resolve
from simres.scenario.schema import of_model

CASES = 60
"""Random cases for each property."""


class ContractBroken(AssertionError):
    """A part violates the contract of its sort."""


def hold(condition: bool, message: str) -> None:
    """Raises `ContractBroken` with `message` unless `condition` holds."""
    if not condition:
        raise ContractBroken(message)


def for_all(
    *strategies: st.SearchStrategy[Any], cases: int = CASES
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Runs the decorated function at once, on random cases; the cases are the same each time."""

    def decide(check: Callable[..., None]) -> Callable[..., None]:
        chosen = settings(
            max_examples=cases,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],  # networks shrink slowly
            report_multiple_bugs=False,
        )
        chosen(given(*strategies)(check))()
        return check

    return decide


def registry_with(*plugins: object) -> Registry:
    """Returns a registry of the built-in parts and those of plugins (modules, installed or not) only.

    Raises the error that would disable an installed plugin.
    """
    registry = Registry(external=False)
    for plugin in plugins:
        registry.add(plugin)
    return registry


def load_target(declaration: Declaration, field: str = "target") -> Any:
    """Returns the target of a declaration. Raises `ContractBroken` where it cannot be loaded or called."""
    target = getattr(declaration, field)
    try:
        found = resolve(target)
    except SimresError as error:
        raise ContractBroken(f"{field} `{target}`: {error.message}") from error
    hold(callable(found), f"{field} `{target}` is nothing that can be called")
    return found


def described(declaration: Declaration) -> None:
    """Checks that a declaration has a one-line description, which lists and editors show."""
    summary = declaration.summary
    hold(bool(summary.strip()), "its summary is empty: `simres plugins` shows it")
    hold("\n" not in summary, "its summary has more than one line")


def documented(model: type[BaseModel]) -> None:
    """Checks that a model has docstrings, which schema, editors and documentation show as descriptions."""
    schema = of_model(model)
    hold(bool((model.__doc__ or "").strip()), f"`{model.__name__}` has no docstring")
    for name, entry in schema.get("properties", {}).items():
        hold(
            bool(entry.get("description")),
            f"`{model.__name__}.{name}` has no description: write a docstring under the field",
        )


def example(model: type[BaseModel], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `figures` completed: every other required field gets a value that its schema allows.

    Raises `ContractBroken` for a field whose schema gives no value.
    """
    schema = of_model(model)
    found = dict(figures)
    for name in schema.get("required", ()):
        if name not in found:
            found[name] = _figure(name, schema["properties"][name], schema.get("$defs", {}))
    return found


def _figure(name: str, entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    if "$ref" in entry:
        entry = definitions[entry["$ref"].rpartition("/")[2]]
    for choice in (entry, *entry.get("anyOf", ())):
        if choice.get("examples"):
            return choice["examples"][0]
        if choice.get("enum"):
            return choice["enum"][0]
        if choice.get("type") == "integer":
            least = choice.get("minimum", choice.get("exclusiveMinimum", 0) + 1)
            most = choice.get("maximum", choice.get("exclusiveMaximum", 1 << 62) - 1)
            return min(max(least, 8), most)
        if choice.get("type") == "number":
            return choice.get("minimum", 1.0)
        if choice.get("type") == "boolean":
            return False
    raise ContractBroken(f"give a figure for `{name}`: its schema has no example")


def same(first: object, second: object, what: str) -> None:
    """Checks that two runs on the same input give equal results."""
    hold(first == second, f"{what} differs from one call to the next")
