"""Rates of compute units: one for all data types, or one for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args

from simres.errors import SimresError
from simres.hardware.energy_costs import DataType
from simres.units import OPERATIONS, RATE, OpRate, Quantity, Spelled

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class IntegerRate(int):
    """Operations per second that a file spells in OP/s, as chips state their rate of integers."""


def _by_type(text: str) -> str:
    """How a rate such as `4 int8 TOP/s`, as results print it, is written; empty for any other text."""
    number, dtype, unit = [*text.split(), "", "", ""][:3]
    return f"{{{dtype}: {number} {unit}}}" if unit and dtype in get_args(DataType) else ""


@dataclass(frozen=True, slots=True)
class _OneOrByType(Spelled):
    """Reads `1 TFLOP/s`, or `{int8: 2.3 TOP/s, fp32: 0.5 TFLOP/s}`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        def read(value: object, by_type: Any, info: Any) -> Any:
            if not isinstance(value, Mapping):
                if isinstance(value, str) and (form := _by_type(value)):
                    raise ValueError(f"a rate of one data type is written `{form}`, got `{value}`")
                rate = self.validate(value, info)
                integers = isinstance(value, str) and "OP/s" in value and "FLOP/s" not in value
                return IntegerRate(rate) if integers else rate
            if not value:
                raise ValueError("must be a rate, or have a rate for at least one data type")
            return by_type(value)

        def spell(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {dtype: spelled(rate, dtype) for dtype, rate in value.items()}
            return quantity_of_rate(value).spell(value)

        return core_schema.with_info_wrap_validator_function(
            read,
            handler.generate_schema(dict[DataType, OpRate]),
            serialization=core_schema.plain_serializer_function_ser_schema(spell, when_used="json"),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        by_type = handler(schema)
        return {"anyOf": [RATE.json_schema, by_type], "examples": [RATE.example]}


Rate = Annotated[int | dict[DataType, int], _OneOrByType(RATE, positive=True)]
"""Operations per second, at least 1: one figure for all data types, or one for each."""


def quantity_of_rate(rate: int, dtype: str = "") -> Quantity:
    """The quantity that a rate on a data type is printed in: `TOP/s` of integers, else `TFLOP/s`.

    Without a type it is as the file spells it.
    """
    integers = "int" in dtype if dtype else isinstance(rate, IntegerRate)
    return OPERATIONS if integers else RATE


def spelled(rate: int, dtype: str) -> str:
    """The exact text of a rate: `2.3 TOP/s` for integers, `500 GFLOP/s` for floating point."""
    return quantity_of_rate(rate, dtype).spell(rate)


def formatted(rate: int, dtype: str) -> str:
    """A rate for reading, with its data type if there is one: `2.3 int8 TOP/s`, `500 fp32 GFLOP/s`."""
    number, unit = quantity_of_rate(rate, dtype).format(rate).split(" ")
    return " ".join(part for part in (number, dtype, unit) if part)


def rate_of(rate: int | Mapping[Any, int], dtype: str) -> int:
    """The operations per second on a data type; of an unstated type (`""`), those of the fastest.

    Raises `SimresError` if there is no rate for the type. Planning refuses such a network beforehand.
    """
    if isinstance(rate, int):
        return rate
    if not dtype:
        return max(rate.values())
    if dtype not in rate:
        raise SimresError(f"there is no rate for {dtype}; there is one for {', '.join(rate)}")
    return rate[dtype]


def types_of(rate: int | Mapping[Any, int]) -> frozenset[str] | None:
    """The data types with a rate; None for all of them."""
    return None if isinstance(rate, int) else frozenset(rate)
