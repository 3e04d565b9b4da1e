"""The rate of requests at which a latency leaves its target.

Every replication has arrivals of its own and keeps them at every rate, stretched (common random numbers). At
a row of rates, shares of what the chip can serve, all of them are run: that is the table. Between the last
rate of the row that keeps the target and the next, each replication's own border is then found by halving the
interval a fixed number of times. What is reported is the mean of these borders, with its confidence interval
by Student's t: the replications are independent and as good as equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from simres.analysis.student import interval
from simres.errors import AnswerIsNo, SimresError
from simres.planning import behaviours_of, plan
from simres.plugins import Registry
from simres.record import Record, RecordLevel, StreamTotals
from simres.scenario.model import Scenario
from simres.serving import capacity_per_ks, stream_of
from simres.simulation.run import Tenant, run_tenants
from simres.units import PS_PER_S, format_arrivals, format_duration
from simres.workload import Ledger, Workload

SHARES = (10, 30, 50, 60, 70, 80, 90, 95)
"""Rates of the table, in per cent of what the chip serves when requests never run out."""
HALVINGS = 5
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """What replications came to at a rate: means, and half the width of the target's confidence interval."""

    per_ks: int
    busy: float
    """Share of the time that the busiest engine works."""
    p50_ps: float
    p99_ps: float
    target_ps: float
    margin_ps: float
    queue: float
    throughput_per_ks: float
    mean_ps: float


@dataclass(frozen=True, slots=True)
class Saturation:
    """The rate up to which the target is kept, and how sure that is.

    `knee` is the rate of the table at which throughput over mean latency, Kleinrock's power (1979), is
    largest: beyond it, latency grows faster than throughput.
    """

    name: str
    metric: str
    limit_ps: int
    per_ks: int
    margin_per_ks: int
    step_per_ks: int
    """How finely a replication's border was looked for."""
    capacity_per_ks: int
    replications: int
    confidence: float
    requests: int
    warmup: int
    knee_per_ks: int
    rates: tuple[Rate, ...]


def figure(stream: StreamTotals, metric: str) -> int:
    """Picoseconds of a percentile, or of the mean."""
    if metric == "mean":
        return stream.counted_latency_ps // stream.counted
    return stream.latency_ps[metric]


def saturate(
    scenario: Scenario,
    workload: Workload | Ledger,
    registry: Registry,
    metric: str,
    limit_ps: int,
    replications: int = 5,
    done: Callable[[int, int], None] = lambda _done, _whole: None,
) -> Saturation:
    """Finds the rate; `done` hears how many runs of how many are through.

    Raises `SimresError` for a scenario without a load that has a rate, `AnswerIsNo` when the target is out
    of reach at any rate.
    """
    load = scenario.load
    if load is None or load.arrivals == "trace":
        raise SimresError(
            f"`{scenario.name}` has no `load` with a rate to vary",
            "write `load: {arrivals: poisson, rate: 400/s, images: 2000}`, say",
        )
    schedule = plan(scenario, workload, registry)
    chip, behaviours = schedule.chip, behaviours_of(schedule.chip, registry)
    capacity = capacity_per_ks(schedule.sizes, schedule.starts, chip, behaviours)
    if not capacity:
        raise SimresError(f"`{scenario.name}` takes no time, so it keeps up with any rate")
    whole, through = replications * (len(SHARES) + HALVINGS), 0
    seen: dict[tuple[int, int], Record] = {}

    def at(per_ks: int, replication: int) -> Record:
        nonlocal through
        if (per_ks, replication) not in seen:
            stream = stream_of(replace(load, per_ks=per_ks), schedule.sizes, replication=replication)
            crew = [Tenant(chip, schedule.starts, 0, stream)]
            ((seen[per_ks, replication], _),) = run_tenants(crew, chip, behaviours, RecordLevel.NONE)
            through += 1
            done(through, whole)
        return seen[per_ks, replication]

    def reached(per_ks: int, replication: int) -> int:
        return figure(at(per_ks, replication).streams[0], metric)

    row = [max(1, capacity * share // 100) for share in SHARES]
    rates = [_rate([at(per_ks, number) for number in range(replications)], per_ks, metric) for per_ks in row]
    kept = [number for number, rate in enumerate(rates) if rate.target_ps <= limit_ps]
    if not kept:
        least = min(rates, key=lambda rate: rate.target_ps)
        raise AnswerIsNo(
            f"{metric} <= {format_duration(limit_ps)} is out of reach at any rate: it is "
            f"{format_duration(round(least.target_ps))} at the best, at {format_arrivals(least.per_ks)}",
            "a faster chip, a smaller network, or a smaller batch or `timeout` where there are batches",
        )
    ends = [*row, capacity]
    bottom, top = ends[kept[-1]], ends[kept[-1] + 1]
    borders, step = [], 0
    for number in range(replications):
        low, high = _bracket(row, top, number, reached, limit_ps, bottom)
        for _ in range(HALVINGS):
            middle = (low + high) // 2
            if middle in (low, high):
                break
            if reached(middle, number) <= limit_ps:
                low = middle
            else:
                high = middle
        borders.append(low)
        step = max(step, high - low)
    mean, margin = interval(borders, CONFIDENCE)
    knee = max(rates, key=lambda rate: rate.throughput_per_ks / rate.mean_ps if rate.mean_ps else 0)
    return Saturation(
        scenario.name,
        metric,
        limit_ps,
        round(mean),
        round(margin),
        step,
        capacity,
        replications,
        CONFIDENCE,
        load.images,
        load.warmup,
        knee.per_ks,
        tuple(rates),
    )


def _bracket(
    row: Sequence[int],
    top: int,
    number: int,
    reached: Callable[[int, int], int],
    limit_ps: int,
    bottom: int,
) -> tuple[int, int]:
    """A rate that keeps the target in this replication and the next of the row; that of the mean, if any."""
    good = [per_ks for per_ks in row if reached(per_ks, number) <= limit_ps]
    if not good:
        return 0, row[0]
    if good[-1] == bottom:
        return bottom, top
    following = [per_ks for per_ks in row if per_ks > good[-1]]
    return good[-1], following[0] if following else top


def _rate(records: Sequence[Record], per_ks: int, metric: str) -> Rate:
    streams = [record.streams[0] for record in records]
    busy = [
        max(engine.working_ps for engine in record.engines.values()) / record.makespan_ps
        for record in records
    ]

    def mean(values: Sequence[float]) -> float:
        return interval(values, CONFIDENCE)[0]

    target, margin = interval([figure(stream, metric) for stream in streams], CONFIDENCE)
    took = [stream.until_ps - stream.from_ps for stream in streams]
    return Rate(
        per_ks,
        mean(busy),
        mean([stream.latency_ps["p50"] for stream in streams]),
        mean([stream.latency_ps["p99"] for stream in streams]),
        target,
        margin,
        mean([stream.counted_waiting_ps / ps for stream, ps in zip(streams, took, strict=True)]),
        mean([stream.counted * 1000 * PS_PER_S / ps for stream, ps in zip(streams, took, strict=True)]),
        mean([figure(stream, "mean") for stream in streams]),
    )
