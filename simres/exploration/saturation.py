"""Finds the request rate at which a latency exceeds its target.

Every replication has arrivals of its own and keeps them at every rate, stretched (common random numbers). All
replications run at each of a row of rates, which are shares of the chip's capacity: this is the table.
Between the last rate of the row that meets the targets and the next, each replication's own border is then
found by halving the interval a fixed number of times. The result is the mean of these borders, with its
confidence interval by Student's t: the replications are independent and practically identically distributed.

With several networks on a chip, their rates rise together, in the proportions of the scenario, or one rises
alone; a rate is then the sum of those that rise. The first latency to exceed its target decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simres import jobs
from simres.analysis.confidence import interval
from simres.errors import AnswerIsNo, SimresError
from simres.exploration.request_rates import Ran, Traffic
from simres.exploration.request_runs import RequestRuns
from simres.plugins.registry import Registry
from simres.program.record import StreamTotals
from simres.scenario.model import Scenario
from simres.units import PS_PER_S, format_arrivals, format_duration
from simres.workload.graph import Ledger, Workload

SHARES = (10, 30, 50, 60, 70, 80, 90, 95)
"""Rates of the table, in per cent of the chip's capacity (its rate when requests never run out)."""
HALVINGS = 5
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class LatencyTarget:
    """A latency limit: its tenant (empty for an only network), its metric, and the largest allowed value."""

    tenant: str
    metric: str
    limit_ps: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The result of all replications at a rate: means, and half the target's confidence interval.

    `target` is the one whose latency has the largest share of its limit; percentiles and `target_ps` are of
    its tenant, all other figures of all requests. `kept` says whether all targets are met.
    """

    per_ks: int
    target: LatencyTarget
    kept: bool
    busy: float
    """The busy share of the busiest engine."""
    p50_ps: float
    p99_ps: float
    target_ps: float
    margin_ps: float
    queue: float
    throughput_per_ks: float
    mean_ps: float


@dataclass(frozen=True, slots=True)
class OfferedLoad:
    """The load of one tenant: requests per thousand seconds at the border, and whether that rate rose."""

    tenant: str
    per_ks: int
    rises: bool
    requests: int
    warmup: int


@dataclass(frozen=True, slots=True)
class Saturation:
    """The largest rate at which the targets are met, and its uncertainty.

    `knee` is the rate of the table at which throughput over mean latency, Kleinrock's power (1979), is
    largest: beyond it, latency grows faster than throughput.
    """

    name: str
    targets: tuple[LatencyTarget, ...]
    per_ks: int
    margin_per_ks: int
    step_per_ks: int
    """The resolution of a replication's border."""
    capacity_per_ks: int
    replications: int
    confidence: float
    asked: tuple[OfferedLoad, ...]
    decides: str
    """The tenant whose latency exceeds its target first, in most replications; empty for an only network, or
    where all meet their targets up to the chip's capacity."""
    knee_per_ks: int
    rates: tuple[Rate, ...]
    complete: bool = True
    """False after an interruption: rates are missing, or the border is not as narrow as it could be."""


def figure(stream: StreamTotals, metric: str) -> int:
    """Returns a percentile or the mean, in picoseconds."""
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
    workers: int = 1,
) -> Saturation:
    """Finds the rate; `done` is called with the number of finished runs and of all runs.

    `workloads` are by tenant, that of an only network under the empty name. `targets` are by tenant, or of
    the only network; `tenant` names the only one whose rate rises. Long searches use up to `workers`
    processes; the result is the same. Interrupted on the command line, it returns what is known by then.

    Raises `SimresError` for a scenario without a load that has a rate, for unknown tenants, and where the
    fixed rates alone overload the chip; `AnswerIsNo` when a target cannot be met at any rate.
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
    whole = replications * (len(SHARES) + HALVINGS)
    with RequestRuns(traffic, workers, whole, done) as runs:
        search = _Search(traffic, targets, replications, runs)
        with jobs.job("runs", whole, done=lambda: len(runs.made), found=search.found):
            try:
                search.make_table()
                search.narrow()
                search.complete = True
            except KeyboardInterrupt:
                if not search.kept or not jobs.cut_short(f"after {len(runs.made)} of {whole} runs"):
                    raise
        return search.result(scenario.name)


class _Search:
    """The table of rates, and each replication's interval around its own border."""

    def __init__(
        self, traffic: Traffic, targets: Sequence[LatencyTarget], replications: int, runs: RequestRuns
    ) -> None:
        self.traffic = traffic
        self.targets = targets
        self.numbers = range(replications)
        self.runs = runs
        self.row = sorted({max(1, traffic.capacity_per_ks * share // 100) for share in SHARES})
        self.complete = False
        self.borders: list[tuple[int, int, str]] = []
        """By replication: the largest rate that keeps the targets, the smallest that does not, and the tenant
        that exceeds its target there."""

    def found(self) -> str:
        """What the last run came to."""
        if self.runs.latest is None:
            return ""
        per_ks, ran = self.runs.latest
        p99 = ", ".join(
            f"{format_duration(stream.latency_ps['p99'])}{f' of {name}' if name else ''}"
            for name, stream in ran.streams.items()
        )
        return f"p99 at {format_arrivals(per_ks)}: {p99}"

    @property
    def rates(self) -> list[Rate]:
        """The rates of the table at which all replications ran."""
        made = self.runs.made
        whole = [per_ks for per_ks in self.row if all((per_ks, number) in made for number in self.numbers)]
        return [
            _rate([made[per_ks, number] for number in self.numbers], per_ks, self.targets) for per_ks in whole
        ]

    @property
    def kept(self) -> list[int]:
        """Those at which the targets are met."""
        return [rate.per_ks for rate in self.rates if rate.kept]

    def tightest(self, per_ks: int, replication: int) -> tuple[bool, str]:
        """Returns whether a replication meets all targets, and the tenant of the tightest target."""
        streams = self.runs.at(per_ks, replication).streams
        reached = [figure(streams[target.tenant], target.metric) for target in self.targets]
        kept = all(ps <= target.limit_ps for ps, target in zip(reached, self.targets, strict=True))
        return kept, self.targets[_tightest(reached, self.targets)].tenant

    def make_table(self) -> None:
        """Runs all replications at each rate of the row. Raises `AnswerIsNo` where none keeps the targets."""
        self.runs.make((per_ks, number) for per_ks in self.row for number in self.numbers)
        if not self.kept:
            raise _out_of_reach(self.rates)

    def outer(self) -> tuple[int, int]:
        """The last rate of the table that keeps the targets, and the next."""
        ends = [*self.row, self.traffic.capacity_per_ks]
        bottom = self.kept[-1]
        return bottom, ends[self.row.index(bottom) + 1]

    def narrow(self) -> None:
        """Halves the interval of each replication, all of them a step at a time."""
        bottom, top = self.outer()
        for number in self.numbers:
            kept = [self.tightest(per_ks, number)[0] for per_ks in self.row]
            low, high = _bracket(self.row, top, kept, bottom)
            self.borders.append((low, high, self.tightest(high, number)[1] if high in self.row else ""))
        for _ in range(HALVINGS):
            middles = [((low + high) // 2, number) for number, (low, high, _) in enumerate(self.borders)]
            inside = [
                (middle, number) for middle, number in middles if middle not in self.borders[number][:2]
            ]
            self.runs.make(inside)
            for middle, number in inside:
                low, high, decides = self.borders[number]
                fine, nearest = self.tightest(middle, number)
                self.borders[number] = (middle, high, decides) if fine else (low, middle, nearest)

    def result(self, name: str) -> Saturation:
        """What is known: all of it, or less after an interruption."""
        rates, traffic = self.rates, self.traffic
        borders = self.borders or [(*self.outer(), "")]
        mean, margin = interval([low for low, _, _ in borders], CONFIDENCE)
        first = Counter(decides for _, _, decides in borders)
        knee = max(rates, key=lambda rate: rate.throughput_per_ks / rate.mean_ps if rate.mean_ps else 0)
        at_border = traffic.rates(max(1, round(mean)))
        return Saturation(
            name,
            tuple(self.targets),
            round(mean),
            round(margin),
            max(high - low for low, high, _ in borders),
            traffic.capacity_per_ks,
            len(self.numbers),
            CONFIDENCE,
            tuple(
                OfferedLoad(name, at_border[name], name in traffic.rising, load.images, load.warmup)
                for name, load in traffic.loads.items()
            ),
            max(first, key=lambda name: (first[name], name)),
            knee.per_ks,
            tuple(rates),
            self.complete,
        )


def _tightest(reached: Sequence[float], targets: Sequence[LatencyTarget]) -> int:
    """Returns the number of the figure with the largest share of its limit."""
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
        f"{whose}{least.target.metric.replace('_', '.')} <= {limit} cannot be met at any rate: the best is "
        f"{reached}, at {format_arrivals(least.per_ks)}",
        "a faster chip, a smaller network, or a smaller batch or `timeout` where there are batches",
    )
