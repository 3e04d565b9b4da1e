"""Loops in the text of a workload: what repeats, as the steps of a recurrent layer do, is written once.

    {"repeat": 998, "of": [{"name": "slice_{6+5}", "attributes": {"start": {"from": 1, "step": 1}}, ...}]}

stands for 998 times the entries in `of`. In a text `{6+5}` is 6 the first time, 11 the second; the number
`{"from": 1, "step": 1}` is 1, then 2. A Workload itself is never folded: only its lists of tensors and
operators are, on their way to the text and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from simres.text import shorten

FEWEST = 32
"""The least number of repetitions: the blocks of a deep network stay as they are."""
LONGEST = 256
"""Entries that are repeated."""
CANDIDATES = 24
"""Later entries of the same form, each of which may be the next of its kind or the same in the next turn."""
LARGEST = 2**62
"""Numbers in a loop."""
MOST_CHARACTERS = 64 << 20
"""Of a list, once its loops are spelled out."""

_DIGITS = re.compile(r"[0-9]+")
_COUNTED = re.compile(r"\{([0-9]{1,18})([+-][0-9]{1,18})\}")
_COUNT = {"from", "step"}


class NoLoopError(ValueError):
    """An entry that starts like a loop but is not one; the message starts with the wrong key."""


def folded(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same list, with loops where something repeats; `unfolded` gives back exactly what was given."""
    if len(entries) < FEWEST:
        return list(entries)
    texts = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    known: dict[str, int] = {}
    forms = [known.setdefault(_DIGITS.sub("0", text), len(known)) for text in texts]
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(entries):
        loop = _loop(entries, texts, forms, at)
        found.append(loop or entries[at])
        at += loop["repeat"] * len(loop["of"]) if loop else 1
    return found


def _loop(
    entries: Sequence[dict[str, Any]], texts: Sequence[str], forms: Sequence[int], at: int
) -> dict[str, Any] | None:
    """The loop that begins there, if one does."""
    tried = 0
    for length in range(1, min(LONGEST, (len(forms) - at) // FEWEST) + 1):
        if forms[at + length] != forms[at]:
            continue
        tried += 1
        if tried > CANDIDATES:
            return None
        turns = _turns(texts, forms, at, length)
        if turns < FEWEST:
            continue
        first, second = (entries[at + length * turn : at + length * (turn + 1)] for turn in (0, 1))
        loop = {"repeat": turns, "of": [_body(a, b) for a, b in zip(first, second, strict=True)]}
        if list(_turned(loop)) == list(entries[at : at + length * turns]):
            return loop
    return None


def _turns(texts: Sequence[str], forms: Sequence[int], at: int, length: int) -> int:
    """How often `length` entries repeat in sequence, each number growing by the same amount each time."""
    end = at
    while end + length < len(forms) and forms[end + length] == forms[end]:
        end += 1
    whole = (end - at) // length + 1
    if whole < FEWEST:
        return 0
    turns = whole
    for place in range(at, at + length):
        numbers = (list(map(int, _DIGITS.findall(texts[place + length * turn]))) for turn in range(turns))
        first, second = next(numbers), next(numbers)
        steps = [b - a for a, b in zip(first, second, strict=True)]
        expected, turn = second, 1
        for found in numbers:
            expected = [number + step for number, step in zip(expected, steps, strict=True)]
            turn += 1
            if found != expected:
                turns = turn
                break
    return turns


def _body(first: Any, second: Any) -> Any:
    """What is written of two turns of one thing."""
    if first == second:
        return first
    if isinstance(first, dict):
        return {key: _body(value, second[key]) for key, value in first.items()}
    if isinstance(first, list):
        return [_body(a, b) for a, b in zip(first, second, strict=True)]
    if isinstance(first, str):
        later = iter(_DIGITS.findall(second))
        return _DIGITS.sub(lambda found: _counted(found[0], next(later)), first)
    return {"from": first, "step": second - first} if isinstance(first, int) else first


def _counted(first: str, second: str) -> str:
    step = int(second) - int(first)
    return f"{{{first}{step:+}}}" if step else first


def unfolded(entries: Sequence[Any], most: int) -> list[Any]:
    """A list with every loop in it spelled out.

    Raises `NoLoopError` where an entry with a `repeat` is no loop, or where there would be more than `most`
    entries; its message begins with the index of the entry.
    """
    found: list[Any] = []
    characters = 0
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or "repeat" not in entry:
            found.append(entry)
            continue
        if problem := _problem(entry):
            raise NoLoopError(f"[{index}]{problem}")
        characters += len(json.dumps(entry["of"])) * entry["repeat"]
        if len(found) + entry["repeat"] * len(entry["of"]) > most or characters > MOST_CHARACTERS:
            limit = f"at most {most} entries are read, of {MOST_CHARACTERS >> 20} million characters"
            raise NoLoopError(f"[{index}].repeat: {limit}, and these would be more")
        found.extend(_turned(entry))
    return found


def _problem(loop: dict[str, Any]) -> str:
    """What is wrong with a loop, beginning with its key; empty if nothing is."""
    if unknown := loop.keys() - {"repeat", "of"}:
        return f".{shorten(min(unknown))}: unknown field beside repeat and of"
    repeat, body = loop["repeat"], loop.get("of")
    if not isinstance(repeat, int) or isinstance(repeat, bool) or repeat < 1:
        return ".repeat: must be a number from 1"
    if not isinstance(body, list) or not body or not all(isinstance(entry, dict) for entry in body):
        return ".of: must be a list of entries"
    if any("repeat" in entry for entry in body):
        return ".of: a loop in a loop is not read"
    return ""


def _turned(loop: dict[str, Any]) -> Iterator[Any]:
    """The entries of every turn."""
    body = [(entry, _maker(entry)) for entry in loop["of"]]
    for turn in range(loop["repeat"]):
        for entry, make in body:
            yield make(turn) if make else entry


def _maker(value: Any) -> Callable[[int], Any] | None:
    """What makes a part of the body in a turn; None where it is the same in each."""
    if isinstance(value, dict):
        if value.keys() == _COUNT and all(type(n) is int and abs(n) <= LARGEST for n in value.values()):
            return lambda turn: value["from"] + value["step"] * turn
        named = {key: make for key, item in value.items() if (make := _maker(item))}
        return (lambda turn: value | {key: make(turn) for key, make in named.items()}) if named else None
    if isinstance(value, list):
        makers = [_maker(item) for item in value]
        pairs = list(zip(value, makers, strict=True))
        return (lambda turn: [make(turn) if make else item for item, make in pairs]) if any(makers) else None
    if isinstance(value, str) and len(parts := _COUNTED.split(value)) > 1:
        counts = [(int(a), int(b)) for a, b in zip(parts[1::3], parts[2::3], strict=True)]
        form = "%d".join(part.replace("%", "%%") for part in parts[::3])
        return lambda turn: form % tuple(first + step * turn for first, step in counts)
    return None
