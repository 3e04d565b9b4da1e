"""Streams of requests: arrival times, and the Programs that can serve them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice

from simres.errors import AnswerIsNo
from simres.program.tasks import Program
from simres.scenario.arrivals import RequestLoad
from simres.simulation import arrival_times
from simres.simulation.stream import Stream


def stream_of(
    load: RequestLoad,
    programs: Mapping[int, Program],
    start_ps: int = 0,
    tenant: str = "",
    replication: int = 0,
) -> Stream:
    """The stream of requests that a load describes, for Programs by batch size.

    Tenants and replications have separate arrivals; each series is the same at every rate but for its scale.
    """
    return Stream(
        programs,
        partial(_arrivals, load, tenant, replication),
        load.images,
        load.warmup,
        start_ps,
        load.deadline_ps,
        load.timeout_ps,
    )


def _arrivals(load: RequestLoad, tenant: str, replication: int) -> Iterator[int]:
    draw = arrival_times.uniform(load.seed, tenant, replication)
    match load.arrivals:
        case "poisson":
            return arrival_times.poisson(load.per_ks, draw)
        case "periodic":
            return arrival_times.periodic(load.per_ks)
        case "bursty":
            return arrival_times.bursty(load.per_ks, load.burst, draw)
        case "trace":
            return islice(load.trace, None)


def refuse_mixed(programs: Mapping[int, Program]) -> None:
    """Raises `AnswerIsNo` if Programs by batch size differ in what they expect and leave in memory, so that
    one could not follow another."""
    kept = {size: _kept(program) for size, program in programs.items()}
    first = min(programs)
    for size in programs:
        if kept[size] != kept[first]:
            raise AnswerIsNo(
                f"the Programs for batches of {first} and of {size} images keep different weights on "
                "chip, so one cannot follow the other",
                "use smaller batches (`load.batch.most`) or more on-chip memory",
            )


def _kept(program: Program) -> list[tuple[str, int, str]]:
    """The buffers that a Program expects in memory, and leaves there."""
    held = (program.buffers[number] for number in program.resident_in)
    return sorted((buffer.tensor, buffer.nbytes, str(buffer.box)) for buffer in held)
