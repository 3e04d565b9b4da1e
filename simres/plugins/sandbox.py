"""Runs code of plugins: contains their exceptions, output, warning filters and results."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any

from simres.errors import install
from simres.plugins.hooks import Pass, Reporter, Scheduler
from simres.program.tasks import Program
from simres.text import what_failed
from simres.workload.graph import Workload


class PluginCodeError(Exception):
    """A plugin's code raised an exception."""

    def __init__(self, error: BaseException) -> None:
        self.reason = what_failed(error)
        torch = isinstance(error, ModuleNotFoundError) and error.name in {"torch", "torchvision"}
        self.hint = install("torch") if torch else None


@contextmanager
def contained() -> Iterator[None]:
    """Converts any exception inside to a `PluginCodeError`, `SystemExit` too; Ctrl-C passes through.

    Printed output goes to stderr, whichever way it is written: stdout may be a JSON document. Filters of
    warnings are afterwards as before, and what is registered to run at the exit of the process cannot fail
    there.
    """
    try:
        with redirect_stdout(sys.stderr), _DESCRIPTOR, warnings.catch_warnings(), _guarded_exits():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginCodeError(error) from error


class _Descriptor:
    """While any thread is inside, file descriptor 1 is a copy of 2."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._kept: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._kept = _exchanged()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._kept is not None:
                _flush()
                os.dup2(self._kept, 1)
                os.close(self._kept)
                self._kept = None


_DESCRIPTOR = _Descriptor()


def _exchanged() -> int | None:
    """Makes descriptor 1 a copy of 2, and returns a copy of what it was; None where one of them is closed."""
    _flush()
    try:
        kept = os.dup(1)
    except OSError:
        return None
    try:
        os.dup2(2, 1)
    except OSError:
        os.close(kept)
        return None
    return kept


def _flush() -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.__stdout__.flush()  # type: ignore[union-attr]


@contextmanager
def _guarded_exits() -> Iterator[None]:
    """What is registered with `atexit` inside reports its failure in a line; Python prints a traceback."""
    register = atexit.register

    def guarded(function: Callable[..., Any], *args: Any, **options: Any) -> Callable[..., Any]:
        def ending() -> None:
            try:
                function(*args, **options)
            except BaseException as error:
                with suppress(OSError, ValueError, AttributeError):
                    sys.stderr.write(f"warning: at the end, code of a plugin fails: {what_failed(error)}\n")

        register(ending)
        return function

    atexit.register = guarded  # type: ignore[assignment]
    try:
        yield
    finally:
        atexit.register = register


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
