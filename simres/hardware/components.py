"""What all components of a chip have in common: specs with the cost of work on each.

A spec is frozen data from the YAML plus a pure cost function, which schedulers may call without
running anything. How the component behaves in time is its engine, elsewhere in this folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from simres.hardware.area_costs import silicon_uusd
from simres.hardware.energy_costs import EnergyCosts
from simres.hardware.resources import Resource, stated
from simres.program.names import EngineName
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.units import SIZE, Area, Bytes, Cost, Power
from simres.workload.operators import Tensor


class ComponentSpec(BaseModel):
    """What every component has: the `kind` by which it is found."""

    # Docstrings become descriptions in the JSON Schema; reading them here would slow every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: str
    """What it is: one of the kinds that `simres plugins` lists."""

    def resources(self) -> tuple[Resource, ...]:
        """The resources that can be more or less: by default every rate and every delay that it states."""
        return stated(self)


class EngineSpec(ComponentSpec):
    """A component that does tasks, one at a time, in the order given."""

    addressed: ClassVar[bool] = False
    """Whether its cost or its engine depends on where off-chip a transfer's bytes lie: replay then tells
    (`Work.extents`, and `Work.write` for stores)."""

    sees_tensors: ClassVar[bool] = False
    """Whether its cost or its engine depends on what a transfer moves: `Work.tensor` and `Work.tensor_bytes`
    then say it. Schedulers ask for the time of bare bytes (`tensor` is None), which must be no longer."""

    static_power: Power = 0
    """Power over the whole run, busy or not, such as `50 mW`; leakage and clocks."""
    area: Area | None = None
    """Its area on the chip, such as `1.5 mm2`; by default that of its cells in the chip's `technology`, for
    kinds with a default."""
    cost: Cost | None = None
    """Its cost, such as `2.5 USD`; by default its area's share of a wafer."""

    def cells_um2(self, nm: int) -> int:  # noqa: ARG002
        """Square micrometres of its cells in a technology, where it does not state its area; a pure function.

        0 for a kind without a figure.
        """
        return 0

    def area_um2(self, nm: int) -> int:
        """Its area in square micrometres: as stated, or that of its cells. Raises `SimresError` for an
        unknown technology, where it needs one."""
        return self.cells_um2(nm) if self.area is None else self.area

    def cost_uusd(self, nm: int) -> int:
        """Its cost in millionths of a dollar: as stated, or of its silicon. Raises as `area_um2`."""
        um2 = self.area_um2(nm)
        return self.cost if self.cost is not None else silicon_uusd(um2, nm) if um2 else 0

    def energy_costs(self) -> EnergyCosts:
        """The energy costs of its work; a pure function, like `duration_ps`."""
        return EnergyCosts(static_uw=self.static_power)

    def data_types(self, role: ComponentRole) -> frozenset[str] | None:  # noqa: ARG002
        """The data types in which it does the work of a role; None for all of them."""
        return None

    def operators(self) -> frozenset[str] | None:
        """The kinds of operators that a host says it runs, `any` for all; None where it says nothing.

        `simres.hardware.chip.Chip.able` says what follows for a chip.
        """
        return None

    def duration_ps(self, work: Work) -> int:
        """The least picoseconds that `work` takes, with nothing in the way; rounded up once."""
        raise NotImplementedError

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:  # noqa: ARG002
        """The bytes that go over a bus for `nbytes` of a tensor: fewer where it compresses, never more.

        Time, energy and traffic follow from them: they are the `nbytes` of the work that `duration_ps` is
        asked about. A pure function. A tensor whose `density` is None was not measured. Moved in parts, a
        tensor takes no fewer bytes than as a whole.
        """
        return nbytes

    def at_peak_ps(self, work: Work) -> Fraction:  # noqa: ARG002
        """Exact picoseconds at the peak rate, without overheads: a lower bound for any schedule.

        0 for a kind that states no peak.
        """
        return Fraction(0)

    @property
    def task_ps(self) -> int:
        """Picoseconds that every task takes in addition to its work at peak, such as a launch.

        0 for a kind that states none, and for a component of several engines.
        """
        return 0

    def in_a_row_ps(self, works: Sequence[Work], durations_ps: Sequence[int]) -> Fraction | int:  # noqa: ARG002
        """Exact picoseconds of these works in sequence, without contention.

        `durations_ps` are their durations. A kind that rounds less often than once per task overrides this.
        """
        return sum(durations_ps)

    def lanes(self, name: str) -> tuple[str, ...]:
        """Names of its engines, each with its own queue, if the component is called `name`.

        One engine is `name`; several are `name.0`, `name.1` and so on (`EngineName.channels`). The lanes of a
        `UnitSpec` are equal units that work by themselves; those of any other kind share what they have.
        """
        return (name,)

    def together_ps(self, works: Iterable[Work]) -> Fraction | int:  # noqa: ARG002
        """The least exact picoseconds of the work of all lanes on what they share; 0 if that is nothing."""
        return 0


class MemorySpec(EngineSpec):
    """A component that holds buffers, and copies between them."""

    capacity: Bytes
    """Its capacity, such as `1 MiB`."""

    def resources(self) -> tuple[Resource, ...]:
        return (Resource("capacity", self.capacity, SIZE), *super().resources())

    def occupied(self, nbytes: int) -> int:
        """Bytes of the capacity that a buffer of `nbytes` occupies."""
        return nbytes


class UnitSpec(EngineSpec):
    """A compute unit, of which a chip may have several equal ones.

    Everything else that it states is of a single unit. Each unit works by itself, one task at a time.
    """

    count: Annotated[int, Field(strict=True, ge=1, le=256)] = 1
    """The number of equal units, each with the figures stated here. With `2`, the component `matrix` has
    the engines `matrix.0` and `matrix.1`."""

    def lanes(self, name: str) -> tuple[str, ...]:
        return EngineName.channels(name, self.count)

    def area_um2(self, nm: int) -> int:
        """The area of all units."""
        return self.count * super().area_um2(nm)

    def cost_uusd(self, nm: int) -> int:
        """The cost of all units."""
        return self.count * self.cost if self.cost is not None else super().cost_uusd(nm)
