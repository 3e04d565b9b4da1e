"""Requests over time: queues whose figures are known, and what is wrong with a load."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import islice
from math import sqrt
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres import api, jobs
from simres.analysis.confidence import interval, quantile
from simres.errors import AnswerIsNo, ExitCode, InvalidFile, SimresError
from simres.exploration import request_runs, saturation
from simres.exploration.request_rates import Traffic
from simres.planning.requests import stream_of
from simres.plugins.registry import Registry
from simres.program import Program
from simres.program.tenants import ONLY
from simres.reporting.page import Page
from simres.reporting.progress import JobProgress
from simres.reporting.tables.run_report import report
from simres.reporting.tables.saturation_table import saturation as saturation_table
from simres.reporting.text.console import stderr
from simres.reporting.text.glyphs import ASCII
from simres.result.rules import problems_of_result
from simres.scenario.loader import from_document, resolved
from simres.simulation.arrival_times import exponential, poisson, uniform
from simres.simulation.latencies import ERROR, EXACT, Latencies
from simres.simulation.run import RunningTenant, run_tenants
from simres.simulation.stream import PERCENTILES, Stream
from simres.testing import behaviours
from simres.workload import Ledger, Row
from tests.support.intervals import mean_wait
from tests.support.nanoseconds import NS, host, nanosecond_chip

REGISTRY = Registry(external=False)
CHIP = {"workload": "resnet20", "chip": "paper", "hardware": {"sram": {"capacity": "1 MiB"}}}
KEPT = CHIP | {
    "scheduler": {"name": "overlapped", "weights": "kept"},
    "passes": ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues"],
}


def scenario(load, base=KEPT):
    return from_document(base | {"load": load}, registry=REGISTRY)


def run(load, base=KEPT, **options):
    return simres.simulate(scenario(load, base), registry=REGISTRY, **options)


def test_periodic_requests_below_capacity_all_take_the_same_time():
    found = run({"arrivals": "periodic", "rate": "2000/s", "images": 40, "warmup": 5})
    (stream,) = found.record.streams
    assert len(set(stream.latency_ps.values())) == 1
    assert stream.most_present == 1
    assert not stream.counted_waiting_ps
    assert found.to_document()["load"]["p99_9_ps"] == stream.latency_ps["max"]


def test_littles_law_holds_exactly_and_the_same_seed_gives_the_same_record():
    load = {"arrivals": "poisson", "rate": "9000/s", "images": 300, "warmup": 0, "seed": 7}
    first, again = run(load), run(load)
    assert first.record == again.record
    (stream,) = first.record.streams
    assert stream.stayed_ps == stream.present_ps == stream.counted_latency_ps == stream.counted_present_ps
    assert stream.waited_ps == stream.waiting_ps > 0
    assert run(load | {"seed": 8}).record != first.record


def test_full_batches_wait_for_each_other_and_a_timeout_ends_the_wait():
    rate = {"arrivals": "periodic", "rate": "1000/s", "images": 40, "warmup": 4}
    full = run(rate | {"batch": {"most": 4, "timeout": "1 s"}})
    (stream,) = full.record.streams
    four = next(one for one in stream.served if one.batch == 4)
    assert four.launches == 10
    # The k-th of a batch waits for those that are missing, a millisecond each.
    assert stream.wait_ps["max"] == 3 * 10**9
    assert stream.counted_wait_ps == 9 * (0 + 1 + 2 + 3) * 10**9
    late = run(rate | {"batch": {"most": 4, "timeout": "300 us"}})
    (stream,) = late.record.streams
    assert {one.batch: one.launches for one in stream.served if one.launches} == {1: 40}
    assert set(stream.wait_ps.values()) == {300 * 10**6}


def test_bursts_come_at_once():
    found = run({"arrivals": "bursty", "burst": 5, "rate": "500/s", "images": 50, "warmup": 0})
    (stream,) = found.record.streams
    assert stream.most_present >= 5


def test_a_trace_says_when(tmp_path):
    (tmp_path / "times.txt").write_text("# camera\n1 ms\n1 ms\n3.5 ms\n")
    document = KEPT | {"load": {"arrivals": "trace", "trace": "times.txt", "warmup": 0}}
    read = from_document(document, registry=REGISTRY, base=tmp_path)
    assert read.load.trace == (10**9, 10**9, 3_500_000_000)
    assert from_document(resolved(read), registry=REGISTRY) == read
    (stream,) = simres.simulate(read, registry=REGISTRY).record.streams
    assert (stream.first_ps, stream.last_ps, stream.arrived) == (10**9, 3_500_000_000, 3)


@pytest.mark.parametrize(
    ("images", "warmup", "left_out"),
    [(19, "10 %", 1), (19, None, 1), (20, "10 %", 2), (5, "0 %", 0), (5, 4, 4)],
)
def test_a_share_of_the_images_warms_up_rounded_down(images, warmup, left_out):
    load = {"arrivals": "poisson", "rate": "1/s", "images": images}
    assert scenario(load | ({} if warmup is None else {"warmup": warmup})).load.warmup == left_out


def test_a_result_of_requests_survives_its_file_and_runs_again(tmp_path):
    found = run({"arrivals": "poisson", "rate": "5000/s", "images": 50, "deadline": "100 us"})
    path = found.save(tmp_path)
    assert simres.load(path).to_document() == found.to_document()
    before, after = api.rerun(path, registry=REGISTRY)
    assert before.record == after.record


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ({"arrivals": "poisson", "rate": "0/s", "images": 5}, "load.rate: must be greater than 0"),
        ({"arrivals": "trace", "trace": []}, "load.trace: the trace has no arrivals"),
        ({"arrivals": "trace", "trace": ["2 ms", "1 ms"]}, "entry 2: 1 ms comes after 2 ms"),
        ({"arrivals": "poisson", "rate": "1/s", "images": 5, "warmup": 5}, "nothing is left to measure"),
        ({"arrivals": "poisson", "images": 5}, "`rate` is missing"),
        ({"arrivals": "periodic", "rate": "1/s", "images": 5, "burst": 2}, "goes with `arrivals: bursty`"),
        ({"arrivals": "poisson", "rat": "1/s"}, "did you mean `rate`"),
    ],
)
def test_what_is_wrong_with_a_load_is_said_with_its_place(load, said):
    with pytest.raises(InvalidFile) as caught:
        scenario(load)
    assert said in str(caught.value)


def test_more_than_the_chip_can_serve_is_no_endless_queue():
    with pytest.raises(AnswerIsNo, match=r"load.rate: 20 k/s is more than the chip can serve"):
        run({"arrivals": "poisson", "rate": "20000/s", "images": 50})


def test_a_target_out_of_reach_at_any_rate():
    slow = scenario({"arrivals": "periodic", "rate": "100/s", "images": 20})
    with pytest.raises(AnswerIsNo, match="cannot be met at any rate"):
        api.saturate(slow, {"p99": "10 us"}, replications=1, registry=REGISTRY)


def test_the_exponential_variate_is_one():
    draw = uniform(3, "test")
    values = [exponential(draw) / 2**53 for _ in range(20_000)]
    margin = NormalDist().inv_cdf(0.9995) / sqrt(len(values))
    assert abs(sum(values) / len(values) - 1) < margin
    repeated = uniform(3, "test")
    assert [exponential(repeated) / 2**53 for _ in range(100)] == values[:100]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=200))
def test_percentiles_are_nearest_ranks(times):
    kept = Latencies()
    for ps in times:
        kept.add(ps)
    ordered = sorted(times)
    for share, found in zip(PERCENTILES.values(), kept.quantiles(PERCENTILES.values()), strict=True):
        assert sum(ps <= found for ps in ordered) >= share * len(ordered)
        assert sum(ps < found for ps in ordered) < share * len(ordered)
    assert sum(count for _, count in kept.histogram()) == len(times)


def test_beyond_what_is_kept_percentiles_are_within_their_stated_error():
    kept = Latencies()
    times = [(number * 7919) % 1_000_003 for number in range(EXACT + 1000)]
    for ps in times:
        kept.add(ps)
    assert kept.error == ERROR
    ordered = sorted(times)
    shares = [Fraction(1, 2), Fraction(99, 100), Fraction(1)]
    for share, found in zip(shares, kept.quantiles(shares), strict=True):
        true = ordered[-(-share.numerator * len(ordered) // share.denominator) - 1]
        assert true <= found <= true * (1 + ERROR)


@settings(deadline=None)
@given(st.sampled_from([(1, 12.7062), (2, 4.30265), (4, 2.77645), (9, 2.26216), (30, 2.04227)]))
def test_students_t_is_that_of_the_tables(row):
    freedom, t = row
    assert quantile(0.95, freedom) == pytest.approx(t, rel=1e-5)
    mean, margin = interval([1.0, 3.0], 0.95)
    assert (mean, margin) == (2.0, pytest.approx(12.7062, rel=1e-5))


def beside(*loads, **more):
    """ResNet-20 for each load, as tenants `t0`, `t1` and so on; what came of it."""
    return simres.simulate(tenants(*loads, **more), registry=REGISTRY)


def tenants(*loads, memory="2 MiB", **more):
    """ResNet-20 for each load, as tenants `t0`, `t1` and so on with equal parts of the memory."""
    shares = {f"t{number}": {"workload": "resnet20", "load": load} for number, load in enumerate(loads)}
    for name, own in more.items():
        shares[name] |= own
    kept = {key: value for key, value in KEPT.items() if key != "workload"}
    kept |= {"hardware": {"sram": {"capacity": memory}}, "tenants": shares}
    return from_document(kept, registry=REGISTRY)


PERIODIC = {"arrivals": "periodic", "rate": "2000/s", "images": 20, "warmup": 2}
POISSON = {"arrivals": "poisson", "rate": "4000/s", "images": 60, "warmup": 2, "seed": 5}


def test_tenants_with_loads_share_the_chip_by_priority():
    ahead = beside(PERIODIC, POISSON, t0={"priority": 1}, t1={"priority": 0})
    behind = beside(PERIODIC, POISSON, t0={"priority": 0}, t1={"priority": 1})
    assert ahead.tenants["t0"].latency_ps < behind.tenants["t0"].latency_ps
    assert ahead.tenants["t1"].latency_ps > behind.tenants["t1"].latency_ps
    for found in (ahead, behind):
        assert [stream.tenant for stream in found.record.streams] == [0, 1]
        for stream, tenant in zip(found.record.streams, found.tenants.values(), strict=True):
            assert stream.stayed_ps == stream.present_ps
            assert stream.arrived == tenant.repeats
            # Of the same requests alone the fastest takes as long as one with nobody there.
            assert tenant.alone_ps <= stream.latency_ps["p50"]
            assert tenant.slowdown >= 1


def test_a_request_alone_is_one_that_finds_the_weights_on_chip():
    single = run(PERIODIC).record.streams[0].latency_ps["max"]
    rare = PERIODIC | {"rate": "10/s", "images": 3}
    found = beside(rare, rare, t1={"start": "30 ms"})
    assert {tenant.alone_ps for tenant in found.tenants.values()} == {single}
    assert {tenant.slowdown for tenant in found.tenants.values()} == {1}


def test_tenants_with_loads_keep_within_their_parts_of_the_memory():
    found = beside(PERIODIC, POISSON, t0={"sram": "512 KiB"}, t1={"sram": "1280 KiB"})
    memories = found.record.memories
    assert memories["sram.t0"].capacity == 512 * 1024
    assert memories["sram.t1"].capacity == 1280 * 1024
    assert all(0 < memory.peak <= memory.capacity for memory in memories.values())


def test_tenants_that_ask_for_too_much_together_are_refused():
    with pytest.raises(AnswerIsNo, match=r"the tenants' loads \(t0 8 k/s, t1 8 k/s\)"):
        beside(PERIODIC | {"rate": "8000/s"}, PERIODIC | {"rate": "8000/s"})


STEADY = {"arrivals": "periodic", "rate": "2000/s", "images": 12, "warmup": 2}
TWICE = STEADY | {"rate": "4000/s", "images": 24}


def saturated(targets, *loads, tenant=None, **more):
    """Where latencies leave their targets, in one replication."""
    return api.saturate(tenants(*loads, **more), targets, replications=1, tenant=tenant, registry=REGISTRY)


def test_rates_of_tenants_rise_together_and_who_is_late_first_is_named():
    found = saturated({"max": "200 us"}, STEADY, TWICE, t0={"priority": 1})
    first, second = found.asked
    assert (first.tenant, second.tenant) == ("t0", "t1")
    assert first.rises
    assert second.rises
    assert abs(second.per_ks - 2 * first.per_ks) <= 2, "as in the scenario"
    assert abs(first.per_ks + second.per_ks - found.per_ks) <= 2
    assert found.decides == "t1", "t0 goes before it"
    assert 0 < found.per_ks < found.capacity_per_ks
    assert [rate.kept for rate in found.rates] == sorted((rate.kept for rate in found.rates), reverse=True)

    def latencies(per_ks):
        share = per_ks // 3
        ran = beside(
            STEADY | {"rate": f"{share // 1000}/s"},
            TWICE | {"rate": f"{2 * share // 1000}/s"},
            t0={"priority": 1},
        )
        return [stream.latency_ps["max"] for stream in ran.record.streams]

    limit = 200 * 10**6
    assert max(latencies(found.per_ks - found.per_ks // 50)) <= limit
    assert latencies(found.per_ks + found.step_per_ks + found.per_ks // 50)[1] > limit
    for width in (80, 100):
        assert max(len(str(line)) for line in saturation_table(found, Page(width, ASCII))) <= width


def test_processes_find_the_same_rate(monkeypatch):
    monkeypatch.setattr(request_runs, "WORTH_S", 0.0)
    load = tenants(STEADY, TWICE)
    assert api.saturate(load, {"p99": "1 ms"}, replications=2, registry=REGISTRY, workers=2) == api.saturate(
        load, {"p99": "1 ms"}, replications=2, registry=REGISTRY
    )


@pytest.mark.parametrize("runs", [3, 9])
def test_an_interrupted_search_says_what_it_knows(monkeypatch, runs):
    real, made = Traffic.run, []

    def run(self, per_ks, replication):
        made.append(per_ks)
        if len(made) > runs:
            raise KeyboardInterrupt
        return real(self, per_ks, replication)

    whole = saturated({"p99": "1 ms"}, STEADY, TWICE)
    monkeypatch.setattr(Traffic, "run", run)
    with pytest.raises(KeyboardInterrupt):
        saturated({"p99": "1 ms"}, STEADY, TWICE)
    made.clear()
    with jobs.watched(JobProgress(stderr())):
        found = saturated({"p99": "1 ms"}, STEADY, TWICE)
        assert jobs.how_far() == f"after {runs} of 13 runs"
    assert whole.complete
    assert not found.complete
    assert found.rates == whole.rates[:runs]
    assert found.per_ks <= whole.per_ks
    assert "Interrupted" in " ".join(map(str, saturation_table(found, Page(100, ASCII))))


def test_the_rate_of_one_tenant_rises_beside_the_others():
    found = saturated({"t1.mean": "150 us"}, STEADY, TWICE, tenant="t1")
    first, second = found.asked
    assert (first.per_ks, first.rises) == (2000 * 1000, False)
    assert (second.per_ks, second.rises) == (found.per_ks, True)
    assert {rate.target.tenant for rate in found.rates} == {"t1"}
    both = tenants(STEADY, TWICE)
    together = Traffic(both, api.find_workloads(both), REGISTRY, None)
    assert abs(found.capacity_per_ks + first.per_ks - together.capacity_per_ks) <= 1, "the same network"
    text = " ".join(str(line) for line in saturation_table(found, Page(100, ASCII)))
    assert "mean <= 150 us of t1 up to" in text
    assert "beside t0 2 k/s" in text


@pytest.mark.parametrize(
    ("targets", "tenant", "said"),
    [
        ({"p99": "1 ms"}, "t2", "has no tenant `t2`"),
        ({"t2.p99": "1 ms"}, None, r"no such latency; known: .*, of one tenant as `t0.p99`"),
        ({"t0.p98": "1 ms"}, None, "no such latency"),
        ({"t0.p99": "0 ms"}, None, "must be greater than 0"),
    ],
)
def test_who_is_no_tenant_is_said(targets, tenant, said):
    with pytest.raises(SimresError, match=said):
        saturated(targets, STEADY, STEADY, tenant=tenant)


def test_what_does_not_rise_is_not_too_much_already():
    too_much = STEADY | {"rate": "20000/s"}
    with pytest.raises(SimresError, match="the load of t0 alone is more than the chip can serve") as caught:
        saturated({"t1.p99": "1 ms"}, too_much, STEADY, tenant="t1")
    assert caught.value.exit_code == ExitCode.BAD_INPUT
    trace = {"arrivals": "trace", "trace": ["1 ms", "2 ms"], "warmup": 0}
    with pytest.raises(SimresError, match="tenant `t0` has no `load` with a rate to vary"):
        saturated({"t1.p99": "1 ms"}, trace, STEADY, tenant="t0")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["load.rate=0/s"], "load.rate: must be greater than 0"),
        (["load={arrivals: trace, trace: []}"], "load.trace: the trace has no arrivals"),
        (["load={arrivals: trace, trace: [1 ms]}"], "has no `load` with a rate to vary"),
    ],
)
def test_a_saturation_without_a_rate_is_bad_input(changes, said, simres):
    settings = [text for change in changes for text in ("--set", change)]
    code, out, err = simres("saturate", "stream", "--target", "p99=1ms", *settings)
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert said in err


def test_the_report_of_tenants_with_loads_fits_a_narrow_screen():
    found = beside(PERIODIC | {"deadline": "1 ms"}, POISSON, t0={"priority": 1, "start": "1 ms"})
    for width in (80, 100):
        assert max(len(str(line)) for line in report(found, Page(width, clip=True))) <= width


SERVICE = 1_000_000
"""Picoseconds that a request for `ONE_TASK` has the host."""
HOST = {
    "hardware": {
        "ddr": {"kind": "ddr", "bandwidth": "1 GB/s"},
        "sram": {"kind": "sram", "capacity": "1 MB"},
        "matrix": {"kind": "matrix", "rate": "1 TFLOP/s"},
        "host": {"kind": "host", "rate": "10 GFLOP/s"},
    },
    "workload": "one",
    "scheduler": "paper",
}
ONE_TASK = Ledger("one", (Row("only", 0, 0, 0, 0, 10_000),))


def at_the_host(load, **options):
    """Requests that take `SERVICE` at the host and no time anywhere else."""
    return run(load, HOST, workload=ONE_TASK, **options)


def waits_of(arrivals):
    """Lindley's recursion: each waits for what is left of the one before."""
    free, waits = 0, []
    for at in arrivals:
        waits.append(max(0, free - at))
        free = max(free, at) + SERVICE
    return waits


@pytest.mark.parametrize(("load_percent", "seed"), [(40, 1), (70, 2)])
def test_requests_wait_as_pollaczek_and_khinchine_say(load_percent, seed):
    """M/D/1: the mean wait is rho D / (2 (1 - rho)).

    To the picosecond the run does what Lindley's recursion says of its arrivals; the mean of those waits
    has a confidence interval of 99.9 %.
    """
    rate = load_percent * 10_000
    load = {"arrivals": "poisson", "rate": f"{rate}/s", "images": 12_000, "warmup": 0, "seed": seed}
    (stream,) = at_the_host(load).record.streams
    waits = waits_of(islice(poisson(1000 * rate, uniform(seed, "", 0)), 12_000))
    assert stream.counted_latency_ps == sum(waits) + 12_000 * SERVICE
    assert stream.latency_ps["max"] == max(waits) + SERVICE
    mean, margin = mean_wait(waits)
    rho = load_percent / 100
    assert abs(mean - rho * SERVICE / (2 * (1 - rho))) <= margin
    assert margin < mean / 2, "it could be exponential service, whose mean wait is twice that"


@pytest.mark.parametrize("spare", [-1, 0])
def test_a_latency_of_exactly_the_target_keeps_it(spare):
    """At no rate below what the host serves does anybody wait."""
    load = {"arrivals": "periodic", "rate": "1/s", "images": 20, "warmup": 0}
    target = saturation.LatencyTarget("", "max", SERVICE + spare)
    if spare < 0:
        with pytest.raises(AnswerIsNo, match="cannot be met at any rate"):
            saturation.saturate(scenario(load, HOST), {ONLY: ONE_TASK}, REGISTRY, [target], 1)
        return
    found = saturation.saturate(scenario(load, HOST), {ONLY: ONE_TASK}, REGISTRY, [target], 1)
    assert found.capacity_per_ks - found.per_ks <= 2 * found.step_per_ks


def test_saturation_of_a_server_of_fixed_time_is_where_its_formula_says():
    """The mean latency D (1 + rho / (2 (1 - rho))) is 1.5 D at half load."""
    load = {"arrivals": "poisson", "rate": "1/s", "images": 1200, "seed": 4}
    half = saturation.LatencyTarget("", "mean", 3 * SERVICE // 2)
    found = saturation.saturate(scenario(load, HOST), {ONLY: ONE_TASK}, REGISTRY, [half], 4)
    assert found.capacity_per_ks == 1000 * 10**6
    assert abs(found.per_ks - 500 * 10**6) <= found.margin_per_ks + found.step_per_ks
    assert 0 < found.margin_per_ks < 100 * 10**6
    targets = [rate.target_ps for rate in found.rates]
    assert targets == sorted(targets), "the same arrivals, only closer together"


def test_memory_does_not_grow_with_requests(monkeypatch):
    monkeypatch.setattr("simres.simulation.latencies.EXACT", 100)
    peaks = []
    for images in (300, 300, 3000):  # the first for what is imported and kept only once
        tracemalloc.start()
        at_the_host({"arrivals": "periodic", "rate": "500000/s", "images": images})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    _, few, many = peaks
    assert many - few < 8 * 2700, "a word for each request"


@pytest.mark.parametrize(("deadline_ps", "missed"), [(SERVICE - 1, 5), (SERVICE, 0), (SERVICE + 1, 0)])
def test_who_stays_just_as_long_as_the_deadline_has_met_it(deadline_ps, missed):
    """Nobody waits, so that each of five requests stays as long as it is served."""
    load = {"arrivals": "periodic", "rate": "1000/s", "images": 5, "warmup": 0}
    (stream,) = at_the_host(load | {"deadline": f"{deadline_ps} ps"}).record.streams
    assert set(stream.latency_ps.values()) == {SERVICE}
    assert stream.missed == missed


@st.composite
def small_loads(draw):
    """Loads of a few requests below what `at_the_host` serves."""
    way = draw(st.sampled_from(["poisson", "periodic", "bursty", "trace"]))
    images = draw(st.integers(1, 30))
    load = {"arrivals": way, "images": images, "warmup": draw(st.integers(0, images - 1))}
    if way == "trace":
        gaps = draw(st.lists(st.integers(0, 3000), min_size=images, max_size=images))
        load["trace"] = [f"{sum(gaps[: k + 1])} ns" for k in range(images)]
    else:
        load |= {"rate": f"{draw(st.integers(1000, 990_000))}/s", "seed": draw(st.integers(0, 9))}
    if way == "bursty":
        load["burst"] = draw(st.integers(2, 5))
    if draw(st.booleans()):
        load["deadline"] = f"{draw(st.integers(1, 5000))} ns"
    return load


@settings(max_examples=60, deadline=None)
@given(small_loads(), st.sampled_from(["full", "aggregate", "none"]))
def test_whatever_comes_is_served_in_its_turn(load, level):
    found = at_the_host(load, record=level)
    read = scenario(load, HOST)
    (stream,) = found.record.streams
    arrivals = list(islice(stream_of(read.load, {}).arrivals(), read.load.images))
    waits = waits_of(arrivals)
    counted = waits[read.load.warmup :]
    took = sorted(wait + SERVICE for wait in counted)
    assert stream.stayed_ps == stream.present_ps == sum(waits) + len(waits) * SERVICE
    assert stream.counted_latency_ps == sum(took)
    assert stream.latency_ps["max"] == took[-1]
    assert stream.latency_ps["p50"] == took[(len(took) - 1) // 2]
    assert stream.until_ps == found.makespan_ps == arrivals[-1] + waits[-1] + SERVICE
    assert stream.missed == sum(0 < stream.deadline_ps < ps for ps in took)
    assert not list(problems_of_result(found))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=25),
    st.sampled_from([(1, 2), (1, 2, 4), (4,), (2, 3)]),
    st.integers(0, 2000),
)
def test_whatever_batches_form_everybody_is_served_once(gaps, sizes, timeout_ns):
    """Each size of batch takes the host a time of its own."""
    machine = nanosecond_chip()
    programs = {size: Program("test", "", (host(300 + 100 * size),)) for size in sizes}
    arrivals = [sum(gaps[: k + 1]) * NS for k in range(len(gaps))]
    timeout = timeout_ns * NS
    requests = Stream(programs, lambda: iter(arrivals), len(gaps), timeout_ps=timeout)
    ((record, _),) = run_tenants([RunningTenant(machine, (), 0, requests)], machine, behaviours(machine))
    (stream,) = record.streams
    assert stream.stayed_ps == stream.present_ps
    assert stream.waited_ps == stream.waiting_ps
    assert sum(one.requests for one in stream.served) == len(gaps)
    assert all(one.launches <= one.requests <= one.launches * one.batch for one in stream.served)
    work = sum(one.launches * (300 + 100 * one.batch) * NS for one in stream.served)
    assert record.engines["host"].working_ps == work
    # Nobody waits for company longer than the time-out but behind others' work.
    assert stream.wait_ps["max"] <= timeout + work
    assert stream.latency_ps["max"] <= stream.wait_ps["max"] + (300 + 100 * sizes[-1]) * NS
