"""A chip as schedulers see it: named components, what each may be used for, what work costs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from simres.errors import SimresError
from simres.hardware.specs import ComponentSpec, EngineSpec, MemorySpec
from simres.hookspecs import ComponentRole
from simres.program import Work


@dataclass(frozen=True)
class Chip:
    """The components of a scenario by name, in its order, and the role of each."""

    components: Mapping[str, ComponentSpec]
    roles: Mapping[str, ComponentRole]

    @cached_property
    def engines(self) -> Mapping[str, EngineSpec]:
        """Everything that does tasks; memories copy within themselves."""
        return {name: spec for name, spec in self.components.items() if isinstance(spec, EngineSpec)}

    @cached_property
    def memories(self) -> Mapping[str, MemorySpec]:
        """Everything that holds buffers."""
        return {name: spec for name, spec in self.components.items() if isinstance(spec, MemorySpec)}

    @cached_property
    def _by_role(self) -> Mapping[ComponentRole, Mapping[str, EngineSpec]]:
        return {
            role: {name: spec for name, spec in self.engines.items() if self.roles[name] is role}
            for role in ComponentRole
        }

    def named(self, role: ComponentRole) -> Mapping[str, EngineSpec]:
        """The engines of one role, in the scenario's order."""
        return self._by_role[role]

    def fastest(self, role: ComponentRole, work: Work) -> str:
        """The name of the engine of that role that does `work` soonest; the first of equals.

        Raises `SimresError` when the chip has none.
        """
        named = self.named(role)
        if not named:
            raise SimresError(
                f"the chip has no {role.value} component, and the workload needs one",
                f"add one of that role under `hardware:`; it has {', '.join(self.components) or 'nothing'}",
            )
        if len(named) == 1:
            return next(iter(named))
        return min(named, key=lambda name: named[name].duration_ps(work))

    def scratchpad(self) -> tuple[str, MemorySpec]:
        """The largest on-chip memory and its name; the first of equals.

        Raises `SimresError` when the chip has none.
        """
        memories = self.memories
        if not memories:
            raise SimresError(
                "the chip has no on-chip memory, and the scheduler needs one",
                "add an `sram` under `hardware:`",
            )
        name = max(memories, key=lambda name: memories[name].capacity)
        return name, memories[name]
