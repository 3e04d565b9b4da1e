"""Problems of a scenario file in plain words, each with its place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simres.errors import InvalidFile, Problem, RenamedWarning, SimresError
from simres.scenario.source import MAX_PROBLEMS, Document, Trail
from simres.text import describe, shorten

MAX_EXAMPLE = 40
"""The longest text that is repeated as it should be written."""


@dataclass(slots=True)
class Problems:
    """Collects all problems of one document, to be raised at once.

    `overrides` are the trails that were set, each with its place in the document; a problem with a trail set
    from outside is reported for `--set`.
    """

    document: Document
    what: str = "scenario"
    overrides: dict[Trail, Trail | None] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)
    _hint: str | None = None

    def add(self, trail: Trail, message: str, *, key: bool = False, hint: str | None = None) -> None:
        """Records a problem with the value at `trail` (or its key)."""
        self._problems.append(self._problem(trail, message, key=key))
        self._hint = self._hint or hint

    def warn_of_old(self, trail: Trail, message: str) -> None:
        """Warns, by a `RenamedWarning`, that what is at `trail` is understood until 0.3 only."""
        old = self._problem(trail, message)
        place = f"{self.document.path}:{old.line}: " if old.line else ""
        said = old.message.removeprefix("--set ")  # or `--vary`, which is not known here
        warnings.warn(f"{place}{said}; from 0.3 on this is an error", RenamedWarning, stacklevel=2)

    def add_error(self, trail: Trail, error: SimresError) -> None:
        """Records an error that was raised about the value at `trail`."""
        self.add(trail, error.message, hint=error.hint)

    def add_unknown(self, trail: Trail, known: Iterable[str], instead: str | None = None) -> None:
        """Records that the last key of `trail` is unknown; `instead` says what to write."""
        said = f"; {instead}" if instead else suggestion(str(trail[-1]), known)
        self.add(trail, f"unknown key{said}", key=True)

    def validate(
        self,
        model: type[BaseModel],
        data: Any,
        trail: Trail,
        *,
        instead: Callable[[str], str | None] = lambda _: None,
        **options: Any,
    ) -> Any:
        """The model made from `data`, or None with all of pydantic's errors recorded.

        `instead` says of an unknown key of the model itself what to write, if that is known.
        """
        try:
            return model.model_validate(data, **options)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                self._add_pydantic(model, dict(item), trail, instead)
        except Exception as error:  # a plugin's validator may raise anything
            self.add(
                trail, f"{model.__name__} cannot be made of it: {type(error).__name__}: {shorten(error)}"
            )
        return None

    def raise_any(self) -> None:
        """Raises `InvalidFile` if there are any problems."""
        if self._problems:
            ordered = sorted(self._problems, key=lambda problem: (problem.line, problem.column))
            most = ordered[:MAX_PROBLEMS]
            if len(ordered) > len(most):
                most.append(Problem(0, 0, f"and {len(ordered) - len(most)} more"))
            raise InvalidFile(self.what, self.document.path, most, self._hint)

    def _problem(self, trail: Trail, message: str, *, key: bool = False) -> Problem:
        name = ".".join(shorten(part) for part in trail)
        text = f"{name}: {message}" if name else message
        set_ = max((set_ for set_ in self.overrides if trail[: len(set_)] == set_), key=len, default=None)
        if set_ is None:
            return Problem(*self.document.place(trail, key=key), text)
        if (said := self.overrides[set_]) is None:
            return Problem(0, 0, f"--set {text}")
        return Problem(*self.document.place(said, key=key), f"{'.'.join(map(str, said[:-1]))}.{text}")

    def _add_pydantic(
        self,
        model: type[BaseModel],
        item: dict[str, Any],
        trail: Trail,
        instead: Callable[[str], str | None],
    ) -> None:
        unknown = item["type"] == "extra_forbidden"  # a key may have the name of pydantic's marker
        named = (part for part in item["loc"] if isinstance(part, str | int) and (unknown or part != "[key]"))
        at = (*trail, *named)
        if item["type"] == "missing":
            self.add(at[:-1], f"`{at[-1]}` is missing{_example(model, str(at[-1]))}")
        elif unknown:
            own = instead(str(at[-1])) if len(item["loc"]) == 1 else None
            self.add_unknown(at, _keys(model, item["loc"][:-1]), own)
        else:
            self.add(at, plainly(item) + _form(model, item))


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` if a known name is similar, otherwise the list of known names."""
    names = list(known)
    lowered = {known.lower(): known for known in reversed(names)}
    close = get_close_matches(name[:100].lower(), lowered, n=1)
    if close:
        return f"; did you mean `{lowered[close[0]]}`?"
    return f"; known: {', '.join(names)}" if names else "; none is taken here"


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "`true` or `false`",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping of keys to values",
    "mapping": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "dataclass": "a mapping of keys to values",
    "none": "left out",
}
_LIMITS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
_LIMIT_WORDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}


def plainly(item: dict[str, Any]) -> str:
    """A pydantic error in plain English, with the value found."""
    kind, context = str(item["type"]), item.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error") or item["msg"])
    found = f", got {describe(item.get('input'))}"
    if kind in _LIMITS:
        limit = _LIMITS[kind]
        return f"must be {_LIMIT_WORDS[limit]} {context[limit]}{found}"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected'].replace(chr(39), '`')}{found}"
    if kind == "string_too_short":
        return "must not be empty" if context["min_length"] == 1 else f"must be longer{found}"
    if kind == "too_short" and context.get("min_length") == 1:
        return "must name at least one; leave it out for none"
    if kind == "string_too_long":
        return f"must be at most {context['max_length']} characters long"
    if kind.endswith(("_type", "_parsing", "_from_float")) or kind == "finite_number":
        word = _WORDS.get(kind.split("_")[0])
        if word is not None:
            return f"must be {word}{found}"
    message = str(item["msg"]).replace("Input should be", "must be").replace("Value error, ", "")
    return f"{message[:1].lower()}{message[1:]}{found}"


def _keys(model: type[BaseModel], trail: Sequence[str | int]) -> list[str]:
    fields = model.model_fields
    for part in trail:
        annotation = fields[str(part)].annotation if str(part) in fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        fields = annotation.model_fields
    return list(fields)


def _form(model: type[BaseModel], item: dict[str, Any]) -> str:
    """How a list or a mapping is written where a text was given: `; write [a]`."""
    given, loc = item.get("input"), item["loc"]
    if not isinstance(given, str) or len(loc) != 1 or len(given) > MAX_EXAMPLE or not given.strip():
        return ""
    if item["type"] == "list_type":
        return f"; write `[{given}]`"
    known = model.model_fields.get(str(loc[0]))
    kinds = get_args(known.annotation) if known else ()
    if item["type"] == "dict_type" and len(kinds) == 2 and (keys := get_args(kinds[0])):
        return f"; write `{{{'int8' if 'int8' in keys else keys[0]}: {given}}}`, say"
    return ""


def _example(model: type[BaseModel], name: str) -> str:
    known = model.model_fields.get(name)
    if known and (choices := get_args(known.annotation)) and get_origin(known.annotation) is Literal:
        return f"; known: {', '.join(map(str, choices))}"
    for part in known.metadata if known else ():
        if quantity := getattr(part, "quantity", None):
            return f"; write `{name}: {quantity.example}`, say"
    return ""
