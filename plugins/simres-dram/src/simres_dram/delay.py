"""Timing parameters as data sheets state them: in clocks, in time, or the greater of the two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from simres.text import describe, shorten
from simres.units import DURATION, PS_PER_S, UnitError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_CLOCKS = re.compile(r"([0-9]{1,6})\s*nCK")
_MOST_PS = 10**9
"""A millisecond; no interval of a DRAM is as long."""


@dataclass(frozen=True, slots=True)
class Delay:
    """At least so many clocks, and at least so many picoseconds."""

    clocks: int = 0
    ps: int = 0

    def at(self, clock: int) -> int:
        """Clocks at a rate of `clock` hertz, rounded up."""
        return max(self.clocks, -(-self.ps * clock // PS_PER_S))

    def within(self, clock: int) -> int:
        """Clocks rounded down: for what must not come later, as a refresh."""
        return max(self.clocks, self.ps * clock // PS_PER_S)

    def __str__(self) -> str:
        texts = [f"{self.clocks} nCK"] * bool(self.clocks) + [DURATION.spell(self.ps)] * bool(self.ps)
        return " or ".join(texts) or "0 nCK"


def parse(text: object) -> Delay:
    """The delay of `13.75 ns`, `4 nCK`, or `4 nCK or 7.5 ns` for the greater of them.

    Raises:
        UnitError: it is none of these, or longer than a millisecond.
    """
    if isinstance(text, Delay):
        return text
    example = "such as `13.75 ns`, `11 nCK` (clocks), or `4 nCK or 7.5 ns` for the greater"
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(f"must be a time or clocks {example}, got {describe(text)}")
    clocks = ps = 0
    parts = [part.strip() for part in text.split(" or ")] if isinstance(text, str) else [text]
    if len(parts) > 2:
        raise UnitError(f"must be a time or clocks {example}, got `{shorten(text)}`")
    for part in parts:
        match = _CLOCKS.fullmatch(part) if isinstance(part, str) else None
        if match:
            clocks = int(match[1])
            continue
        try:
            ps = DURATION.parse(part)
        except UnitError as error:
            raise UnitError(f"{error.message}; or clocks, such as `11 nCK`") from None
    if ps > _MOST_PS:
        raise UnitError(f"must be at most {DURATION.spell(_MOST_PS)}, got `{shorten(text)}`")
    return Delay(clocks, ps)


class _Spelled:
    """Makes pydantic read and write a `Delay` as text, and say so in JSON Schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            parse, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        time = str(DURATION.json_schema["pattern"]).removeprefix(r"^\s*\+?").removesuffix(r"\s*$")
        one = rf"([0-9]+\s*nCK|{time})"
        return {
            "type": "string",
            "pattern": rf"^\s*{one}(\s+or\s+{one})?\s*$",
            "examples": ["13.75 ns", "11 nCK"],
        }


Spelled = Annotated[Delay, _Spelled()]
"""A `Delay` in a scenario."""
