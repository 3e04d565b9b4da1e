"""Formats values in messages: shortened, described, or with a suggested spelling."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

MAX_TEXT = 64
"""Characters of a quantity or unit that are examined."""

_LONG = {
    "per": "/",
    "bytes": "b",
    "byte": "b",
    "seconds": "s",
    "second": "s",
    "sec": "s",
    "kilo": "k",
    "mega": "m",
    "giga": "g",
    "tera": "t",
}


def suggest_unit(unit: str, known: dict[str, int]) -> str | None:
    """Returns the known unit that `unit` most likely means: `GBps` is GB/s, `KB` is kB, `TOPS` is TOP/s."""

    def plain(name: str) -> str:
        name = name.lower().replace(" ", "")
        for long, short in _LONG.items():
            name = name.replace(long, short)
        for ending in ("flops", "ops", "macs", "bps"):
            if name.endswith(ending):
                return name[:-1].removesuffix("p" if ending == "bps" else "") + "/s"
        return name

    written = plain(unit[:MAX_TEXT])
    plains = {plain(name): name for name in reversed(known)}
    if written in plains:
        return plains[written]
    close = get_close_matches(written, plains, n=1, cutoff=0.75)
    return plains[close[0]] if close else None


def shorten(value: object, most: int = 40) -> str:
    """Returns the text of a value on one line, cut to fit into a message."""
    text = str(value) if not isinstance(value, int) or abs(value) < 10**60 else "a huge number"
    text = text if len(text) <= most else f"{text[: most - 3]}..."
    return printable(text)


def printable(text: str) -> str:
    """Replaces unprintable characters by `?`: control characters, line ends, those that turn the direction of
    writing, and bytes that are not UTF-8. Names may come from any source."""
    return text if text.isprintable() else "".join([c if c.isprintable() else "?" for c in text])


def printable_lines(text: str) -> str:
    """The same, but line ends stay."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


def what_failed(error: BaseException) -> str:
    """Returns the type and the text of an exception on one line; the type alone if it has no text."""
    kind = type(error).__name__
    try:
        said = " ".join(str(error).split())
    except Exception:
        said = "(its text cannot be made)"
    return printable(f"{kind}: {said}" if said else kind)


def describe(value: object) -> str:
    """Describes a wrong value in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"`{shorten(value)}`"


def three_digits(value: float) -> str:
    """Formats a number to three digits, without an exponent: `808`, `45.2`, `0.0452`, `12346`."""
    if value >= 100:
        return f"{value:.0f}"
    if value <= 0:
        return "0"
    text = f"{value:.3g}"
    return text if "e" not in text else f"{value:.9f}".rstrip("0").rstrip(".") or "0"
