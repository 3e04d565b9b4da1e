"""Mistakes in a command line, in simres's own words: what is wrong, and what to write instead."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from simres.errors import SimresError

FEW = 4
"""Up to this many known names, all are listed."""


def usage_error(error: Any) -> SimresError:
    """What click (or the one in Typer) found wrong, as an error of simres."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "simres"
    kind, param = type(error).__name__, getattr(error, "param", None)
    if kind == "NoSuchOption":
        known = (
            [name for one in context.command.params if not one.hidden for name in one.opts] if context else []
        )
        message = f"`{path}` has no option `{error.option_name}`{_close(error.option_name, known)}"
        return SimresError(message, f"`{path} --help` lists what it takes")
    text = str(error.message)
    if named := re.match("No such command '([^']*)'", text):
        known = context.command.list_commands(context) if context else []
        return SimresError(
            f"`{path}` has no command `{named[1]}`{_close(named[1], known)}", f"`{path} --help` lists them"
        )
    if kind == "MissingParameter" and param is not None:
        said = getattr(param, "help", None)
        return SimresError(f"`{path}` needs {_name(param)}{f': {said}' if said else ''}", _example(context))
    message = text.removeprefix("Value error, ").rstrip(".")
    if choice := re.match("'(.*)' is not one of (.*)", message):
        known = re.findall("'(.*?)'", choice[2])
        message = f"`{choice[1]}` is unknown{_close(choice[1], known)}"
    if valued := re.match("Option '([^']*)' requires an argument", message):
        return SimresError(f"{valued[1]} needs a value", f"`{path} --help` says which")
    if extra := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message):
        return SimresError(f"`{path}` takes no further argument: `{extra[1]}`", _example(context))
    message = _at_least(message).replace("input should be", "must be").replace("Input should be", "must be")
    where = _name(param) if param is not None else f"`{path}`"
    option = param is not None and param.param_type_name != "argument"
    hint = f"`{path} --help` says what {where} takes" if option else _example(context)
    return SimresError(f"{where}: {message[:1].lower()}{message[1:]}", hint)


def _at_least(message: str) -> str:
    """The messages of different versions of Typer for a number that is too small, in one form."""
    least = re.search(r"greater than or equal to (\S+)|is not in the range x>=(\S+)", message)
    return f"must be {least[1] or least[2]} or more" if least else message


def _name(param: Any) -> str:
    """An argument as the help writes it, an option as it is typed."""
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return "/".join(param.opts)


def _example(context: Any) -> str | None:
    """The first example of the command's help."""
    text = " ".join((getattr(context.command, "help", None) or "").split()) if context is not None else ""
    found = re.search(r"Examples?: `(simres [^`]+)`", text)
    return f"such as `{found[1]}`" if found else None


def _close(name: str, known: list[str]) -> str:
    if 0 < len(known) <= FEW:
        return f"; known: {', '.join(known)}"
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"; did you mean `{close[0]}`?" if close else ""
