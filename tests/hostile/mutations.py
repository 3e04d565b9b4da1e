"""Valid files spoiled, each in a few ways at once; the same random numbers spoil them the same way."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

TEXTS = (
    "",
    " ",
    "nope",
    "\x1b[31mred\x1b[0m",
    "\x00",
    "\x7f\x85",
    "\u202egnol",
    "\u2028",
    "[bold]x[/]",
    "[/]",
    "=SUM(A1)",
    "<script>alert(1)</script>",
    "`",
    "{0}",
    "%s",
    "../../../etc/passwd",
    "/dev/zero",
    "con",
    "a" * 300,
    "ä 層 🜁",
    "\ud800",
    "-1",
    "1e999",
    "nan",
    "1 GB/s",
    "9" * 5000,
    "a b\nc\td",
)
NUMBERS = (
    -1,
    0,
    1,
    2,
    7,
    255,
    2**31 - 1,
    2**31,
    2**53 + 1,
    2**62,
    2**63,
    2**64,
    10**30,
    10**400,
    -(10**18),
    0.5,
    -0.0,
    1e-320,
    1e308,
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": ""}, {"a": {"b": [1]}})
RAW = (
    "NaN",
    "-Infinity",
    "1e999",
    "-1e-999",
    "9" * 5000,
    "-" + "9" * 4299,
    "0" * 20,
    "01",
    "0x10",
    "1.",
    "tru",
    "",
    "'x'",
    '"\\ud800"',
    '"\\u0000"',
    '"\\x"',
    '"\t"',
    "[" * 200 + "]" * 200,
    "[" * 3000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    "[" * 100_000 + "]" * 100_000,
    '"' + "x" * 300_000 + '"',
    "[" + "0," * 50_000 + "0]",
    "// x\n1",
)
YAML = (
    "on",
    "1:30",
    "0x10",
    "~",
    "[]",
    "{}",
    "-1",
    "1e999",
    ".nan",
    "-.inf",
    "*a",
    "&a",
    "&a [*a]",
    "<<: *a",
    "!!python/object/apply:os.system [id]",
    "!!binary aGk=",
    "!x",
    "%YAML 9.9",
    "---",
    "...",
    "? a",
    "|",
    ">9",
    "1 GB",
    "1e30 B/s",
    "0 MB",
    "1e-30 s",
    "9" * 5000,
    "x" * 5000,
    "[" * 500,
    "{a: " * 100 + "1" + "}" * 100,
    "- " * 300 + "x",
    "2001-99-99",
    "1_000",
    "é",
    "'",
    '"',
    "\t",
    "#",
    ": ",
)
BYTES = (
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xc3(",
    b"\x1b[2J",
    b"\r",
    b"\x85",
    b"\xed\xa0\x80",
)


def text_of(rng: Random) -> str:
    """A text that nobody expects."""
    return rng.choice(TEXTS)


def value_of(rng: Random) -> Any:
    """A value that nobody expects."""
    return copy.deepcopy(rng.choice(rng.choice((TEXTS, NUMBERS, OTHERS))))


def bytes_changed(rng: Random, data: bytes, most: int = 4) -> bytes:
    """Flips, cuts, repeats and inserts a few times over."""
    for _ in range(rng.randint(1, most)):
        at = rng.randrange(len(data) + 1)
        upto = min(len(data), at + rng.choice((1, 1, 2, 8, 64, 1000)))
        how = rng.randrange(6)
        if how == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        elif how == 1:
            data = data[:at] + rng.choice(BYTES) + data[at:]
        elif how == 2:
            data = data[:at] + data[upto:]
        elif how == 3:
            data = data[:upto] + data[at:upto] * rng.choice((1, 1, 3, 200)) + data[upto:]
        elif how == 4:
            data = data[:at] + rng.randbytes(upto - at) + data[upto:]
        elif rng.random() < 0.3:
            data = data[:at]
    return data


def lines_changed(rng: Random, data: bytes, words: Sequence[str]) -> bytes:
    """Lines doubled, lost, moved, indented anew, and words in them replaced."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines = data.split(b"\n")
        at = rng.randrange(len(lines))
        word = rng.choice(words).encode("utf-8", "surrogatepass")
        how = rng.randrange(7)
        if how == 0:
            lines.insert(rng.randrange(len(lines)), lines[at])
        elif how == 1:
            del lines[at]
        elif how == 2:
            parts = lines[at].split(b" ")
            parts[rng.randrange(len(parts))] = word
            lines[at] = b" ".join(parts)
        elif how == 3:
            key, colon, value = lines[at].partition(rng.choice((b":", b",", b"=")))
            lines[at] = rng.choice((key + word + colon + value, key + colon + b" " + word))
        elif how == 4:
            lines[at] = b" " * rng.randint(0, 8) + lines[at].lstrip()
        elif how == 5:
            lines.insert(at, word)
        else:
            lines[at] = lines[at] * rng.choice((2, 2, 50))
        data = b"\n".join(lines)
    return data


def document_changed(rng: Random, document: Any) -> Any:
    """A copy of plain data with values replaced, moved, lost or doubled, and numbers shifted."""
    document = copy.deepcopy(document)
    if rng.random() < 0.4:
        return _shifted(rng, document)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        holder, key = _place(rng, document)
        if holder is None:
            return value_of(rng)
        how = rng.randrange(9)
        other, there = _place(rng, document)
        if how <= 2:
            holder[key] = value_of(rng)
        elif how == 3:
            del holder[key]
        elif how == 4 and isinstance(holder[key], int | float):
            number = holder[key]
            holder[key] = rng.choice((number + 1, number - 1, -number, number * 10**6, str(number), [number]))
        elif how == 5 and other is not None:
            holder[key] = copy.deepcopy(other[there])
        elif how == 6 and other is not None:
            holder[key], other[there] = other[there], holder[key]
        elif how == 7 and isinstance(holder, list):
            holder[key:key] = [copy.deepcopy(holder[key])] * rng.choice((1, 1, 40))
        elif isinstance(holder, dict):
            holder[rng.choice((text_of(rng), f"{key}x", str(key).upper()))] = holder.pop(key)
        else:
            holder[key] = {"x": holder[key]}
    return document


def _shifted(rng: Random, document: Any) -> Any:
    """A document whose types still fit: numbers and texts become others, optional parts may go."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        holder, key = _place(rng, document)
        if holder is None:
            return document
        value = holder[key]
        if isinstance(value, bool) or value is None:
            holder[key] = not value
        elif isinstance(value, int):
            holder[key] = rng.choice(
                (value + 1, max(0, value - 1), 0, 1, value * 10**3, value * 10**6, 2**40)
            )
        elif isinstance(value, float):
            holder[key] = rng.choice((0.0, 1.0, value / 3, value * 2))
        elif isinstance(value, str):
            other, there = _place(rng, document)
            same = other is not None and isinstance(other[there], str)
            holder[key] = (
                other[there] if same and rng.random() < 0.5 else rng.choice((f"{value}x", *TEXTS[:14]))
            )
        elif value and rng.random() < 0.5:
            del value[rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))]
        elif rng.random() < 0.3:
            del holder[key]
    return document


def json_of(rng: Random, document: Any) -> bytes:
    """A changed document as JSON, now and then with what JSON does not allow in it."""
    document = document_changed(rng, document)
    raw = ""
    if rng.random() < 0.3:
        holder, key = _place(rng, document)
        if holder is not None:
            raw = rng.choice(RAW)
            holder[key] = "@raw@"
    twice = rng.random() < 0.1
    if twice:
        holder, key = _place(rng, document)
        if isinstance(holder, dict):
            holder = {**holder, "@twice@": value_of(rng)}
            document = holder
    text = json.dumps(document, indent=rng.choice((None, 1)), ensure_ascii=rng.random() < 0.8)
    text = text.replace('"@raw@"', raw).replace("@twice@", str(key) if twice else "")
    data = text.encode("utf-8", "surrogatepass")
    return bytes_changed(rng, data, 1) if rng.random() < 0.15 else data


def yaml_bomb(rng: Random) -> bytes:
    """Aliases of aliases, depth without end, or very much of one thing."""
    how = rng.randrange(6)
    if how == 0:
        names = "abcdefghij"
        lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
        lines += [f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]" for a, b in pairwise(names)]
        return "\n".join(lines).encode()
    if how == 1:
        return b"a: &a {b: *a}\nc: *a\n"
    if how == 2:
        return b"{a: " * rng.choice((10, 100, 10_000)) + b"1"
    if how == 3:
        return b"".join(b"  " * depth + b"a:\n" for depth in range(rng.choice((20, 400))))
    if how == 4:
        return b"".join(b"k%d: 1\n" % number for number in range(30_000))
    return rng.choice((b"- ", b"? ", b"[", b"&a ", b"!a ", b"'", b"a: b: ", b"\n", b"|\n")) * rng.choice(
        (1000, 60_000)
    )


def _place(rng: Random, document: Any) -> tuple[Any, Any]:
    """Somewhere in a document: what holds it, and its key there. (None, None) where nothing is held."""
    holder: Any = None
    key: Any = None
    at = document
    while isinstance(at, dict | list) and at and (holder is None or rng.random() < 0.85):
        holder = at
        key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
        at = at[key]
    return holder, key
