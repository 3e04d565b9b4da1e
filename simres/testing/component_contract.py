"""The contract of a kind of component: its keys, its times, and its behaviour in a chip."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from simres import units
from simres.errors import AnswerIsNo
from simres.hardware.area_costs import TECHNOLOGIES, USUAL_NM
from simres.hardware.chip import Chip
from simres.hardware.energy_costs import EnergyCosts
from simres.hardware.specs import BackgroundSpec, ComponentSpec, EngineSpec, MemorySpec, UnitSpec
from simres.plugins.hooks import Component, ComponentRole
from simres.plugins.registry import default_registry
from simres.program import EngineName, Program, Work
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.testing.contract import described, documented, example, for_all, hold, load_target, same
from simres.testing.moved_bytes_contract import check_moved_bytes, check_moving
from simres.testing.random_workloads import chip, nests, paper_chip, prove, workloads
from simres.workload import Op, Unit, Workload
from simres.workload.kinds import KINDS

PLACES = {
    ComponentRole.BUS: "ddr",
    ComponentRole.MEMORY: "sram",
    ComponentRole.MATRIX: "matrix",
    ComponentRole.HOST: "host",
    ComponentRole.PROCESSOR: "cpu",
    ComponentRole.MASTER: "camera",
}
"""The name of the component of each role in the contract's chip."""

amounts = st.integers(0, 1 << 20)


def check_component(component: str | Component, **figures: Any) -> None:
    """Checks a kind of component, by name or as declared, against the contract of components.

    `figures` are its keys as a scenario has them (`rate="1 TFLOP/s"`); a key whose schema has an example may
    be omitted. The checks are: every key is documented; misspelt keys are refused; a stored spec reads back
    the same; times are whole picoseconds, deterministic, never below the peak, and those of parts never below
    the peak of the whole; its engines are named by the rule of `EngineName.channels`; neither
    energy nor area is negative; a bus takes the time of the bytes that it says it moves, and no other kind
    says that it compresses; and in a chip, on random workloads, every invariant of the simulation holds
    and two runs give equal Records; so they do with two equal units of a `UnitSpec`.

    Raises `ContractBroken`, or the invariant that was broken.
    """
    if isinstance(component, str):
        component = default_registry().component(component)
    described(component)
    model = load_target(component, "spec")
    hold(
        isinstance(model, type) and issubclass(model, ComponentSpec),
        f"spec `{component.spec}` is no `simres.hardware.specs.ComponentSpec`",
    )
    for field in model.model_fields:
        taken = any(callable(vars(owner).get(field)) for owner in model.__mro__ if owner is not model)
        hold(not taken, f"its key `{field}` hides what `{model.__mro__[1].__name__}` calls so: rename it")
    documented(model)
    said = {"kind": component.kind} | figures
    if component.role is ComponentRole.MASTER:
        said |= {"bus": "ddr"}
    spec = _spec(model, example(model, said))
    _keys(model, spec)
    if isinstance(spec, EngineSpec):
        lanes = spec.lanes("part")
        named = lanes == EngineName.channels("part", len(lanes))
        hold(named, f"its engines are named {lanes}: take the names that `EngineName.channels` gives")
        _prices(component, spec)
        _energy(spec)
        _area(spec)
        if component.role is ComponentRole.BUS:
            check_moved_bytes(spec)
        else:
            plain = type(spec).moved_bytes is EngineSpec.moved_bytes and not spec.sees_tensors
            hold(plain, "`moved_bytes` and `sees_tensors` are of buses alone: nothing else moves off chip")
    if isinstance(spec, MemorySpec):
        _space(spec)
    hold(
        isinstance(spec, EngineSpec) or component.role is ComponentRole.MASTER,
        f"a {component.role.value} does tasks, so its spec must be an `EngineSpec`",
    )
    hold(
        isinstance(spec, MemorySpec) == (component.role is ComponentRole.MEMORY),
        "the role `memory` and a `MemorySpec` go together",
    )
    hold(
        isinstance(spec, BackgroundSpec) == (component.role is ComponentRole.MASTER),
        "the role `master` and a `BackgroundSpec` go together",
    )
    _in_a_chip(component, spec)
    if isinstance(spec, UnitSpec):
        _in_a_chip(component, spec.model_copy(update={"count": 2}), cases=5)


def _spec(model: type[ComponentSpec], said: dict[str, Any]) -> ComponentSpec:
    try:
        return model.model_validate(said, context=units.SPELLED)
    except ValidationError as error:
        hold(False, f"its spec refuses {said}: {error.errors()[0]['msg']}")
        raise


def _keys(model: type[ComponentSpec], spec: ComponentSpec) -> None:
    stored = spec.model_dump(mode="json")
    same(spec, model.model_validate(stored, context=units.SPELLED), "the spec as a result stores it")
    try:
        model.model_validate(stored | {"no_such_key": 1}, context=units.SPELLED)
    except ValidationError:
        pass
    else:
        hold(False, "it takes a key that it does not have: keep `extra='forbid'` in `model_config`")
    try:
        spec.kind = "other"  # type: ignore[misc]
    except (ValidationError, AttributeError, TypeError):
        pass
    else:
        hold(False, "it can be changed: keep `frozen=True` in `model_config`")


def _works(role: ComponentRole) -> st.SearchStrategy[Work]:
    """Draws work that schedulers give to a component of that role; without a graph there is no loop nest."""
    if role is ComponentRole.HOST:
        return st.builds(Work, vector_ops=amounts)
    if ComponentRole.MATRIX not in role.covers:
        return st.builds(Work, nbytes=amounts, write=st.booleans())
    graph = nests().map(
        lambda loops: Work(
            macs=loops.macs,
            loops=loops,
            op=Op("op", "conv", Unit.MATRIX, ("x", "w"), ("y",), macs=loops.macs, loops=loops),
        )
    )
    products = st.one_of(graph, st.builds(Work, macs=amounts))
    if role is ComponentRole.PROCESSOR:
        return st.one_of(products, st.builds(Work, vector_ops=amounts))
    return products


def _total(works: Sequence[Work]) -> Work:
    return Work(
        nbytes=sum(work.nbytes for work in works),
        macs=sum(work.macs for work in works),
        vector_ops=sum(work.vector_ops for work in works),
    )


def _by_kind(spec: EngineSpec) -> None:
    """No kind of operator is done faster than the peak: its own, and that of work which says less of it."""
    for kind, entry in KINDS.items():
        if entry.unit is Unit.HOST and not entry.pooling:
            count = 1 << 16
            whole = Op("op", kind, Unit.HOST, ("x",), ("y",), vector_ops=count)
            duration = spec.duration_ps(Work(vector_ops=count, op=whole))
            for op in (None, Op("", kind, Unit.HOST, (), ()), whole):
                peak = spec.at_peak_ps(Work(vector_ops=count, op=op))
                named = f"of `{kind}`" if op else "whose operator is not said"
                hold(
                    peak <= duration,
                    f"at_peak_ps is what nothing can beat, and is {float(peak):.0f} for {count} vector "
                    f"operations {named}; `{kind}` takes {duration} (duration_ps)",
                )


def _prices(component: Component, spec: EngineSpec) -> None:
    if ComponentRole.HOST in component.role.covers:
        _by_kind(spec)

    @for_all(st.lists(_works(component.role), min_size=1, max_size=6))
    def _(works: list[Work]) -> None:
        durations = []
        for work in works:
            duration, peak = spec.duration_ps(work), spec.at_peak_ps(work)
            hold(
                isinstance(duration, int) and not isinstance(duration, bool) and duration >= 0,
                f"duration_ps must be whole picoseconds from 0 on, is {duration!r} for {work}",
            )
            hold(isinstance(peak, int | Fraction), f"at_peak_ps must be exact (a Fraction), is {peak!r}")
            hold(
                0 <= peak <= duration,
                f"at_peak_ps is what nothing can beat, and is {peak}; duration_ps is {duration} for {work}",
            )
            hold(
                0 <= spec.task_ps <= duration - peak,
                f"task_ps comes on top of at_peak_ps, {peak}, and is {spec.task_ps}; "
                f"duration_ps is {duration} for {work}",
            )
            same(duration, spec.duration_ps(work), "duration_ps")
            durations.append(duration)
        peak = spec.at_peak_ps(_total(works))
        hold(
            peak <= sum(durations),
            f"at_peak_ps of {len(works)} pieces of work together is {peak}, and one after the other they "
            f"take {sum(durations)} ps: it must grow no faster than the amount of work",
        )
        hold(
            peak <= sum(spec.at_peak_ps(work) for work in works),
            f"at_peak_ps of {len(works)} pieces of work together is {peak}, more than the sum of their own",
        )
        row = spec.in_a_row_ps(works, durations)
        hold(0 <= row <= sum(durations), f"in_a_row_ps is {row}, more than {sum(durations)}, the sum")


def _energy(spec: EngineSpec) -> None:
    costs = spec.energy_costs()
    hold(isinstance(costs, EnergyCosts), f"energy_costs must be EnergyCosts, is {type(costs).__name__}")
    figures = (costs.byte_fj, costs.operation_fj, costs.static_uw, *costs.mac_fj.values())
    hold(
        all(isinstance(figure, int) and figure >= 0 for figure in figures),
        "energy_costs must be whole femtojoules and microwatts from 0 on",
    )
    same(costs, spec.energy_costs(), "energy_costs")


def _area(spec: EngineSpec) -> None:
    for nm in TECHNOLOGIES:
        for name, found in (("area_um2", spec.area_um2(nm)), ("cost_uusd", spec.cost_uusd(nm))):
            hold(
                isinstance(found, int) and found >= 0,
                f"{name}({nm}) must be a whole number from 0 on, not {found!r}",
            )
    same(spec.area_um2(USUAL_NM), spec.area_um2(USUAL_NM), "area_um2")


def _space(spec: MemorySpec) -> None:
    @for_all(st.integers(0, 1 << 40), st.integers(0, 1 << 20))
    def _(nbytes: int, more: int) -> None:
        taken = spec.occupied(nbytes)
        hold(
            isinstance(taken, int) and taken >= nbytes,
            f"a buffer of {nbytes} B must occupy as many whole bytes at least, not {taken!r}",
        )
        hold(spec.occupied(nbytes + more) >= taken, "a larger buffer occupies less")


def _in_a_chip(component: Component, spec: ComponentSpec, cases: int = 20) -> None:
    """Runs random workloads on the paper's chip with this component in its place."""
    place = PLACES[component.role]
    base = paper_chip(capacity="1 MiB")
    replaced = {PLACES[role] for role in component.role.covers}
    others = {name: part for name, part in base.components.items() if name not in replaced}
    system = chip({**others, place: spec}, {**base.roles, place: component.role})
    engines = {place: load_target(component, "engine")} if isinstance(spec, EngineSpec) else {}
    if component.role is ComponentRole.BUS:
        check_moving(system, engines, place)

    @for_all(workloads(), cases=cases)
    def _(workload: Workload) -> None:
        for program in _programs(workload, system):
            first = prove(program, system, workload, engines)
            same(first, prove(program, system, workload, engines), "the Record of a run")


def _programs(workload: Workload, system: Chip) -> list[Program]:
    try:
        return [
            serial.schedule(workload, system, NoParameters()),
            overlapped.schedule(workload, system, overlapped.Parameters()),
        ]
    except AnswerIsNo:  # a memory too small for it
        return []
