"""What a scenario may say of a DRAM, what it may not, and what a transfer costs at the least."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from simres_dram.delay import Delay, parse
from simres_dram.devices import DEVICES
from simres_dram.spec import DramSpec

import simres
from simres.errors import SimresError
from simres.hardware.resources import with_value
from simres.program import Work
from simres.units import SPELLED, UnitError


def dram(**changes: Any) -> DramSpec:
    return DramSpec.model_validate({"kind": "dram", "device": "DDR3-1600K-x8"} | changes, context=SPELLED)


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_is_consistent(device: str) -> None:
    spec = dram(device=device)
    gigabits = spec.capacity * 8 >> 30
    assert gigabits == 64 // spec.chip.width * (4 if device.startswith("DDR3") else 8)
    mega = int(device.split("-")[1].rstrip("FHKTA"))
    assert spec.bandwidth == pytest.approx(mega * 8e6, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("13.75 ns", Delay(0, 13_750)),
        ("11 nCK", Delay(11)),
        ("11nCK", Delay(11)),
        ("4 nCK or 7.5 ns", Delay(4, 7_500)),
        ("7.8 us", Delay(0, 7_800_000)),
    ],
)
def test_delays_are_read_and_written(text: str, delay: Delay) -> None:
    assert parse(text) == delay
    assert parse(str(delay)) == delay


@pytest.mark.parametrize(
    "text", ["11", 11, True, None, "11 CK", "-1 ns", "1 ns or 2 ns or 3 ns", "2 ms", "", "1 GB"]
)
def test_what_is_no_delay_is_refused(text: object) -> None:
    with pytest.raises(UnitError):
        parse(text)


@given(st.integers(0, 50), st.integers(0, 10**7), st.sampled_from([800_000_000, 1_066_666_667]))
def test_a_delay_lasts_at_least_what_it_says(clocks: int, ps: int, clock: int) -> None:
    found = Delay(clocks, ps).at(clock)
    assert found >= clocks
    assert found * 10**12 >= ps * clock
    assert found == clocks or (found - 1) * 10**12 < ps * clock


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"device": "DDR5-4800-x8"}, "device: must be `DDR3-1066F-x8`"),
        ({"width": 12}, "width: must be a power of two, got `12`"),
        ({"width": 4}, "width: `DDR3-1600K-x8` has 8 data bits, and 4 is no multiple of that"),
        ({"banks": 6}, "banks: must be a power of two, got `6`"),
        ({"rows": 0}, "rows: must be at least 1"),
        ({"columns": 4}, "columns: a row holds at least a burst of 8 words, got `4`"),
        ({"channels": 3}, "channels: must be a power of two"),
        ({"ranks": True}, "ranks: must be a whole number"),
        (
            {"timing": {"tRCD": 11}},
            "timing.tRCD: needs a unit, such as `10 ns`, got `11`; or clocks, such as `11 nCK`",
        ),
        ({"timing": {"tRDC": "11 nCK"}}, "timing.tRDC: must be `CL`, `CWL`"),
        (
            {"timing": {"tRAS": "10 nCK"}},
            "timing: tRAS (10 nCK) is less than tRCD + tRTP (11 + 6 nCK)",
        ),
        ({"timing": {"CWL": "12 nCK"}}, "timing: CWL (12 nCK) must not be more than CL (11 nCK)"),
        ({"timing": {"tCCD_S": "2 nCK"}}, "timing: tCCD_S (2 nCK) is less than a burst takes on the bus"),
        ({"timing": {"tCCD_S": "5 nCK"}}, "timing: tCCD_L (4 nCK) is less than tCCD_S (5 nCK)"),
        ({"timing": {"tWTR_L": "1 nCK"}}, "timing: tWTR_L"),
        ({"timing": {"tRRD_L": "2 nCK"}}, "timing: tRRD_L"),
        ({"timing": {"tFAW": "2 nCK"}}, "timing: tFAW (2 nCK) is less than tRRD_S (5 nCK)"),
        ({"timing": {"tREFI": "200 nCK"}}, "timing: tREFI (200 nCK) leaves no time"),
        ({"timing": {"tREFI": "0 nCK"}}, "`refresh: false` leaves refresh out"),
        ({"address_map": "row"}, "address_map: must name each of ro, ra, ba, bg, co, ch once"),
        ({"address_map": "co-ro-ra-ba-bg-ch"}, "address_map: `ro` must come before `co`"),
        ({"write_high": 40}, "`write_high`: 40 writes never wait in a `write_queue` of 32"),
        ({"write_low": 30}, "`write_low` must be less than `write_high`, got `30` and `26`"),
        ({"burst": "64 B"}, "burst: unknown key"),
    ],
)
def test_what_makes_no_dram_is_refused_with_its_place(
    wrong: dict[str, Any], said: str, tmp_path: Path
) -> None:
    hardware = {"kind": "dram", "device": "DDR3-1600K-x8", "width": 8} | wrong
    path = tmp_path / "mine.yaml"
    path.write_text(
        "schema_version: 1\nname: mine\nworkload: resnet20\nchip: paper\n"
        f"hardware:\n  ddr: {json.dumps(hardware)}\n"
    )
    with pytest.raises(SimresError) as caught:
        simres.simulate(path)
    text = str(caught.value)
    assert said in text
    assert "hardware.ddr" in text


@given(
    st.sampled_from(list(DEVICES)),
    st.sampled_from([1, 2, 4]),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.booleans(),
)
def test_more_bytes_never_cost_less(device: str, channels: int, one: int, more: int, write: bool) -> None:
    spec = dram(device=device, channels=channels)
    small, large = Work(nbytes=one, write=write), Work(nbytes=one + more, write=write)
    assert spec.duration_ps(small) <= spec.duration_ps(large)
    assert spec.at_peak_ps(large) <= spec.duration_ps(large)
    assert spec.together_ps([small, large]) >= spec.at_peak_ps(small) + spec.at_peak_ps(large)


def test_a_scenario_keeps_what_it_said() -> None:
    spec = dram(timing={"tRTP": "4 nCK or 7.5 ns"}, clock="666.666666 MHz")
    text = spec.model_dump(mode="json", exclude_unset=True)
    assert text["timing"] == {"tRTP": "4 nCK or 7.5 ns"}
    assert DramSpec.model_validate(text, context=SPELLED) == spec
    assert spec.clocks.rcd == 10  # 13.75 ns at 1.5 ns
    assert Fraction(spec.bandwidth) == 2 * 666_666_666 * 8


def test_the_schema_knows_its_fields() -> None:
    schema = DramSpec.model_json_schema()
    assert set(schema["properties"]) >= {"device", "timing", "address_map", "ports", "refresh"}
    pattern = schema["properties"]["timing"]["additionalProperties"]["pattern"]
    for text in ("13.75 ns", "11 nCK", "4 nCK or 7.5 ns"):
        assert re.fullmatch(pattern, text)
    assert not re.fullmatch(pattern, "11")


def test_a_wrong_dram_raises_pydantics_error_in_python() -> None:
    with pytest.raises(ValidationError, match="tRAS"):
        dram(timing={"tRAS": "10 nCK"})


@pytest.mark.parametrize("device", DEVICES)
def test_the_clock_is_what_there_could_be_more_of(device: str) -> None:
    spec = dram(device=device, timing={"tRTRS": "2 nCK"})
    (clock,) = spec.resources()
    assert (clock.field, clock.value) == ("clock", DEVICES[device].clock)
    faster = with_value(spec, clock, 2 * clock.value)
    assert isinstance(faster, DramSpec)
    assert faster.bandwidth == 2 * spec.bandwidth
    assert with_value(spec, clock, clock.unlimited).duration_ps(Work(nbytes=10**6)) < spec.duration_ps(
        Work(nbytes=10**6)
    )
    assert [one.value for one in dram(clock="1 GHz").resources()] == [10**9]
