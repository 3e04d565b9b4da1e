"""Errors and warnings for users: a message, a place, and a remedy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from simres.text import printable_lines


class ExitCode(IntEnum):
    """The exit code of the process."""

    OK = 0
    """Done. A closed pipe counts as done; a broken plugin that is not needed is a warning."""
    ANSWER_IS_NO = 1
    """It ran, but the answer is no: a missed expectation, target or limit, a stored result that differs, an
    operator that is not modelled, a network that does not fit. Internal errors also exit with 1."""
    BAD_INPUT = 2
    """Bad usage, scenario, file or needed plugin."""
    INTERRUPTED = 130
    """Ctrl-C."""


LONGEST_LINE = 2000
"""Characters of a message's line; the rest is cut."""


class SimresError(Exception):
    """An error with a message for users and, where there is one, a hint.

    Every error that a user can cause is one of these; the command line prints it without a traceback and
    exits with `exit_code`. Terminal control characters are removed from the texts, and long lines are cut:
    names may come from any source.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = _shown(message)
        self.hint = hint and _shown(hint)
        super().__init__(self.message)


def _shown(text: str) -> str:
    lines = (line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..." for line in text.split("\n"))
    return printable_lines("\n".join(lines))


class AnswerIsNo(SimresError):
    """A valid request with a negative result (exit code 1)."""

    exit_code = ExitCode.ANSWER_IS_NO


class InvariantViolation(SimresError):
    """An internal error of simres, never the user's (exit code 1)."""

    exit_code = ExitCode.ANSWER_IS_NO


class PluginFailure(SimresError):
    """A plugin's part failed; the error names its distribution and keeps its traceback for its author."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in a file: `line` and `column` count from 1; 0 means that the place is unknown."""

    line: int
    column: int
    message: str


class InvalidFile(SimresError):
    """A file with one or more problems, each with its place; all are reported at once."""

    def __init__(self, what: str, path: str, problems: Sequence[Problem], hint: str | None = None) -> None:
        self.path = path
        self.problems = tuple(problems)
        places = [f"{p.line}:{p.column}" if p.line else "" for p in self.problems]
        width = max((len(place) for place in places), default=0)
        lines = [f"  {place:<{width}}  {p.message}" for place, p in zip(places, self.problems, strict=True)]
        super().__init__("\n".join([f"Invalid {what} `{path}`", *lines]), hint)


class SimresWarning(UserWarning):
    """Information for the user that does not stop the work."""


class RenamedWarning(SimresWarning):
    """An old name of a module or in a scenario was used; it works for one more minor version."""


def install(extra: str) -> str:
    """Returns the command that adds an extra of simres, such as `torch`, to the current environment.

    That is not always the `pip` that a shell finds: `.venv-demo/bin/simres` can be called from anywhere.
    """
    import shlex  # only needed here; keeps startup fast
    import shutil

    python, found = Path(sys.executable or "python"), shutil.which("pip")
    if found and Path(found).absolute().parent == python.parent:
        pip = "pip"
    else:
        pip = f"{shlex.quote(str(python))} -m pip"
    return f"{pip} install 'simres[{extra}]'"
