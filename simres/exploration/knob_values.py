"""Values of a knob: lists (`0.5,1,2 GB/s`) and ranges (`64 KiB..4 MiB log 13`)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from simres import units
from simres.errors import SimresError
from simres.text import describe, shorten

MOST = 100_000
"""The largest number of values of one knob; more is an error."""

FORMS = "`0.5,1,2,4 GB/s`, `64 KiB..4 MiB log 13`, `1..8 GB/s linear 8` or `1..8 GB/s step 1 GB/s`"

_UNIT = r"[A-Za-zµμ%][A-Za-z/µμ%]*"
_NUMBER = r"[+-]?(?:[0-9]{1,64}\.?[0-9]{0,64}|\.[0-9]{1,64})(?:[eE][+-]?[0-9]{1,2})?"
"""Digits are limited: `1e999999999` written out would exhaust the memory."""
_QUANTITY = re.compile(rf"({_NUMBER})\s*({_UNIT})?")
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER}\s*(?:{_UNIT})?)\s*\.\.\s*(?P<high>{_NUMBER}\s*(?:{_UNIT})?)"
    rf"(?:\s+(?:(?P<kind>log|linear)\s+(?P<count>[0-9]{{1,9}})|step\s+(?P<step>{_NUMBER}\s*(?:{_UNIT})?)))?"
)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def values_of(text: str) -> tuple[str, ...]:
    """Parses a text like `0.5,1,2,4 GB/s` or `64 KiB..4 MiB log 13` to values as a scenario spells them, in
    order and each once.

    In a list the last unit applies to the values before it that have none. A logarithmic range has equal
    ratios between values, rounded to whole base units; every value of a linear one must be whole. Raises
    `SimresError` for an empty list, an invalid range, or one that descends.
    """
    text = text.strip()
    found = list(_range(text)) if ".." in text and _RANGE.fullmatch(text) else _listed(text)
    if not found:
        raise SimresError(f"there are no values in `{shorten(text)}`", f"write {FORMS}")
    return _distinct(found)


def values_in(entry: object) -> tuple[str, ...]:
    """Returns the values in a YAML file: a text as on the command line, or a list as in a scenario.

    Raises as `values_of`.
    """
    if isinstance(entry, str):
        return values_of(entry)
    if isinstance(entry, bool | int | float):
        return (_spelled(entry),)
    if not isinstance(entry, list):
        raise SimresError(f"must be a text such as {FORMS}, or a list of values, got {describe(entry)}")
    if not entry:
        raise SimresError("the list of values is empty", f"write {FORMS}")
    found = [_spelled(value) for value in entry]
    return _distinct(found)


def _distinct(found: list[str]) -> tuple[str, ...]:
    again = next((value for value, count in Counter(found).items() if count > 1), None)
    if again is not None:
        raise SimresError(f"`{shorten(again)}` is given twice")
    return tuple(found)


def number_in(value: str) -> int | float | None:
    """Returns a value as a number: a quantity in base units, a plain number as it is; None for other text."""
    match = _QUANTITY.fullmatch(value.strip())
    if match is None:
        return None
    if match[2]:
        try:
            return units.parse_any(value)[0]
        except units.UnitError:
            return None
    number = Fraction(match[1])
    return number.numerator if number.denominator == 1 else float(number)


def unit_of(value: str) -> str:
    """Returns the base unit of a value that is a quantity; empty for every other value."""
    try:
        return units.parse_any(value)[1] if _QUANTITY.fullmatch(value.strip()) else ""
    except units.UnitError:
        return ""


def _spelled(value: object) -> str:
    """Returns a value of a YAML list as text that parses to the same value."""
    if isinstance(value, str):
        return value if number_in(value) is None or unit_of(value) else json.dumps(value)
    return json.dumps(value)


def _listed(text: str) -> list[str]:
    """Returns the parts of a list, with the last unit added to those that have none."""
    if re.search(rf"{_NUMBER}\s*(?:{_UNIT})?\s*\.\.", text) and "/" not in text.partition("..")[0]:
        raise SimresError(f"`{shorten(text)}` is not a range", f"write {FORMS}")
    parts = [part.strip() for part in _split(text)]
    if parts == [""]:
        return []
    if "" in parts:
        raise SimresError(f"a value is missing between the commas of `{shorten(text)}`")
    last = _QUANTITY.fullmatch(parts[-1])
    if last is None or not last[2]:
        return parts
    matches = [_QUANTITY.fullmatch(part) for part in parts]
    return [
        f"{part} {last[2]}" if match is not None and not match[2] else part
        for part, match in zip(parts, matches, strict=True)
    ]


def _split(text: str) -> Iterator[str]:
    """Yields the parts between commas outside brackets, braces and quotes."""
    depth, quote, begun = 0, "", 0
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth <= 0:
            yield text[begun:at]
            begun = at + 1
    if quote or depth:
        raise SimresError(f"a bracket or quote in `{shorten(text)}` is never closed")
    yield text[begun:]


def _range(text: str) -> Iterator[str]:
    match = _RANGE.fullmatch(text)
    assert match is not None
    low, high, unit = _ends(match["low"], match["high"])
    if high < low:
        first, last = (_QUANTITY.fullmatch(match[end].strip()) for end in ("high", "low"))
        assert first is not None
        assert last is not None
        ends = f"{first[0]}..{last[0]}" if last[2] else f"{first[1]}..{last[1]} {first[2] or ''}".strip()
        raise SimresError(
            f"`{shorten(text)}` steps backwards, from {match['low']} down to {match['high']}",
            f"put the smaller end first: `{ends}`",
        )
    if match["step"] is not None:
        numbers = _steps(text, low, high, _ends(match["step"], match["high"])[0])
    elif match["count"] is None:
        raise SimresError(
            f"`{shorten(text)}` does not state the number of values",
            "add `log 13`, `linear 8` or `step 1 GB/s`",
        )
    else:
        numbers = _spread(text, low, high, int(match["count"]), log=match["kind"] == "log", whole=bool(unit))
    for number in numbers:
        if unit and number.denominator != 1:
            raise SimresError(
                f"`{shorten(text)}` comes to {float(number):g} {unit}, which is not whole",
                "logarithmic ranges are rounded; every value of a linear range must be whole",
            )
        yield units.quantity_of(unit).spell(int(number)) if unit else _plain(number)


def _ends(low: str, high: str) -> tuple[Fraction, Fraction, str]:
    """Returns both ends in base units, and the unit: that of the upper end where the lower has none."""
    first, last = _QUANTITY.fullmatch(low.strip()), _QUANTITY.fullmatch(high.strip())
    assert first is not None
    assert last is not None
    ends, bases = [], []
    for match in (first, last):
        unit = match[2] or last[2]
        quantity = units.quantity_of(unit) if unit else None
        ends.append(Fraction(match[1]) * (quantity.units[unit] if quantity else 1))
        bases.append(quantity.base if quantity else "")
    if bases[0] != bases[1]:
        raise SimresError(f"`{low.strip()}` and `{high.strip()}` have different kinds")
    return ends[0], ends[1], bases[0]


def _steps(text: str, low: Fraction, high: Fraction, step: Fraction) -> list[Fraction]:
    if step <= 0:
        raise SimresError(f"`{shorten(text)}` does not step forward", "the step must be more than 0")
    count = int((high - low) / step) + 1
    _affordable(text, count)
    return [low + number * step for number in range(count)]


def _spread(
    text: str, low: Fraction, high: Fraction, count: int, *, log: bool, whole: bool
) -> list[Fraction]:
    if count < 1 or (count == 1 and low != high):
        raise SimresError(f"`{shorten(text)}` asks for {count} values", "a range has 2 values or more")
    _affordable(text, count)
    if count == 1:
        return [low]
    if not log:
        return [low + (high - low) * number / (count - 1) for number in range(count)]
    if low <= 0:
        raise SimresError(f"`{shorten(text)}` starts at 0 or below, so it has no ratios")
    first, last = (Decimal(end.numerator) / Decimal(end.denominator) for end in (low, high))
    ratio = _EXACT.ln(_EXACT.divide(last, first))
    numbers = [low]
    for number in range(1, count - 1):
        exponent = _EXACT.divide(_EXACT.multiply(ratio, Decimal(number)), Decimal(count - 1))
        value = _EXACT.multiply(first, _EXACT.exp(exponent))
        numbers.append(Fraction(int(value.to_integral_value()) if whole else f"{value:.6g}"))
    return [*numbers, high]


def _affordable(text: str, count: int) -> None:
    if count > MOST:
        raise SimresError(f"`{shorten(text)}` has {count} values; a knob has at most {MOST}")


def _plain(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else repr(float(number))
