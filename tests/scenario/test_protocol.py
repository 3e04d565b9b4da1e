"""The protocol of a scenario: read, refused, resolved, and what it does to a time."""

from __future__ import annotations

from pathlib import Path

import pytest

import simres
from simres.errors import InvalidFile
from simres.plugins.registry import Registry
from simres.reporting.text.brief import ran as headline
from simres.scenario.loader import from_document, resolved
from simres.scenario.protocol import Protocol
from simres.units import PS_PER_S
from simres.verification.verify import verify

ROOM = {"kind": "sram", "capacity": "4 MiB"}
KEPT = {"name": "overlapped", "weights": "kept"}
US = PS_PER_S // 10**6


def document(**changes: object) -> dict[str, object]:
    made = {"workload": "resnet20", "chip": "paper", "scheduler": "overlapped", "hardware": {"sram": ROOM}}
    return made | changes


def simulated(**changes: object) -> simres.Result:
    registry = Registry(external=False)
    return simres.simulate(from_document(document(**changes), registry=registry), registry=registry)


def test_it_is_written_out_only_where_it_says_something() -> None:
    registry = Registry(external=False)
    plain = from_document(document(), registry=registry)
    assert plain.protocol == Protocol(weights="cold", call=0)
    assert "protocol" not in resolved(plain)
    timed = from_document(document(protocol={"weights": "warm", "call": "100 us"}), registry=registry)
    assert resolved(timed)["protocol"] == {
        "weights": "warm",
        "call": "100 us",
        "inputs": "inside",
        "outputs": "inside",
    }
    assert from_document(resolved(timed), registry=registry) == timed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"protocol": "warm"}, "must be a mapping such as `{weights: warm}`"),
        ({"protocol": {"weights": "hot"}}, "protocol.weights"),
        ({"protocol": {"call": 100}}, "protocol.call"),
        ({"protocol": {"weights": "warm"}, "scheduler": "serial"}, "`serial` keeps no weights"),
        (
            {"protocol": {"call": "1 us"}, "load": {"arrivals": "periodic", "rate": "9/s", "images": 9}},
            "goes without `load`",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidFile, match=said.replace("{", r"\{")):
        from_document(document(**changes), registry=Registry(external=False))


def test_warm_weights_are_there_when_the_time_starts() -> None:
    cold, warm = simulated(scheduler=KEPT), simulated(protocol={"weights": "warm"})
    weights = cold.scheduled.needed_weight_bytes
    assert cold.record.engines["ddr"].moved_bytes - warm.record.engines["ddr"].moved_bytes == weights
    assert warm.bounds.makespan <= warm.makespan_ps < cold.bounds.engines["ddr"] < cold.makespan_ps
    assert "(weights warm)" in headline(warm)


def test_weights_that_do_not_fit_are_streamed_as_before_and_the_report_says_so() -> None:
    small = {"sram": ROOM | {"capacity": "512 KiB"}}
    warm = simulated(protocol={"weights": "warm"}, hardware=small)
    assert warm.makespan_ps == simulated(hardware=small).makespan_ps
    assert "weights streamed, as they do not fit" in headline(warm)


def test_a_call_comes_before_each_inference_and_in_the_bound() -> None:
    warm = simulated(protocol={"weights": "warm"})
    called = simulated(protocol={"weights": "warm", "call": "40 us"})
    assert called.makespan_ps == warm.makespan_ps + 40 * US
    assert called.bounds.makespan >= warm.bounds.makespan + 40 * US
    several = simulated(protocol={"weights": "warm", "call": "400 us"}, images=3)
    assert several.makespan_ps == warm.makespan_ps + 3 * 400 * US  # nothing else takes as long
    assert several.bounds.tightest == "calls"
    assert several.bounds.makespan > 3 * 400 * US
    assert [one.at_ps for one in several.record.launches] == [400 * US, 800 * US, 1200 * US]


def test_what_fills_the_memory_waits_for_the_first_call() -> None:
    cold, called = simulated(scheduler=KEPT), simulated(scheduler=KEPT, protocol={"call": "1 ms"})
    assert called.makespan_ps == cold.makespan_ps + 1000 * US


def test_a_result_with_a_protocol_is_verified_and_rerun(tmp_path: Path) -> None:
    result = simulated(protocol={"weights": "warm", "call": "100 us"}, images=2)
    path = tmp_path / "result.json"
    path.write_text(result.to_json(), encoding="utf-8")
    stored = simres.load(path)
    assert stored.origin.scenario["protocol"]["call"] == "100 us"
    assert headline(stored) == headline(result)
    assert all(found.holds for found in verify(stored))
    before, again = simres.rerun(path)
    assert before.makespan_ps == again.makespan_ps == result.makespan_ps
