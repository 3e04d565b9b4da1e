"""What the built-in search and schedules are worth on random networks: each beside the solver's optimum.

A network is that of a seed, on one of three chips, with a quarter, half or all of its bytes as memory.
Needs `simres[testing]`.
"""

from __future__ import annotations

from typing import NamedTuple

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.program.tasks import Program
from simres.scheduling.costs import Costs
from simres.scheduling.groups import groups
from simres.scheduling.labels import Aim
from simres.scheduling.mapspace import Mapspace
from simres.scheduling.outline import Outline
from simres.scheduling.stage_search import StageSearch
from simres.scheduling.unfused import unfused
from simres.testing import chip, prove, seeded_graph
from simres.workload.graph import Workload
from simres_exact.best_order import Ordered, best_order
from simres_exact.best_stages import Optimum, best_stages

CHIPS = {
    "paper": ("1 GB/s", "0 ns", "1 TFLOP/s", "0 ns", "10 GFLOP/s"),
    "edge": ("16 GB/s", "100 ns", "2.3 TFLOP/s", "1 us", "28.8 GFLOP/s"),
    "even": ("1 GB/s", "0 ns", "8 GFLOP/s", "0 ns", "1 GFLOP/s"),
}
"""Bandwidth and latency of the bus, rate and launch of the matrix unit, rate of the host. The first is short
of bandwidth, on the second launches and latencies count, and on the third all engines have much to do."""

SHARES = (0.25, 0.5, 1.0)
"""The memory, as a share of the bytes of all tensors."""

LEAST = 64
"""Bytes that a memory has at least."""


class Case(NamedTuple):
    """A random network on a chip."""

    seed: int
    machine: str
    share: float
    workload: Workload
    chip: Chip

    def __str__(self) -> str:
        return f"seed {self.seed} ({self.machine}, {self.share:.0%} of its bytes)"


def case(seed: int) -> Case:
    """The case of a seed."""
    names = tuple(CHIPS)
    machine, share = names[seed % len(names)], SHARES[seed // len(names) % len(SHARES)]
    workload = seeded_graph(seed)
    nbytes = sum(tensor.nbytes for tensor in workload.tensors.values() if tensor.view_of is None)
    bandwidth, latency, rate, launch, host = CHIPS[machine]
    parts = {
        "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": bandwidth, "latency": latency}),
        "sram": SramSpec.model_validate({"kind": "sram", "capacity": f"{max(LEAST, int(nbytes * share))} B"}),
        "matrix": MatrixSpec.model_validate({"kind": "matrix", "rate": rate, "launch": launch}),
        "host": HostSpec.model_validate({"kind": "host", "rate": host}),
    }
    return Case(seed, machine, share, workload, chip(parts))


class Searched(NamedTuple):
    """One aim of the search over stages: what it has with a few ways kept (`usual`), with all that count
    (`least`), and the optimum. None where nothing fits.

    `slack` is how much rounding may add up to.
    """

    usual: int | None
    least: int | None
    optimum: Optimum | None
    slack: int

    @property
    def agrees(self) -> bool:
        """Whether solver and search find as little, or, where the solver proved nothing, the search does."""
        if self.least is None or self.optimum is None:
            return self.least is None and self.optimum is None
        if not self.optimum.proven:
            return self.optimum.bound - self.slack <= self.least <= self.optimum.value + self.slack
        return abs(self.least - self.optimum.value) <= self.slack


def searched(case: Case, aim: Aim, work: float) -> Searched | None:
    """The search's stages and the solver's; None for a network without operators, or if it gave up."""
    capacity = case.chip.scratchpad()[1].capacity
    outline = Outline(groups(unfused(case.workload)))
    found, count = StageSearch(Mapspace(outline), Costs(case.chip)), len(outline.groups.members)
    if not count:
        return None
    usual, least = found.run(capacity), found.least(capacity, aim)
    try:
        optimum = best_stages(found, capacity, aim, work)
    except AnswerIsNo:
        return None
    byte = 1 if aim is Aim.BYTES else 1 + found.costs.bus_ps(1, 0)
    return Searched(
        min(map(aim.of, usual), default=None),
        None if least is None else aim.of(least),
        optimum,
        count * (1 + byte),
    )


def ordered(case: Case, program: Program, work: float) -> tuple[int, Ordered]:
    """The makespan of a Program in its own order, in picoseconds, and the best order of its tasks."""
    given = prove(program, case.chip, case.workload).makespan_ps
    return given, best_order(program, case.chip, work)
