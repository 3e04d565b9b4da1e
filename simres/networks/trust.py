"""Code that a file names: the factory of a scenario, checkpoint or run is called only if the user agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from simres.errors import SimresError
from simres.networks.network_names import Family, parse

BY_OPTION = (
    "say `--trust-factory`; `simres trace CHECKPOINT --trust-factory -o FILE` makes a workload, "
    "and that runs nothing"
)
"""The remedy where a command has the option."""

_AGREED: ContextVar[frozenset[str]] = ContextVar("agreed", default=frozenset())


class UntrustedFactory(SimresError):
    """A file has its network built by a `factory` that nobody agreed to."""

    def __init__(self, what: str, factory: str, remedy: str) -> None:
        message = (
            f"{what} has its network built by `{factory}`, and that runs code of this name on this machine"
        )
        super().__init__(message, f"if you know it and want it to run, {remedy}")
        self.factory = factory


def agreed() -> frozenset[str]:
    """The factories that may be called although a file names them."""
    return _AGREED.get()


@contextmanager
def agreeing(factory: str) -> Iterator[None]:
    """Within, this factory may be called."""
    token = _AGREED.set(agreed() | {factory})
    try:
        yield
    finally:
        _AGREED.reset(token)


def names_code(network: str) -> bool:
    """Whether the name of a network is that of a function: `package.module:factory`."""
    try:
        return ":" in network and parse(network).family is Family.FACTORY
    except SimresError:
        return False  # whatever it is, it is refused where it is looked for


def check_factory(what: str, network: str, remedy: str, *, trusted: bool = False) -> None:
    """Raises `UntrustedFactory` where a file (`what`) names a factory as its network and is not trusted."""
    if not trusted and network not in agreed() and names_code(network):
        raise UntrustedFactory(what, network, remedy)
