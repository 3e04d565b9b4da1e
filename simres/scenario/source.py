"""Strict YAML that keeps the place of every value.

Only syntax that every YAML reader agrees on is accepted. A plain `on`, `1:30` or `0123` means one thing in
YAML 1.1 and another in 1.2, so it is an error here and not a guess. PyYAML supplies the events (its C parser
if there is one), this module their meaning; only dict, list, str, int, float, bool and None are constructed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simres.errors import InvalidFile, Problem, SimresError
from simres.files import read_bytes
from simres.text import shorten

if TYPE_CHECKING:
    from yaml.events import Event

MAX_BYTES = 1 << 18
"""The largest file; a longer one is rejected unread."""
MAX_DEPTH = 16
"""The deepest nesting of mappings and lists."""
MAX_VALUES = 10_000
"""The largest number of values in a document, aliases counted in full, which stops YAML bombs."""
MAX_PROBLEMS = 20

Trail = tuple[str | int, ...]
"""The path to a value from the root of a document: keys and list indices."""
Place = tuple[int, int]
"""Line and column, from 1."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER_LIKE = re.compile(r"[-+]?(\.?[0-9][0-9_.]*([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|[0-9]+(:[0-9]+)+)")
_DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_MAX_DIGITS = 40
_AMBIGUOUS = {"yes", "no", "on", "off"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain data. `path` is the user's name for it.

    `values` and `keys` give the place of each value and each key, by its path from the root: (line, column)
    from 1.
    """

    path: str
    data: dict[str, Any]
    values: dict[Trail, Place] = field(default_factory=dict)
    keys: dict[Trail, Place] = field(default_factory=dict)

    def place(self, path: Trail, *, key: bool = False) -> Place:
        """The place of `path`, or of what contains it; (0, 0) if unknown."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (0, 0))


def read(path: str | Path, what: str = "scenario") -> Document:
    """The document in a YAML file; errors say `what` it should be.

    Raises:
        SimresError: there is no such file, or it cannot be read.
        InvalidFile: it is not a strict YAML mapping; lists every problem and its place.
    """
    return parse(text_of(Path(path), what), str(path), what)


def parse(text: str, path: str, what: str = "scenario") -> Document:
    """The document in `text`; `path` is named in errors, which are those of `read`."""
    composer = _Composer(path)
    root = composer.compose(text)
    if not composer.problems:
        if root is None:
            composer.problems.append(
                Problem(1, 1, f"the file is empty; `simres init` writes a {what} to start from")
            )
        elif not isinstance(root.value, dict):
            composer.problem(root.place, "must be a mapping of keys to values at the top level")
    if composer.problems or root is None:
        raise InvalidFile(what, path, _most(composer.problems))
    document = Document(path, {})
    document.data.update(_plain(root, (), document))
    return document


def parse_value(text: str, name: str = "") -> Any:
    """The value of a text such as `2 GB/s` or `[a, b]`, given outside any file; `name` is for errors.

    Raises:
        SimresError: it is not strict YAML.
    """
    prefix = f"{name}: " if name else ""
    if len(text) > MAX_BYTES or _CONTROL.search(text):
        raise SimresError(f"{prefix}not readable as a value")
    composer = _Composer(name)
    root = composer.compose(text)
    if composer.problems:
        raise SimresError(f"{prefix}{composer.problems[0].message}")
    return _plain(root, (), Document(name, {})) if root else None


def text_of(path: Path, what: str) -> str:
    """The text of a file. Raises like `read`."""
    try:
        content = read_bytes(path, f"{what} file", largest=MAX_BYTES)
    except SimresError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            hint = "`simres examples` lists what comes with simres" if what == "scenario" else None
            raise SimresError(f"no such file: `{path}`", hint) from None
        if isinstance(error.__cause__, IsADirectoryError):
            error.hint = _in_folder(path, what)
        raise
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        if b"\0" in content:
            raise InvalidFile(what, str(path), [Problem(line, column, "a binary file, not text")]) from None
        message = f"byte 0x{content[error.start]:02x} is not UTF-8 text"
        raise InvalidFile(what, str(path), [Problem(line, column, message)]) from None
    if control := _CONTROL.search(text):
        line, column = (
            text.count("\n", 0, control.start()) + 1,
            control.start() - text.rfind("\n", 0, control.start()),
        )
        message = f"control character 0x{ord(control[0]):02x}: a binary file, not text"
        raise InvalidFile(what, str(path), [Problem(line, column, message)])
    return text


def _in_folder(path: Path, what: str) -> str | None:
    """A hint if the path is a folder and a file in it was meant."""
    if what == "scenario" and (path / "scenario.yaml").is_file():
        return f"did you mean `{path / 'scenario.yaml'}`?"
    if (path / "result.json").is_file():
        return f"a finished run is in it: this wants a {what}, such as the one that was run"
    return None


@dataclass(slots=True)
class _Node:
    """A value and its place; `size` counts it and everything in it, aliases written out."""

    value: dict[str, tuple[Place, _Node]] | list[_Node] | str | int | float | bool | None
    place: Place
    size: int = 1


class _TooMuchError(Exception):
    """Stops reading: the rest of the document is of no use."""


class _Composer:
    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._anchors: dict[str, _Node] = {}
        self._depth = 0
        self._size = 0

    def problem(self, place: Place, message: str) -> None:
        self.problems.append(Problem(*place, message))
        if len(self.problems) > MAX_PROBLEMS:
            raise _TooMuchError

    def compose(self, text: str) -> _Node | None:
        """The root value, None for an empty document; problems go to `problems`."""
        root = None
        events = yaml.parse(text, Loader=_LOADER)
        try:
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        self.problem(_place(event), "a second document begins here; one is allowed")
                        break
                    root = self._node(next(events), events)
        except _TooMuchError:
            pass
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            self.problems.append(Problem(*place, _plainly(error)))
        except yaml.YAMLError:
            self.problems.append(Problem(0, 0, "a character that YAML does not allow"))
        if root is not None and root.value is None and not self.problems:
            return None
        return root

    def _node(self, event: Event, events: Iterator[Event]) -> _Node:
        place = _place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        assert isinstance(event, yaml.NodeEvent)
        if (tag := getattr(event, "tag", None)) is not None:
            self.problem(place, f"tag `{shorten(tag)}`: tags are not taken here")
        self._count(1, place)
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.style in (None, "")
            node = _Node(self._scalar(event.value, place) if plain else event.value, place)
        else:
            before = self._size
            self._depth += 1
            if self._depth > MAX_DEPTH:
                self.problem(place, f"more than {MAX_DEPTH} levels deep")
                raise _TooMuchError
            if isinstance(event, yaml.MappingStartEvent):
                node = _Node(self._mapping(events), place)
            else:
                node = _Node(self._sequence(events), place)
            self._depth -= 1
            node.size = self._size - before + 1
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _count(self, size: int, place: Place) -> None:
        self._size += size
        if self._size > MAX_VALUES:
            self.problem(place, f"more than {MAX_VALUES} values, with aliases written out")
            raise _TooMuchError

    def _alias(self, event: yaml.AliasEvent, place: Place) -> _Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:  # also if an alias stands within its own anchor
            self.problem(
                place,
                f"alias `*{shorten(event.anchor)}` without a finished `&{shorten(event.anchor)}` before it",
            )
            return _Node(None, place)
        self._count(node.size, place)
        return node

    def _sequence(self, events: Iterator[Event]) -> list[_Node]:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events))
        return items

    def _mapping(self, events: Iterator[Event]) -> dict[str, tuple[Place, _Node]]:
        items: dict[str, tuple[Place, _Node]] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            place = _place(event)
            known = len(self.problems)
            key = self._node(event, events)
            value = self._node(next(events), events)
            if len(self.problems) > known:
                continue
            if not isinstance(key.value, str):
                self.problem(place, f"a key must be text, got {_said(key.value)}")
            elif key.value == "<<":
                self.problem(place, "merge keys (`<<`) are not taken here; write the keys out")
            elif key.value in items:
                first = items[key.value][0][0]
                self.problem(place, f"`{shorten(key.value)}` is given twice, first in line {first}")
            else:
                items[key.value] = (place, value)
        return items

    def _scalar(self, text: str, place: Place) -> str | int | float | bool | None:
        if text in ("", "~", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        if text.lower() in _AMBIGUOUS:
            wish = "write `true` or `false`, or quote it"
            self.problem(place, f"`{text}` is true or false to some YAML readers, a word to others; {wish}")
        elif text.lower().lstrip("+-") in (".inf", ".nan"):
            self.problem(place, f"`{text}` is no finite number")
        elif _NUMBER_LIKE.fullmatch(text):
            return self._number(text, place)
        return text

    def _number(self, text: str, place: Place) -> str | int | float:
        if _DECIMAL.fullmatch(text):
            whole = text.lstrip("+-").isdigit()
            if len(text) <= _MAX_DIGITS and (whole or math.isfinite(float(text))):
                return int(text) if whole else float(text)
            self.problem(place, f"`{shorten(text)}` is too large a number")
        elif ":" in text:
            self.problem(place, f"`{shorten(text)}` is a number in base 60 to some, text to others; quote it")
        elif text.count(".") <= 1:  # with more it is text, for example a version
            wish = "write plain decimals, or quote it"
            self.problem(place, f"`{shorten(text)}` is not read alike by all YAML readers; {wish}")
        return text


def _place(event: Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"`{shorten(str(value).lower())}`; quote it"


def _plainly(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "cannot be read"
    if "cannot start any token" in problem:
        return (
            "a character that cannot stand here: indent with spaces, no tabs, and quote text with signs in it"
        )
    if "mapping values are not allowed" in problem:
        return "a `:` that cannot stand here: check the indentation, and quote text with `: ` in it"
    context = f"{error.context}, " if error.context else ""
    return f"not YAML: {context}{problem}"


def _most(problems: list[Problem]) -> list[Problem]:
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    return ordered if len(ordered) <= MAX_PROBLEMS else [*ordered[:MAX_PROBLEMS], Problem(0, 0, "and more")]


def _plain(node: _Node, path: Trail, document: Document) -> Any:
    document.values[path] = node.place
    if isinstance(node.value, dict):
        data = {}
        for key, (place, value) in node.value.items():
            document.keys[*path, key] = place
            data[key] = _plain(value, (*path, key), document)
        return data
    if isinstance(node.value, list):
        return [_plain(item, (*path, i), document) for i, item in enumerate(node.value)]
    return node.value
