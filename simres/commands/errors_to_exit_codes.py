"""Turns every exception into a message and an exit code."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import typer

from simres.errors import ExitCode, InvariantViolation, PluginFailure, SimresError, SimresWarning
from simres.text import printable_lines, what_failed

DEBUG = "SIMRES_DEBUG"
"""Environment variable: when set, a defect of simres shows its traceback instead of writing it to a file."""


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """`command` with every failure turned into a message on stderr and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        raise typer.Exit(guard(lambda: _agreed(lambda: _watched(lambda: command(*args, **kwargs)))))

    return run


def _agreed(command: Callable[[], int]) -> int:
    """Runs `command`; where a file wants code to be run, and there is somebody to ask, asks first."""
    from simres.networks.trust import UntrustedFactory, agreeing

    try:
        return command()
    except UntrustedFactory as error:
        if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        sys.stderr.write(f"{error.message}\nRun `{printable_lines(error.factory)}`? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise
        with agreeing(error.factory):
            return _agreed(command)


def _watched(command: Callable[[], Any]) -> int:
    """Runs `command` with its progress shown; ended early by Ctrl-C, its code is that of an interrupt."""
    from simres import jobs
    from simres.reporting.progress import JobProgress
    from simres.reporting.text.console import stderr

    progress = JobProgress(stderr())
    try:
        with jobs.watched(progress):
            code = int(command() or ExitCode.OK)
            if (how_far := jobs.how_far()) is None:
                return code
            sys.stdout.flush()
            _say("error", f"interrupted {how_far}; what is shown is what was known by then")
            return int(ExitCode.INTERRUPTED)
    finally:
        progress.close()


def guard(command: Callable[[], Any]) -> int:
    """Runs `command` and returns the exit code; a command may return one itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", SimresWarning)
            warnings.showwarning = _shown_once()
            code = command()
        sys.stdout.flush()
        return int(code or ExitCode.OK)
    except InvariantViolation as error:
        if os.environ.get(DEBUG):
            raise
        _say("internal error", error.message, _and(error.hint, _keep_traceback(error)))
        return int(error.exit_code)
    except PluginFailure as error:
        if os.environ.get(DEBUG):
            raise
        _say("error", error.message, _and(error.hint, _keep_traceback(error)))
        return int(error.exit_code)
    except SimresError as error:
        _say("error", error.message, error.hint)
        return int(error.exit_code)
    except BrokenPipeError:
        _close_quietly(sys.stdout)
        return int(ExitCode.OK)
    except KeyboardInterrupt:
        _say("error", "interrupted")
        return int(ExitCode.INTERRUPTED)
    except OSError as error:
        _close_quietly(sys.stdout)
        _say("error", f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        return int(ExitCode.BAD_INPUT)
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        hint = _and("this is a defect of simres or of a plugin; please report it", _keep_traceback(error))
        _say("internal error", what_failed(error), hint)
        return int(ExitCode.ANSWER_IS_NO)


def _say(kind: str, message: str, hint: str | None = None) -> None:
    """Prints a message on stderr, in colour where that is a terminal."""
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    red, cyan, plain = ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") if colour else ("", "", "")
    text = f"{red}{kind}:{plain} {printable_lines(message)}\n"
    if hint:
        text += f"\n{cyan}hint:{plain} {printable_lines(hint)}\n"
    try:
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
        sys.stderr.flush()
    except (OSError, ValueError):
        _close_quietly(sys.stderr)


def _shown_once() -> Callable[..., None]:
    """How to show a warning: once, even if a command reads the same scenario again and again."""
    said: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if isinstance(message, SimresWarning) and (text := str(message)) not in said:
            said.add(text)
            _say("warning", text)

    return show


def _and(hint: str | None, place: str) -> str:
    return f"{hint}: {place}" if hint else place


def _keep_traceback(error: BaseException) -> str:
    """Writes the traceback, and the Record of a run that contradicts itself, to a file; where that is."""
    import tempfile
    import traceback

    record = getattr(error, "record", None)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="simres-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write("".join(traceback.format_exception(error)))
            if record is not None:
                file.write(f"\n{record!r}\n")
    except OSError:
        return f"{DEBUG}=1 shows the traceback"
    return f"the traceback{' and the Record are' if record is not None else ' is'} in {Path(file.name)}"


def _close_quietly(stream: TextIO) -> None:
    """Sends whatever is still buffered nowhere, so that the interpreter does not complain on its way out."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
    except (OSError, ValueError):
        pass
