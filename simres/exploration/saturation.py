"""Finds the request rate at which a latency exceeds its target.

Every replication has arrivals of its own and keeps them at every rate, stretched (common random numbers). At
a row of rates, shares of what the chip can serve, all of them are run: that is the table. Between the last
rate of the row that keeps the targets and the next, each replication's own border is then found by halving
the interval a fixed number of times. What is reported is the mean of these borders, with its confidence
interval by Student's t: the replications are independent and as good as equal.

Of several networks on a chip the rates rise together, in the proportions of the scenario, or that of one
alone; a rate is then the sum of those that rise. The first latency to leave its target decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simres.analysis.confidence import interval
from simres.errors import AnswerIsNo, SimresError
from simres.exploration.request_rates import Ran, Traffic
from simres.plugins.registry import Registry
from simres.program.record import StreamTotals
from simres.scenario.model import Scenario
from simres.units import PS_PER_S, format_arrivals, format_duration
from simres.workload.graph import Ledger, Workload

SHARES = (10, 30, 50, 60, 70, 80, 90, 95)
"""Rates of the table, in per cent of what the chip serves when requests never run out."""
HALVINGS = 5
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class LatencyTarget:
    """A latency to keep: whose (empty where there is one network), which figure of it, how long at most."""

    tenant: str
    metric: str
    limit_ps: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What replications came to at a rate: means, and half the width of the target's confidence interval.

    `target` is the one that a latency is nearest to, or furthest beyond; percentiles and `target_ps` are of
    its tenant, everything else is of all requests. `kept` says whether all targets are.
    """

    per_ks: int
    target: LatencyTarget
    kept: bool
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
class OfferedLoad:
    """What came for one tenant: requests at the border a thousand seconds, and whether that rate rose."""

    tenant: str
    per_ks: int
    rises: bool
    requests: int
    warmup: int


@dataclass(frozen=True, slots=True)
class Saturation:
    """The rate up to which the targets are kept, and how sure that is.

    `knee` is the rate of the table at which throughput over mean latency, Kleinrock's power (1979), is
    largest: beyond it, latency grows faster than throughput.
    """

    name: str
    targets: tuple[LatencyTarget, ...]
    per_ks: int
    margin_per_ks: int
    step_per_ks: int
    """How finely a replication's border was looked for."""
    capacity_per_ks: int
    replications: int
    confidence: float
    asked: tuple[OfferedLoad, ...]
    decides: str
    """The tenant whose latency leaves its target first, in most replications; empty where there is one
    network, or where all keep their targets up to what the chip serves."""
    knee_per_ks: int
    rates: tuple[Rate, ...]


def figure(stream: StreamTotals, metric: str) -> int:
    """Picoseconds of a percentile, or of the mean."""
    if metric == "mean":
        return stream.counted_latency_ps // stream.counted
    return stream.latency_ps[metric]


def saturate(
    scenario: Scenario,
    workloads: Mapping[str, Workload | Ledger],
    registry: Registry,
    targets: Sequence[LatencyTarget],
    replications: int = 5,
    done: Callable[[int, int], None] = lambda _done, _whole: None,
    tenant: str | None = None,
) -> Saturation:
    """Finds the rate; `done` hears how many runs of how many are through.

    `workloads` are by tenant, that of an only network under the empty name. `targets` are of tenants by name,
    or of the one network that there is; `tenant` says whose rate alone rises. Raises `SimresError` for a
    scenario without a load that has a rate, for names of no tenant, and where those whose rate stays ask for
    too much already; `AnswerIsNo` when a target is out of reach at any rate.
    """
    traffic = Traffic(scenario, workloads, registry, tenant)
    for target in targets:
        if target.tenant not in traffic.loads:
            raise SimresError(
                f"the target of `{target.tenant}` is of no requests: "
                + (
                    f"those with a `load` are {', '.join(traffic.loads)}"
                    if scenario.tenants
                    else "no tenants"
                )
            )
    capacity = traffic.capacity_per_ks
    whole, through = replications * (len(SHARES) + HALVINGS), 0
    seen: dict[tuple[int, int], Ran] = {}

    def at(per_ks: int, replication: int) -> Ran:
        nonlocal through
        if (per_ks, replication) not in seen:
            seen[per_ks, replication] = traffic.run(per_ks, replication)
            through += 1
            done(through, whole)
        return seen[per_ks, replication]

    def tightest(per_ks: int, replication: int) -> tuple[bool, str]:
        """Whether a replication keeps all targets, and whose is the nearest to its own or furthest beyond."""
        streams = at(per_ks, replication).streams
        reached = [figure(streams[target.tenant], target.metric) for target in targets]
        kept = all(ps <= target.limit_ps for ps, target in zip(reached, targets, strict=True))
        return kept, targets[_tightest(reached, targets)].tenant

    row = sorted({max(1, capacity * share // 100) for share in SHARES})
    rates = [_rate([at(per_ks, n) for n in range(replications)], per_ks, targets) for per_ks in row]
    kept = [number for number, rate in enumerate(rates) if rate.kept]
    if not kept:
        raise _out_of_reach(rates)
    ends = [*row, capacity]
    bottom, top = ends[kept[-1]], ends[kept[-1] + 1]
    borders, step = [], 0
    first: Counter[str] = Counter()
    for number in range(replications):
        low, high = _bracket(row, top, [tightest(per_ks, number)[0] for per_ks in row], bottom)
        decides = tightest(high, number)[1] if high in row else ""
        for _ in range(HALVINGS):
            middle = (low + high) // 2
            if middle in (low, high):
                break
            fine, nearest = tightest(middle, number)
            if fine:
                low = middle
            else:
                high, decides = middle, nearest
        borders.append(low)
        first[decides] += 1
        step = max(step, high - low)
    mean, margin = interval(borders, CONFIDENCE)
    knee = max(rates, key=lambda rate: rate.throughput_per_ks / rate.mean_ps if rate.mean_ps else 0)
    at_border = traffic.rates(max(1, round(mean)))
    return Saturation(
        scenario.name,
        tuple(targets),
        round(mean),
        round(margin),
        step,
        capacity,
        replications,
        CONFIDENCE,
        tuple(
            OfferedLoad(name, at_border[name], name in traffic.rising, load.images, load.warmup)
            for name, load in traffic.loads.items()
        ),
        max(first, key=lambda name: (first[name], name)),
        knee.per_ks,
        tuple(rates),
    )


def _tightest(reached: Sequence[float], targets: Sequence[LatencyTarget]) -> int:
    """Which of the figures is the nearest to its target, or the furthest beyond."""
    return max(range(len(targets)), key=lambda number: reached[number] / targets[number].limit_ps)


def _bracket(row: Sequence[int], top: int, kept: Sequence[bool], bottom: int) -> tuple[int, int]:
    """A rate that keeps the targets in a replication and the next of the row; that of the mean, if any."""
    good = [per_ks for per_ks, fine in zip(row, kept, strict=True) if fine]
    if not good:
        return 0, row[0]
    if good[-1] == bottom:
        return bottom, top
    following = [per_ks for per_ks in row if per_ks > good[-1]]
    return good[-1], following[0] if following else top


def _rate(runs: Sequence[Ran], per_ks: int, targets: Sequence[LatencyTarget]) -> Rate:
    def mean(values: Sequence[float]) -> float:
        return interval(values, CONFIDENCE)[0]

    intervals = [
        interval([figure(ran.streams[target.tenant], target.metric) for ran in runs], CONFIDENCE)
        for target in targets
    ]
    nearest = _tightest([reached for reached, _ in intervals], targets)
    own = [ran.streams[targets[nearest].tenant] for ran in runs]
    return Rate(
        per_ks,
        targets[nearest],
        all(reached <= target.limit_ps for (reached, _), target in zip(intervals, targets, strict=True)),
        mean([ran.busy for ran in runs]),
        mean([stream.latency_ps["p50"] for stream in own]),
        mean([stream.latency_ps["p99"] for stream in own]),
        *intervals[nearest],
        mean([_queue(ran.streams) for ran in runs]),
        mean([_throughput_per_ks(ran.streams) for ran in runs]),
        mean([_mean_ps(ran.streams) for ran in runs]),
    )


def _queue(streams: Mapping[str, StreamTotals]) -> float:
    return sum(one.counted_waiting_ps / (one.until_ps - one.from_ps) for one in streams.values())


def _throughput_per_ks(streams: Mapping[str, StreamTotals]) -> float:
    return sum(one.counted * 1000 * PS_PER_S / (one.until_ps - one.from_ps) for one in streams.values())


def _mean_ps(streams: Mapping[str, StreamTotals]) -> int:
    return sum(one.counted_latency_ps for one in streams.values()) // sum(
        one.counted for one in streams.values()
    )


def _out_of_reach(rates: Sequence[Rate]) -> AnswerIsNo:
    least = min(rates, key=lambda rate: rate.target_ps / rate.target.limit_ps)
    limit, reached = format_duration(least.target.limit_ps), format_duration(round(least.target_ps))
    whose = f"{least.target.tenant}'s " if least.target.tenant else ""
    return AnswerIsNo(
        f"{whose}{least.target.metric.replace('_', '.')} <= {limit} is out of reach at any rate: it is "
        f"{reached} at the best, at {format_arrivals(least.per_ks)}",
        "a faster chip, a smaller network, or a smaller batch or `timeout` where there are batches",
    )
