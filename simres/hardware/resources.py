"""Resources of a component that can be changed: rates, capacities, delays and windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from simres.hardware.rates import quantity_of_rate
from simres.units import BANDWIDTH, DURATION, FREQUENCY, RATE, Quantity, quantity_in

Spec = TypeVar("Spec", bound=BaseModel)

UNBOUNDED = 10**30
"""A rate at which any amount of work that can be stated takes a picosecond or less."""

_RATES = (BANDWIDTH, RATE, FREQUENCY)


@dataclass(frozen=True, slots=True)
class Resource:
    """A figure of a component, in base units of `quantity` (None: a plain count).

    Less is better for a delay, more for everything else.
    """

    field: str
    value: int
    quantity: Quantity | None
    most: int | None = None
    """The best value that a component of its kind can have; None if there is no limit."""

    @property
    def is_delay(self) -> bool:
        """Whether less of it is better."""
        return self.quantity is DURATION

    @property
    def unlimited(self) -> int | None:
        """The value at which it costs no time, or the best possible one; None for a plain count."""
        if self.most is not None:
            return self.most
        if self.is_delay:
            return 0
        return UNBOUNDED if self.quantity is not None else None

    def better(self, value: int, other: int) -> bool:
        """Whether `value` is better than `other`: a shorter delay, a larger value of anything else."""
        return value < other if self.is_delay else value > other

    def spell(self, value: int) -> str:
        """A value as a scenario spells it."""
        return str(value) if self.quantity is None else self.quantity.spell(value)

    def format(self, value: int) -> str:
        """A value for reading, to four digits."""
        return str(value) if self.quantity is None else self.quantity.format(value)


def stated(spec: BaseModel) -> tuple[Resource, ...]:
    """The rates of `spec`, and its delays that are not 0, in the order of its fields.

    A rate for one data type is `rate.int8`.
    """
    found = []
    for name, field in type(spec).model_fields.items():
        quantity = quantity_in(field.annotation, *field.metadata)
        value = getattr(spec, name)
        if isinstance(value, int) and (quantity in _RATES or (quantity is DURATION and value)):
            found.append(Resource(name, value, quantity_of_rate(value) if quantity is RATE else quantity))
        elif isinstance(value, Mapping) and quantity in _RATES:
            found += [
                Resource(f"{name}.{key}", rate, quantity_of_rate(rate, key)) for key, rate in value.items()
            ]
    return tuple(found)


def with_value(spec: Spec, resource: Resource, value: int | None) -> Spec:
    """`spec` with another value of one of its resources.

    Raises `pydantic.ValidationError` (a `ValueError`) if such a component is invalid. Values beyond what a
    scenario may state are not checked.
    """
    field, _, key = resource.field.partition(".")
    new = {field: {**getattr(spec, field), key: value} if key else value}
    limit = None if resource.quantity is None else resource.quantity.limit
    if limit is not None and value is not None and value > limit:
        given = {name: getattr(spec, name) for name in type(spec).model_fields}
        return spec.model_construct(**given | new)
    given = {name: getattr(spec, name) for name in spec.model_fields_set}
    return spec.model_validate(given | new)
