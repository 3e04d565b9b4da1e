"""Requests over time: queues whose figures are known, and what is wrong with a load."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres import api
from simres.analysis.student import interval, quantile
from simres.errors import AnswerIsNo, InvalidFile
from simres.plugins import Registry
from simres.scenario.loader import from_document, resolved
from simres.simulation.arrivals import exponential, uniform
from simres.simulation.latencies import ERROR, EXACT, Latencies
from simres.simulation.stream import PERCENTILES

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
    with pytest.raises(AnswerIsNo, match="out of reach at any rate"):
        api.saturate(slow, "p99", "10 us", replications=1, registry=REGISTRY)


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
