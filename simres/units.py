"""Quantities with spelled units, as exact integers of base units: B, B/s, op/s, ps, Hz, fJ, uW, um2 and more.

`MB` is 10^6 bytes and `MiB` is 2^20. No value passes through a float: `19.2 GB/s` is 19,200,000,000 bytes per
second, and `0.5 B` is an error, not 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, get_args

from simres.errors import SimresError
from simres.text import MAX_TEXT, describe, shorten, suggest_unit

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic_core import CoreSchema

PS_PER_S = 10**12
"""Picoseconds per second."""

SPELLED = {"spelled": True}
"""Pydantic context in which a bare number is refused, as in every file."""

_DIGITS = 4
MOST_NAMED = 10
"""The most units that an error lists."""
_MAX_EXPONENT = 200  # beyond any limit below, for any mantissa of 64 characters
_NUMBER = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[eE]([+-]?[0-9]+))?\s*((?:[A-Za-z%/].*)?)", re.DOTALL
)


class UnitError(SimresError, ValueError):
    """A text that is not the expected quantity; the message states what is allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A kind of quantity: the spellings of its units, and the size of each in base units.

    `ladder` are the decimal units that values are printed in and `binary` the powers of two, both ascending;
    `others` are only read. `whole` names the base units, `limit` is the largest accepted value in them, and
    `zero` how nothing reads, if not in the base unit.
    """

    name: str
    whole: str
    example: str
    limit: int
    ladder: dict[str, int]
    binary: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    zero: str = ""

    def parse(self, text: object, *, positive: bool = False) -> int:
        """The value in base units of a text like `1 MiB`.

        Raises:
            UnitError: no text, no unit or another quantity's, no whole number of base units, negative
                (or 0 if it must be `positive`), or beyond `limit`.
        """
        number, unit = self._split(text)
        value = number * self._factor(unit, str(text))
        self._check(value, positive, shorten(text))
        return value.numerator

    def check(self, value: int, *, positive: bool = False) -> int:
        """Returns `value`, in base units, if `parse` could return it.

        Raises:
            UnitError: `parse` could not return it.
        """
        self._check(Fraction(value), positive, shorten(value))
        return value

    def spell(self, value: int) -> str:
        """Returns the exact text of a value in base units: `parse(spell(x)) == x`."""
        return self._text(value, value)

    def format(self, value: int) -> str:
        """Formats a value in base units for reading: exact if short, otherwise to 4 digits.

        Trailing zeros show that it is rounded: `22.10 ms`.
        """
        if not value and self.zero:
            return self.zero
        digits = len(str(abs(value)))
        if digits <= _DIGITS:
            return self._text(value, value)
        step = 10 ** (digits - _DIGITS)
        rounded = (abs(value) + step // 2) // step * step
        return self._text(value, rounded if value > 0 else -rounded)

    def _text(self, value: int, rounded: int) -> str:
        for unit, size in reversed(self.binary.items()):
            if value % size == 0 and value // size < 10**_DIGITS and value > 0:
                return f"{value // size} {unit}"
        unit, size = next(
            ((unit, size) for unit, size in reversed(self.ladder.items()) if abs(rounded) >= size),
            next(iter(self.ladder.items())),
        )
        space = "" if unit.startswith("/") else " "
        return f"{_decimal(rounded, size, exact=rounded == value)}{space}{unit}"

    def _split(self, text: object) -> tuple[Fraction, str]:
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise UnitError(f"must be a {self.name} such as `{self.example}`, got {describe(text)}")
        if not isinstance(text, str):
            raise UnitError(f"needs a unit, such as `{self.example}`, got `{shorten(text)}`")
        stripped = text.strip().replace("µ", "u").replace("μ", "u")  # both of Unicode's micro signs
        match = _NUMBER.fullmatch(stripped) if len(stripped) <= MAX_TEXT else None
        if match is None:
            raise UnitError(f"must be a {self.name} such as `{self.example}`, got `{shorten(text)}`")
        mantissa, exponent, unit = match.groups()
        if not unit:
            raise UnitError(f"needs a unit, such as `{self.example}`, got `{shorten(text)}`")
        shift = max(-_MAX_EXPONENT, min(_MAX_EXPONENT, int(exponent or 0)))
        return Fraction(mantissa) * Fraction(10) ** shift, unit

    def _factor(self, unit: str, text: str) -> int:
        for units in (self.ladder, self.binary, self.others):
            if unit in units:
                return units[unit]
        allowed = ", ".join(self._usual())
        other = next((q for q in QUANTITIES if unit in q.units), None)
        if other is not None:
            raise UnitError(f"`{unit}` is a unit of {other.name}, not of {self.name}; allowed: {allowed}")
        if self.binary and f"{unit}B" in self.ladder and f"{unit.upper()}iB" in self.binary:
            number = text.strip()[: -len(unit)].rstrip()
            two = f"`{number} {unit}B` ({self.ladder[f'{unit}B']} B) or `{number} {unit.upper()}iB`"
            raise UnitError(f"unknown unit `{unit}`; write {two} ({self.binary[f'{unit.upper()}iB']} B)")
        close = suggest_unit(unit, self.units)
        if re.fullmatch(r"[kKMGT]?i?b(it)?(/s|ps)?", unit) and "B" in self.base:
            raise UnitError(
                f"unknown unit `{shorten(unit)}`: bits are not supported; write bytes, "
                f"such as `{self.example}`"
            )
        if close is not None:
            number = text.strip()[: -len(unit)].rstrip()
            raise UnitError(f"unknown unit `{shorten(unit)}`; did you mean `{number} {close}`?")
        raise UnitError(f"unknown unit `{shorten(unit)}`; allowed: {allowed}")

    def _usual(self) -> list[str]:
        """The units to name in an error: all of them, or of many those with the usual prefixes."""
        every = [*self.ladder, *self.binary, *self.others]
        return every if len(every) <= MOST_NAMED else [unit for unit in every if unit[0] in "GT"]

    def _check(self, value: Fraction, positive: bool, text: str) -> None:
        if positive and value <= 0:
            raise UnitError(f"must be greater than 0, got `{text}`")
        if value < 0:
            raise UnitError(f"must not be negative, got `{text}`")
        if value > self.limit:
            raise UnitError(f"must be at most {self.spell(self.limit)}, got `{text}`")
        if value.denominator != 1:
            raise UnitError(f"`{text}` is not a whole number of {self.whole}")

    @property
    def base(self) -> str:
        """The base unit of the integers."""
        return next(iter(self.ladder))

    @property
    def json_schema(self) -> dict[str, object]:
        """The JSON Schema of a text that `parse` accepts."""
        units = "|".join([*self.units, *(f"µ{unit[1:]}" for unit in self.units if unit[0] == "u")])
        number = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
        return {"type": "string", "pattern": rf"^\s*\+?{number}\s*({units})\s*$", "examples": [self.example]}

    @property
    def units(self) -> dict[str, int]:
        """Every unit that is read, with its size in base units."""
        return {**self.ladder, **self.binary, **self.others}


_KILO = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_KIBI = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def _prefixed(base: str, prefixes: str, factor: int = 1) -> dict[str, int]:
    return {prefix + base: _KILO[prefix] * factor for prefix in ["", *prefixes]}


def _rising(units: str, step: int = 1000) -> dict[str, int]:
    return {unit: step**power for power, unit in enumerate(units.split())}


def _binary(base: str) -> dict[str, int]:
    return {prefix + base: size for prefix, size in _KIBI.items()}


SIZE = Quantity("size", "bytes", "1 MiB", 10**15, _prefixed("B", "kMGT"), _binary("B"))
BANDWIDTH = Quantity(
    *("bandwidth", "bytes per second", "1 GB/s", 10**15), _prefixed("B/s", "kMGT"), others=_binary("B/s")
)
RATE = Quantity(
    *("operation rate", "operations per second", "1 TFLOP/s", 10**18),
    _prefixed("FLOP/s", "kMGTP"),
    others=_prefixed("OP/s", "kMGTP") | _prefixed("MAC/s", "kMGTP", factor=2),
)
OPERATIONS = replace(RATE, ladder=_prefixed("OP/s", "kMGTP"))
"""The same, printed as rates of integers are quoted."""
DURATION = Quantity(
    "duration", "picoseconds", "10 ns", 10**6 * PS_PER_S, _rising("ps ns us ms s"), zero="0 s"
)
FREQUENCY = Quantity("frequency", "hertz", "1 GHz", 10**12, _prefixed("Hz", "kMG"))
ENERGY = Quantity("energy", "femtojoules", "1.2 pJ", 10**21, _rising("fJ pJ nJ uJ mJ J"), zero="0 J")
POWER = Quantity("power", "microwatts", "50 mW", 10**12, _rising("uW mW W"), zero="0 W")
ARRIVALS = Quantity(
    "rate of arrivals", "thousandths of one a second", "400/s", 10**12, _rising("/ks /s k/s M/s")
)
AREA = Quantity("area", "square micrometres", "1.5 mm2", 10**12, _rising("um2 mm2", 10**6))
COST = Quantity("cost", "millionths of a dollar", "2.5 USD", 10**15, _rising("uUSD mUSD USD"), zero="0 USD")
FEATURE = Quantity("feature size", "nanometres", "28 nm", 10**6, {"nm": 1})
QUANTITIES = (SIZE, BANDWIDTH, RATE, DURATION, FREQUENCY, ENERGY, POWER, ARRIVALS, AREA, COST, FEATURE)


def quantity_of(unit: str) -> Quantity:
    """Returns the quantity that a unit belongs to. Raises `UnitError` for an unknown unit."""
    for quantity in QUANTITIES:
        if unit in quantity.units:
            return quantity
    close = suggest_unit(unit, {name: size for q in QUANTITIES for name, size in q.units.items()})
    wish = f"did you mean `{close}`?" if close else "such as `10 us`, `64 B`, `1 GB/s`"
    raise UnitError(f"unknown unit `{shorten(unit)}`; {wish}")


def parse_any(text: str, *, positive: bool = False) -> tuple[int, str]:
    """Returns the value of a quantity of any kind in its base unit, and that unit: `1 kB` is (1000, `B`).

    Raises:
        UnitError: the unit is unknown, or as `Quantity.parse`.
    """
    _, unit = DURATION._split(text)
    quantity = quantity_of(unit)
    return quantity.parse(text, positive=positive), quantity.base


def parse_percent(text: object) -> Fraction:
    """Returns the share of a text like `1 %` or `0.5%`, 0 to 1000 %.

    Raises:
        UnitError: it is not such a text.
    """
    match = _NUMBER.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= MAX_TEXT else None
    if match is None or match[3] != "%" or match[2]:
        raise UnitError(f"must be a percentage such as `1 %`, got {describe(text)}")
    share = Fraction(match[1]) / 100
    if not 0 <= share <= 10:
        raise UnitError(f"must be between 0 % and 1000 %, got `{shorten(text)}`")
    return share


def spell_percent(share: Fraction) -> str:
    """Returns the exact text of a share that `parse_percent` read: `1/100` is `1 %`."""
    scale = 10**MAX_TEXT
    return f"{_decimal(int(share * 100 * scale), scale, exact=True)} %"


format_bytes = SIZE.format
format_bandwidth = BANDWIDTH.format
format_rate = RATE.format
format_duration = DURATION.format
format_energy = ENERGY.format
format_power = POWER.format
format_cost = COST.format


def format_area(um2: int) -> str:
    """Formats square micrometres: `1.250 mm2`, `0.0793 mm2`."""
    return AREA.format(um2) if um2 >= AREA.ladder["mm2"] else f"{um2 / AREA.ladder['mm2']:.3g} mm2"


def format_arrivals(per_ks: int) -> str:
    """Formats arrivals per thousand seconds: `400/s`, `0.25/s`."""
    if per_ks >= 1000:
        return ARRIVALS.format(per_ks)
    return f"{_decimal(per_ks, 1000, exact=True)}/s"


_COUNT = Quantity("count", "things", "1 M", 10**30, _KILO)


def format_count(count: int) -> str:
    """Formats a count: `40.55 M`."""
    return _COUNT.format(count).rstrip()


def _decimal(value: int, size: int, *, exact: bool) -> str:
    """Returns `value / size` in decimals; `size` is a power of ten. Rounded values keep their zeros."""
    whole, rest = divmod(abs(value), size)
    fraction = f"{rest:0{len(str(size)) - 1}d}" if size > 1 else ""
    fraction = fraction.rstrip("0") if exact else fraction[: max(0, _DIGITS - len(str(whole)))]
    return f"{'-' if value < 0 else ''}{whole}{'.' if fraction else ''}{fraction}"


@dataclass(frozen=True, slots=True)
class Spelled:
    """Makes pydantic parse a quantity, write it to JSON with its unit, and describe it in JSON Schema.

    Python code may also give an integer of base units; in the context `SPELLED` it may not.
    """

    quantity: Quantity
    positive: bool

    def validate(self, value: object, info: ValidationInfo) -> int:
        """The value in base units. Raises `UnitError`."""
        if isinstance(value, int) and not isinstance(value, bool) and not (info.context or {}).get("spelled"):
            return self.quantity.check(value, positive=self.positive)
        return self.quantity.parse(value, positive=self.positive)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.with_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.quantity.spell, when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        return self.quantity.json_schema


def quantity_in(*annotations: object) -> Quantity | None:
    """Returns the quantity of a field's annotation or of its metadata; None for a plain number."""
    for annotation in annotations:
        if isinstance(annotation, Spelled):
            return annotation.quantity
        if (found := quantity_in(*get_args(annotation))) is not None:
            return found
    return None


Bytes = Annotated[int, Spelled(SIZE, positive=True)]
"""A number of bytes, at least 1."""
Bandwidth = Annotated[int, Spelled(BANDWIDTH, positive=True)]
"""Bytes per second, at least 1."""
OpRate = Annotated[int, Spelled(RATE, positive=True)]
"""Operations per second, at least 1; a multiply-accumulate is two."""
Duration = Annotated[int, Spelled(DURATION, positive=False)]
"""Picoseconds, 0 or more."""
Frequency = Annotated[int, Spelled(FREQUENCY, positive=True)]
"""Hertz, at least 1."""
Energy = Annotated[int, Spelled(ENERGY, positive=False)]
"""Femtojoules, 0 or more."""
Power = Annotated[int, Spelled(POWER, positive=False)]
"""Microwatts, 0 or more."""
ArrivalRate = Annotated[int, Spelled(ARRIVALS, positive=True)]
"""Arrivals per thousand seconds, at least 1."""
Area = Annotated[int, Spelled(AREA, positive=False)]
"""Square micrometres, 0 or more."""
Cost = Annotated[int, Spelled(COST, positive=False)]
"""Millionths of a dollar, 0 or more."""
Feature = Annotated[int, Spelled(FEATURE, positive=True)]
"""The name of a process in nanometres, at least 1."""
