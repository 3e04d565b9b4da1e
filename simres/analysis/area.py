"""Area and cost of a chip, by component."""

from __future__ import annotations

from dataclasses import dataclass

from simres.hardware.chip import Chip


@dataclass(frozen=True, slots=True)
class ComponentArea:
    """What a component takes of the chip, in square micrometres, and costs, in millionths of a dollar.

    `area_stated` and `cost_stated` say which of the two the chip states; the other is a default.
    """

    component: str
    role: str
    um2: int
    uusd: int
    area_stated: bool = False
    cost_stated: bool = False


@dataclass(frozen=True, slots=True)
class ChipArea:
    """The components of a chip in order, in a technology of `nm` nanometres."""

    nm: int
    components: tuple[ComponentArea, ...]

    @property
    def um2(self) -> int:
        """The area of all components, in square micrometres."""
        return sum(one.um2 for one in self.components)

    @property
    def uusd(self) -> int:
        """The cost of all components, in millionths of a dollar."""
        return sum(one.uusd for one in self.components)

    @property
    def defaults(self) -> bool:
        """Whether any of it is a default."""
        return any(not (one.area_stated and one.cost_stated) for one in self.components if one.um2)


def chip_area(chip: Chip, nm: int) -> ChipArea:
    """The area and cost of a chip in a technology of `nm` nanometres.

    Components that do no tasks, such as other masters on a bus, are no part of it. Raises `SimresError` for
    an unknown technology.
    """
    return ChipArea(
        nm,
        tuple(
            ComponentArea(
                name,
                chip.roles[name].value,
                spec.area_um2(nm),
                spec.cost_uusd(nm),
                spec.area is not None,
                spec.cost is not None,
            )
            for name, spec in chip.parts.items()
        ),
    )
