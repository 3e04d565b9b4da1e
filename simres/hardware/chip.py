"""A chip as schedulers see it: named components, their roles, and the cost of work on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil

from simres.errors import SimresError
from simres.hardware.channel import Arbitration
from simres.hardware.least import least_ps
from simres.hardware.specs import BackgroundSpec, BusSpec, ComponentSpec, EngineSpec, MemorySpec, UnitSpec
from simres.program.names import EngineName
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.units import PS_PER_S

ANY = "any"
"""Stands for every kind of operator among those that a host runs."""


@dataclass(frozen=True)
class Chip:
    """The components of a scenario by name, in its order, and the role of each.

    A component has one engine of the same name, or several: a bus `ddr` with two channels has `ddr.0` and
    `ddr.1`, two equal units `matrix` are `matrix.0` and `matrix.1`. Raises `SimresError` if a background
    master is on no bus or leaves nothing of it to the others, and if a kind of component gives its engines
    invalid names (`EngineName`).
    """

    components: Mapping[str, ComponentSpec]
    roles: Mapping[str, ComponentRole]

    def __post_init__(self) -> None:
        for lane, name in self._component_of.items():
            if (found := EngineName.parse(lane)).component != name or found.tenant:
                raise SimresError(
                    f"`hardware.{name}`: the kind `{self.components[name].kind}` names an engine `{lane}`",
                    f"the engines of a component are `{name}`, or `{name}.0`, `{name}.1` and so on; "
                    "`EngineName.channels` gives them",
                )
        for name, spec in self.components.items():
            if isinstance(spec, BackgroundSpec) and not isinstance(self.components.get(spec.bus), BusSpec):
                buses = [bus for bus, other in self.components.items() if isinstance(other, BusSpec)]
                raise SimresError(
                    f"`hardware.{name}.bus`: there is no bus `{spec.bus}`",
                    f"buses of this chip: {', '.join(buses) or 'none'}",
                )
        for name, spec in self.components.items():
            if isinstance(spec, BusSpec) and (share := _taken(spec, self.masters(name))) >= 1:
                raise SimresError(
                    f"the background masters on `{name}` may take {float(share):.0%} of it without "
                    "taking turns: no other transfer would be served",
                    f"give them less `bandwidth` or a larger `burst`, or set `hardware.{name}.arbitration` "
                    "to `round_robin`",
                )

    @cached_property
    def parts(self) -> Mapping[str, EngineSpec]:
        """The components that do tasks; memories do copies."""
        return {name: spec for name, spec in self.components.items() if isinstance(spec, EngineSpec)}

    @cached_property
    def _component_of(self) -> Mapping[str, str]:
        return {lane: name for name, spec in self.parts.items() for lane in spec.lanes(name)}

    def component_of(self, engine: str) -> str:
        """The name of the component that an engine belongs to."""
        return self._component_of[engine]

    @cached_property
    def engines(self) -> Mapping[str, EngineSpec]:
        """Every engine and the spec of its component."""
        parts = self.parts
        return {lane: parts[name] for lane, name in self._component_of.items()}

    @cached_property
    def memories(self) -> Mapping[str, MemorySpec]:
        """The components that hold buffers."""
        return {name: spec for name, spec in self.components.items() if isinstance(spec, MemorySpec)}

    @cached_property
    def shared(self) -> Mapping[str, tuple[str, ...]]:
        """The components whose engines contend with each other or with a master, with their engines."""
        found = {
            name: spec.lanes(name) for name, spec in self.parts.items() if not isinstance(spec, UnitSpec)
        }
        return {name: lanes for name, lanes in found.items() if len(lanes) > 1 or self.masters(name)}

    def units(self, component: str) -> int:
        """The number of equal units that a component consists of."""
        spec = self.parts[component]
        return spec.count if isinstance(spec, UnitSpec) else 1

    def masters(self, bus: str) -> Mapping[str, BackgroundSpec]:
        """The background masters on a bus."""
        return {
            name: spec
            for name, spec in self.components.items()
            if isinstance(spec, BackgroundSpec) and spec.bus == bus
        }

    def named(self, role: ComponentRole) -> Mapping[str, EngineSpec]:
        """The engines of one role, in the scenario's order."""
        return self._by_role[role]

    @cached_property
    def _by_role(self) -> Mapping[ComponentRole, Mapping[str, EngineSpec]]:
        return {
            role: {
                lane: spec
                for lane, spec in self.engines.items()
                if role in self.roles[self.component_of(lane)].covers
            }
            for role in ComponentRole
        }

    def able(self, role: ComponentRole, kind: str) -> Mapping[str, EngineSpec]:
        """The engines of one role that run a kind of operator, in the scenario's order.

        An operator goes to the hosts that name it in their `runs`; what none names, to those that name
        nothing. Those that name `any` take part in both. An empty kind is one that nobody names, as in a
        ledger. All other roles run everything.
        """
        if role is not ComponentRole.HOST:
            return self.named(role)
        return self._able.get(kind, self._able[""])

    @cached_property
    def _able(self) -> Mapping[str, Mapping[str, EngineSpec]]:
        """By kind of operator that a host names, and for all others under the empty one: who runs it."""
        runs = {lane: spec.operators() for lane, spec in self.named(ComponentRole.HOST).items()}
        named = {kind for stated in runs.values() for kind in stated or () if kind != ANY}
        return {
            kind: {
                lane: self.engines[lane]
                for lane, stated in runs.items()
                if (not kind if stated is None else stated & {kind, ANY})
            }
            for kind in ("", *sorted(named))
        }

    @cached_property
    def shares(self) -> Mapping[str, tuple[str, ...]]:
        """By kind of operator that a host names, and for all others under the empty one: the components that
        run it. Empty where no host names any."""
        if all(spec.operators() is None for spec in self.named(ComponentRole.HOST).values()):
            return {}
        return {
            kind: tuple(dict.fromkeys(map(self.component_of, lanes))) for kind, lanes in self._able.items()
        }

    @cached_property
    def duties(self) -> Mapping[tuple[str, ...], tuple[ComponentRole, ...]]:
        """The components that share work, and the roles of that work.

        The two roles of a processor are one entry if nothing else does either.
        """
        found: dict[tuple[str, ...], tuple[ComponentRole, ...]] = {}
        for role in (ComponentRole.BUS, ComponentRole.MATRIX, ComponentRole.HOST):
            names = tuple([name for name in self.parts if role in self.roles[name].covers])
            if names:
                found[names] = (*found.get(names, ()), role)
        return found

    @cached_property
    def teams(self) -> Mapping[tuple[str, ...], tuple[ComponentRole, ...]]:
        """The components that share work, as `duties`, and hosts apart that run operators of their own."""
        found: dict[tuple[str, ...], tuple[ComponentRole, ...]] = {}
        for names, roles in self.duties.items():
            if ComponentRole.HOST in roles:
                found |= {own: (ComponentRole.HOST,) for own in self.shares.values() if own}
            found[names] = roles
        return found

    def falls_to(self, names: tuple[str, ...], work: Work) -> bool:
        """Whether nobody but these components, one of the `teams`, does work of their roles."""
        if names in self.duties:
            return True
        shares, op = self.shares, work.op
        return op is not None and set(shares.get(op.kind, shares[""])) <= set(names)

    def least_ps(self, *works: Work) -> dict[str, int]:
        """The least picoseconds that components need for their part of all these works, at their peak.

        Components that share work stand under one name (`a+b`). Each is a lower bound. Work without a data
        type is of the fastest; work without an operator may be of any.
        """
        found = {}
        for names, roles in self.teams.items():
            asked = [
                part
                for work in works
                if self.falls_to(names, work)
                for role in roles
                if (part := _part(work, role)) is not None
            ]
            found["+".join(names)] = ceil(least_ps([self.parts[name] for name in names], asked))
        return found

    def fastest(self, role: ComponentRole, work: Work) -> str:
        """The name of the engine of that role that does `work` fastest; the first of equals.

        Only those count that are `able` to run the work's operator. Raises `SimresError` if there is none.
        """
        able = self.able(role, work.op.kind if work.op is not None else "")
        if not able:
            if self.named(role):
                raise SimresError(
                    f"no host of the chip runs {f'`{work.op.kind}`' if work.op else 'what no host names'}",
                    "name it in the `runs` of one, or have one without `runs`",
                )
            raise SimresError(
                f"the chip has no {role.value} component, and the workload needs one",
                f"add one of that role under `hardware:`; it has {', '.join(self.components) or 'nothing'}",
            )
        if len(able) == 1:
            return next(iter(able))
        return min(able, key=lambda name: able[name].duration_ps(work))

    def load_and_store(self, work: Work) -> tuple[str, str]:
        """The engines for loads and for stores: the first and the last channel of the fastest bus.

        They are the same if it has one channel. Raises `SimresError` if the chip has no bus.
        """
        bus = self.component_of(self.fastest(ComponentRole.BUS, work))
        lanes = self.parts[bus].lanes(bus)
        return lanes[0], lanes[-1]

    def scratchpad(self) -> tuple[str, MemorySpec]:
        """The name and the spec of the largest on-chip memory; the first of equals.

        Raises `SimresError` if the chip has none.
        """
        memories = self.memories
        if not memories:
            raise SimresError(
                "the chip has no on-chip memory, and the scheduler needs one",
                "add an `sram` under `hardware:`",
            )
        name = max(memories, key=lambda name: memories[name].capacity)
        return name, memories[name]


def _taken(bus: BusSpec, masters: Mapping[str, BackgroundSpec]) -> Fraction:
    """The largest share of a bus that masters can take: every request turns it around twice."""
    if bus.arbitration is Arbitration.ROUND_ROBIN:
        return Fraction(0)
    taken = Fraction(0)
    for master in masters.values():
        if master.urgent or bus.arbitration is Arbitration.FIFO:
            each = bus.transfer_ps(master.burst) + 2 * bus.turnaround
            taken += each * master.bandwidth / (master.burst * PS_PER_S)
    if bus.refresh_time:
        taken *= Fraction(bus.refresh_interval, bus.refresh_interval - bus.refresh_time)
    return taken


def _part(work: Work, role: ComponentRole) -> Work | None:
    """The work that a role does of all of it; None for a role that does none."""
    match role:
        case ComponentRole.BUS:
            return Work(nbytes=work.nbytes) if work.nbytes else None
        case ComponentRole.MATRIX:
            return Work(macs=work.macs, dtype=work.dtype) if work.macs else None
        case _:
            asked = Work(vector_ops=work.vector_ops, op=work.op, dtype=work.dtype)
            return asked if work.vector_ops else None
