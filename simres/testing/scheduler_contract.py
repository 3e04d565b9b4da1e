"""The contract of a scheduler: its Programs can be proved for every network and chip."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from simres import units
from simres.errors import AnswerIsNo, InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.plugins.hooks import Scheduler
from simres.plugins.registry import default_registry
from simres.program import Program
from simres.testing.contract import (
    ContractBroken,
    described,
    documented,
    example,
    for_all,
    hold,
    load_target,
    same,
)
from simres.testing.random_workloads import chip, ledgers, prove, workloads
from simres.workload import Ledger, Workload

AMPLE = "64 MiB"
"""Memory that holds every random workload completely."""

OWN = ("relu", "bias", "norm", "max_pool")
"""Operators that are another host's, where there are two."""


def _chip(channels: int, capacity: str, latency: str, hosts: int) -> Chip:
    bus = {"kind": "ddr", "bandwidth": "1 GB/s", "channels": channels, "latency": latency}
    other = {"kind": "host", "rate": "5 GFLOP/s", "runs": OWN}
    return chip(
        {
            # Not the shipped chips' names: a scheduler must find components by role.
            "bus": BusSpec.model_validate(bus),
            "scratchpad": SramSpec.model_validate({"kind": "sram", "capacity": capacity}),
            "array": MatrixSpec.model_validate({"kind": "matrix", "rate": "1 TFLOP/s"}),
            "cpu": HostSpec.model_validate({"kind": "host", "rate": "10 GFLOP/s"}),
            **({"vector": HostSpec.model_validate(other)} if hosts > 1 else {}),
        }
    )


chips = st.builds(
    _chip,
    st.sampled_from([1, 2]),
    st.sampled_from(["512 B", "3 KiB", "16 KiB", AMPLE]),
    st.sampled_from(["0 ns", "100 ns"]),
    st.sampled_from([1, 2]),
)


def check_scheduler(scheduler: str | Scheduler, **parameters: Any) -> None:
    """Checks a scheduler, by name or as declared, against the contract of schedulers.

    `parameters` are the settings that a scenario would give it. On random networks (or ledgers, if it takes
    those) and chips with little or ample memory, one bus channel or two, one host or two that run different
    operators, each Program passes every static check (dependencies, residency, capacity, compulsory traffic,
    engines), runs, and keeps every invariant; equal inputs give equal Programs; and where everything fits, it
    finds a schedule.

    Raises `ContractBroken`, or the invariant that was broken.
    """
    if isinstance(scheduler, str):
        scheduler = default_registry().scheduler(scheduler)
    described(scheduler)
    hold(scheduler.takes in ("graph", "ledger"), f"takes must be graph or ledger, is `{scheduler.takes}`")
    schedule, model = load_target(scheduler), load_target(scheduler, "parameters")
    hold(
        isinstance(model, type) and issubclass(model, BaseModel),
        f"parameters `{scheduler.parameters}` is no pydantic model",
    )
    documented(model)
    chosen = _parameters(model, example(model, parameters))
    source: st.SearchStrategy[Workload | Ledger] = ledgers() if scheduler.takes == "ledger" else workloads()

    def programs(workload: Workload | Ledger, system: Chip) -> list[Program]:
        offered = schedule(workload, system, chosen)
        return [offered] if isinstance(offered, Program) else list(offered)

    @for_all(source, chips)
    def _(workload: Workload | Ledger, system: Chip) -> None:
        digest = workload.digest
        try:
            offered = programs(workload, system)
        except InvariantViolation:
            raise
        except AnswerIsNo as refusal:
            ample = system.memories["scratchpad"].capacity == 64 << 20
            hold(not ample, f"it refuses a network that fits the memory whole: {refusal.message}")
            return
        hold(bool(offered), "it offers no Program")
        for program in offered:
            hold(isinstance(program, Program), f"it offers {type(program).__name__}, which is no Program")
            hold(program.scheduler == scheduler.name, f"its Program says `{program.scheduler}` made it")
            hold(program.workload in ("", digest), "its Program names another workload's digest")
            prove(program, system, workload)
        same(offered, programs(workload, system), "what it schedules")
        same(digest, workload.digest, "the workload that it was given")


def _parameters(model: type[BaseModel], said: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate(said, context=units.SPELLED)
    except ValidationError as error:
        raise ContractBroken(f"its parameters refuse {said}: {error.errors()[0]['msg']}") from error
