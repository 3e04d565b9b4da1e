"""The JSON form of workloads and ledgers: written whole or not at all, read with every mistake named.

A document has `schema_version`, `form` (`graph` or `ledger`) and the fields of `simres.workload.Workload`
or `Ledger`; fields at their default are left out. Tensors are a list in order of first use. What repeats in
the lists of tensors and operators is written once (`simres.workload.loops_in_text`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres.errors import InvalidFile, Problem
from simres.files import read_text, write_text
from simres.text import shorten
from simres.workload.graph import SCHEMA_VERSION, Ledger, Workload, to_document
from simres.workload.loops_in_text import NoLoopError, folded, unfolded
from simres.workload.rules import problems_of_ledger, problems_of_workload

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

MOST_PROBLEMS = 20
"""No more than that many mistakes are listed."""

LARGEST_BYTES = 32 << 20
"""Of a file."""
MOST_ENTRIES = 150_000
"""Tensors, operators or rows; four recurrent layers both ways over 1,000 steps have 136,000."""
FOLDED = ("tensors", "ops")
"""Lists with loops in the text."""

TRACE_AGAIN = "trace it again: simres trace NETWORK -o FILE"
NOT_THERE = "`simres trace NETWORK -o FILE` makes one; `simres examples` lists those that ship with simres"


class _NotPlainJsonError(ValueError):
    """What Python's reader takes and JSON forbids: a key twice in one object, NaN, Infinity."""


def write(workload: Workload | Ledger, path: str | Path) -> None:
    """Writes the JSON form, to a temporary name first so that no reader ever sees half a file.

    Raises `SimresError` where the file cannot be written.
    """
    write_text(Path(path), dumps(workload))


def dumps(workload: Workload | Ledger) -> str:
    """The JSON text: one tensor, operator or row a line, so that two versions compare well."""
    lines = []
    for key, value in to_document(workload).items():
        if key in FOLDED and isinstance(value, list):
            value = folded(value)
        head = f" {json.dumps(key)}: "
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{head}[\n{_a_line_each(value, 2)}\n ]")
        else:
            lines.append(head + json.dumps(value))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _a_line_each(entries: list[dict[str, Any]], indent: int) -> str:
    """Entries of a list; the body of a loop has a line for each of its own."""
    lines = []
    for entry in entries:
        if "repeat" in entry:
            body = _a_line_each(entry["of"], indent + 1)
            lines.append(f'{" " * indent}{{"repeat": {entry["repeat"]}, "of": [\n{body}\n{" " * indent}]}}')
        else:
            lines.append(" " * indent + json.dumps(entry))
    return ",\n".join(lines)


def read(path: str | Path) -> Workload | Ledger:
    """Reads and checks a workload or ledger.

    Raises `SimresError` where there is no such file or it is no text, `InvalidFile` with every mistake
    where its contents are wrong.
    """
    hint = TRACE_AGAIN if Path(path).exists() else NOT_THERE
    return loads(read_text(Path(path), "workload", hint, LARGEST_BYTES), str(path))


def loads(text: str, path: str = "<text>") -> Workload | Ledger:
    """Reads a workload from JSON text; `path` is what errors call it. Raises `InvalidFile`."""
    if not text.strip():
        raise InvalidFile("workload", path, [Problem(0, 0, "it is empty")], TRACE_AGAIN)
    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        raise InvalidFile(
            "workload", path, [Problem(error.lineno, error.colno, f"not JSON: {error.msg}")]
        ) from error
    except RecursionError as error:
        raise InvalidFile("workload", path, [Problem(0, 0, "it is nested too deep")]) from error
    except ValueError as error:  # a duplicate key, NaN, or an integer of more than 4300 digits
        reason = str(error).split("; use sys.")[0]
        raise InvalidFile("workload", path, [Problem(*_place(text, error), reason)]) from error
    return from_document(document, path)


def _no_constant(name: str) -> object:
    raise _NotPlainJsonError(f"`{name}` is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _NotPlainJsonError(f"the key `{twice}` is twice in one object")
    return found


def _place(text: str, error: ValueError) -> tuple[int, int]:
    """Where the text names what is wrong, if only one place does."""
    named = str(error).split("`")
    if not isinstance(error, _NotPlainJsonError) or len(named) < 2:
        return 0, 0
    at = text.find(named[1])
    return (
        (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) if text.count(named[1]) == 1 else (0, 0)
    )


def from_document(document: object, path: str = "<document>") -> Workload | Ledger:
    """A workload or ledger from its JSON form, already parsed. Raises `InvalidFile` naming every mistake."""
    if not isinstance(document, dict):
        raise InvalidFile("workload", path, [Problem(0, 0, f"must be an object, is {_json_type(document)}")])
    _check_version(document, path)
    form = document.get("form")
    if form not in ("graph", "ledger"):
        found = f"`{shorten(form)}`" if isinstance(form, str) else _json_type(form)
        raise InvalidFile("workload", path, [Problem(0, 0, f"form: must be `graph` or `ledger`, is {found}")])
    body = {key: value for key, value in document.items() if key not in ("schema_version", "form")}
    for key, value in body.items():
        if isinstance(value, list | dict) and len(value) > MOST_ENTRIES:
            message = f"{shorten(key)}: has {len(value)} entries, at most {MOST_ENTRIES} are read"
            raise InvalidFile("workload", path, [Problem(0, 0, message)])
    if form == "graph":
        body |= _spelled_out(body, path)
    if form == "graph" and isinstance(body.get("tensors"), list):
        body["tensors"] = _by_name(body["tensors"], path)
    built = _validated(form, body, path)
    check = problems_of_ledger(built) if isinstance(built, Ledger) else problems_of_workload(built)
    if problems := _first(check):
        raise InvalidFile("workload", path, problems, TRACE_AGAIN)
    return built


def _check_version(document: Mapping[str, object], path: str) -> None:
    stated = document.get("schema_version")
    if not isinstance(stated, int) or isinstance(stated, bool) or stated < 1:
        found = "it is missing" if stated is None else f"is {json.dumps(stated)[:40]}"
        hint = "is this a workload? `simres trace` writes them"
        raise InvalidFile(
            "workload", path, [Problem(0, 0, f"schema_version: must be a number from 1, {found}")], hint
        )
    if stated > SCHEMA_VERSION:
        reason = (
            f"written by a newer version of simres (schema {stated}, this one reads up to {SCHEMA_VERSION})"
        )
        raise InvalidFile("workload", path, [Problem(0, 0, reason)], "upgrade: pip install -U simres")


def _spelled_out(body: Mapping[str, object], path: str) -> dict[str, object]:
    """The lists of a graph without loops."""
    found: dict[str, object] = {}
    for key in FOLDED:
        entries = body.get(key)
        if isinstance(entries, list):
            try:
                found[key] = unfolded(entries, MOST_ENTRIES)
            except NoLoopError as error:
                raise InvalidFile("workload", path, [Problem(0, 0, f"{key}{error}")]) from error
    return found


def _by_name(tensors: list[Any], path: str) -> dict[str, object]:
    """Tensors by name. One without a name is left for the checks of the fields to find."""
    found: dict[str, object] = {}
    problems = []
    for index, tensor in enumerate(tensors):
        name = tensor.get("name") if isinstance(tensor, dict) else None
        key = name if isinstance(name, str) else f"#{index}"
        if key in found:
            problems.append(Problem(0, 0, f"tensors[{index}].name: `{key}` is taken by an earlier tensor"))
        found[key] = tensor
    if problems:
        raise InvalidFile("workload", path, problems[:MOST_PROBLEMS])
    return found


def _first(messages: Iterator[str]) -> list[Problem]:
    found: list[Problem] = []
    for message in messages:
        if len(found) == MOST_PROBLEMS:
            found.append(Problem(0, 0, "... and more"))
            break
        found.append(Problem(0, 0, message))
    return found


@cache
def _adapter(form: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(Workload if form == "graph" else Ledger)


def _validated(form: str, body: dict[str, object], path: str) -> Workload | Ledger:
    from pydantic import ValidationError

    try:
        # From JSON text, because only there strictness takes a list for a tuple and a text for an enum.
        return _adapter(form).validate_json(json.dumps(body))  # type: ignore[no-any-return]
    except ValidationError as error:
        tensors = body.get("tensors")
        order = {key: index for index, key in enumerate(tensors)} if isinstance(tensors, dict) else {}
        raise InvalidFile("workload", path, _first(_field_errors(error, order)), TRACE_AGAIN) from error


def _field_errors(error: ValidationError, tensor_order: Mapping[str, int]) -> Iterator[str]:
    seen = set()
    for item in error.errors(include_url=False, include_context=False):
        parts = list(item["loc"])
        message = item["msg"][:1].lower() + item["msg"][1:]
        if "attributes" in parts[:3]:
            parts = parts[:4]
            message = "must be a number, a text, true, false or a list of integers"
        if parts[:1] == ["tensors"] and len(parts) > 1:
            parts[1] = tensor_order.get(str(parts[1]), parts[1])
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
        message = message.replace("input should be", "must be").replace(
            "unexpected keyword argument", "unknown field"
        )
        if item["type"] == "json_invalid":
            line = "it is nested too deep" if "recursion" in message else "a text in it is no Unicode"
        elif item["type"] in ("missing", "unexpected_keyword_argument"):
            line = f"{place}: {message}"
        else:
            line = f"{place}: {message}, is {_shown(item['input'])}"
        if place not in seen:
            seen.add(place)
            yield line


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return f"`{text}`" if len(text) <= 40 else f"`{text[:37]}...`"


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "missing"}
    return names.get(type(value), "a number")
