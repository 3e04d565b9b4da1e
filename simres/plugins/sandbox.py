"""Runs code of plugins: contains their exceptions, output and results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from simres.errors import install
from simres.plugins.hooks import Pass, Reporter, Scheduler
from simres.program.tasks import Program
from simres.workload.graph import Workload


class PluginCodeError(Exception):
    """A plugin's code raised an exception."""

    def __init__(self, error: BaseException) -> None:
        said = " ".join(str(error).split())
        self.reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
        torch = isinstance(error, ModuleNotFoundError) and error.name in {"torch", "torchvision"}
        self.hint = install("torch") if torch else None


@contextmanager
def contained() -> Iterator[None]:
    """Converts any exception inside to a `PluginCodeError`, `SystemExit` too; Ctrl-C passes through.

    Printed output goes to stderr: stdout may be a JSON document.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginCodeError(error) from error


def returned(declaration: Scheduler | Pass | Reporter, value: object) -> object:
    """Returns a function's result, an iterator of Programs as a list. Raises `TypeError` for other types."""
    if isinstance(declaration, Scheduler) and not isinstance(value, Program):
        if not hasattr(value, "__iter__"):
            raise TypeError(f"it must return a Program, or several, got {type(value).__name__}")
        value = list(value)
        if not value:
            raise TypeError("it must return a Program, or several, got none")
        for program in value:
            if not isinstance(program, Program):
                raise TypeError(f"it must return Programs, got {type(program).__name__}")
    form = {Pass: Workload, Reporter: str}.get(type(declaration), object)
    if not isinstance(value, form):
        raise TypeError(f"it must return {form.__name__}, got {type(value).__name__}")
    return value
