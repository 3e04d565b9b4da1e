"""Checks every part that a plugin declares against its contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simres.errors import SimresError
from simres.plugins.catalogue import Declaration, Provider
from simres.plugins.hooks import Block, Component, Importer, Operator, Pass, Reporter, Scheduler
from simres.plugins.registry import Registry
from simres.testing.block_contract import check_block
from simres.testing.component_contract import check_component
from simres.testing.contract import ContractBroken, registry_with
from simres.testing.importer_contract import check_importer
from simres.testing.operator_contract import check_operator
from simres.testing.pass_contract import check_pass
from simres.testing.reporter_contract import check_reporter
from simres.testing.scheduler_contract import check_scheduler

CONTRACTS: Mapping[type, Callable[..., None]] = {
    Component: check_component,
    Scheduler: check_scheduler,
    Pass: check_pass,
    Operator: check_operator,
    Block: check_block,
    Reporter: check_reporter,
    Importer: check_importer,
}
"""The contract of each sort of part."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether one part of a plugin keeps its contract: `broken` describes the violation, or is None."""

    part: str
    broken: str | None = None


def check_plugin(plugin: object) -> None:
    """Checks all parts that a plugin (its module with the hooks), installed or not, declares.

    Figures of components and parameters of schedulers are taken from the examples in their schemas, and
    operators and importers are only loaded: for more, call the contract itself. Raises the error of the first
    broken contract, and any error that prevents loading the plugin.
    """
    registry = registry_with(plugin)
    for _, declaration in registry.declared(registry.providers[-1]):
        CONTRACTS[type(declaration)](declaration)


def outcomes(registry: Registry, provider: Provider) -> Iterator[Outcome]:
    """Yields the outcome of every part that `provider` declares; a broken contract does not end it.

    Names that other plugins claim too come last: they cannot be used.
    """
    for catalogue, declaration in registry.declared(provider):
        yield Outcome(f"{catalogue.what} `{catalogue.name(declaration)}`", _broken(declaration))
    for catalogue in registry.catalogues:
        for name, claims in catalogue.contested.items():
            if provider in claims:
                conflict = f"{catalogue.conflict(name)}: uninstall one of them"
                yield Outcome(f"{catalogue.what} `{name}`", conflict)


def _broken(declaration: Declaration) -> str | None:
    contract: Callable[..., Any] = CONTRACTS[type(declaration)]
    try:
        contract(declaration)
    except ContractBroken as broken:
        return str(broken)
    except SimresError as error:
        return error.message
    except Exception as error:  # the plugin's own
        return f"{type(error).__name__}: {error}"
    return None
