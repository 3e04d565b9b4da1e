"""Quantities are exact, and every mistake in one is named."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from simres import units
from simres.units import BANDWIDTH, DURATION, FREQUENCY, QUANTITIES, RATE, SIZE, UnitError

quantities = st.sampled_from(QUANTITIES)


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (SIZE, "1 MB", 10**6),
        (SIZE, "1 MiB", 2**20),
        (SIZE, "64B", 64),
        (SIZE, "0.5 KiB", 512),
        (SIZE, "1e3 kB", 10**6),
        (SIZE, " +1.5 kB ", 1500),
        (SIZE, ".5 kB", 500),
        (SIZE, "1e-3 kB", 1),
        (BANDWIDTH, "1 GB/s", 10**9),
        (BANDWIDTH, "19.2 GB/s", 19_200_000_000),
        (BANDWIDTH, "1 KiB/s", 1024),
        (RATE, "1 TFLOP/s", 10**12),
        (RATE, "2.3 TOP/s", 2_300_000_000_000),
        (RATE, "960 MMAC/s", 1_920_000_000),
        (DURATION, "5 ns", 5000),
        (DURATION, "0.5 us", 500_000),
        (DURATION, "1 µs", 10**6),
        (DURATION, "1 μs", 10**6),
        (DURATION, "22102407200 ps", 22_102_407_200),
        (DURATION, "0 s", 0),
        (FREQUENCY, "940 MHz", 940_000_000),
    ],
)
def test_what_is_read(quantity, text, value):
    assert quantity.parse(text) == value


@pytest.mark.parametrize(
    ("quantity", "text", "message"),
    [
        (SIZE, "64", "needs a unit, such as `1 MiB`, got `64`"),
        (SIZE, 64, "needs a unit, such as `1 MiB`, got `64`"),
        (SIZE, 6.4, "needs a unit, such as `1 MiB`, got `6.4`"),
        (SIZE, None, "must be a size such as `1 MiB`, got nothing"),
        (SIZE, True, "must be a size such as `1 MiB`, got `true`"),
        (SIZE, {}, "must be a size such as `1 MiB`, got a mapping"),
        (SIZE, [], "must be a size such as `1 MiB`, got a list"),
        (SIZE, "0 MB", "must be greater than 0, got `0 MB`"),
        (SIZE, "-1 MB", "must be greater than 0, got `-1 MB`"),
        (SIZE, "0.5 B", "`0.5 B` is not a whole number of bytes"),
        (SIZE, "1 KB", "unknown unit `KB`; did you mean `1 kB`?"),
        (SIZE, "1.5 mb", "unknown unit `mb`; did you mean `1.5 MB`?"),
        (SIZE, "1 mib", "unknown unit `mib`; did you mean `1 MiB`?"),
        (SIZE, "1 Gigabyte", "unknown unit `Gigabyte`; did you mean `1 GB`?"),
        (SIZE, "1 parsec", "unknown unit `parsec`; allowed: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
        (SIZE, "1 GB/s", "`GB/s` is a unit of bandwidth, not of size; allowed: B, kB, MB"),
        (SIZE, "1,5 MB", "must be a size such as `1 MiB`, got `1,5 MB`"),
        (SIZE, "nan B", "must be a size such as"),
        (SIZE, "inf B", "must be a size such as"),
        (SIZE, "", "must be a size such as"),
        (SIZE, "1e999999999 B", "must be at most 1000 TB, got `1e999999999 B`"),
        (SIZE, "1e-999999999 B", "is not a whole number of bytes"),
        pytest.param(SIZE, 10**5000, "got `a huge number`", id="huge"),
        (BANDWIDTH, "1e30 B/s", "must be at most 1000 TB/s, got `1e30 B/s`"),
        (BANDWIDTH, "8 Gb/s", "unknown unit `Gb/s`: bits are not supported; write bytes, such as `1 GB/s`"),
        (SIZE, "8 Mbit", "unknown unit `Mbit`: bits are not supported; write bytes, such as `1 MiB`"),
        (BANDWIDTH, "1 GBps", "unknown unit `GBps`; did you mean `1 GB/s`?"),
        (BANDWIDTH, "1 GB per second", "did you mean `1 GB/s`?"),
        (RATE, "1TFLOPS", "unknown unit `TFLOPS`; did you mean `1 TFLOP/s`?"),
        (RATE, "4 TOPS", "unknown unit `TOPS`; did you mean `4 TOP/s`?"),
        (DURATION, "5 sec", "unknown unit `sec`; did you mean `5 s`?"),
        (FREQUENCY, "1 ghz", "unknown unit `ghz`; did you mean `1 GHz`?"),
    ],
)
def test_what_is_refused(quantity, text, message):
    with pytest.raises(UnitError) as error:
        quantity.parse(text, positive=True)
    assert message in str(error.value)


def test_a_duration_may_be_zero_but_not_negative():
    assert DURATION.parse("0 ns") == 0
    with pytest.raises(UnitError, match="must not be negative, got `-1 ns`"):
        DURATION.parse("-1 ns")


@given(quantities, st.data())
def test_spelling_is_exact(quantity, data):
    value = data.draw(st.integers(0, quantity.limit))
    assert quantity.parse(quantity.spell(value)) == value


@given(quantities, st.data())
def test_formatting_is_near_and_short(quantity, data):
    value = data.draw(st.integers(1, quantity.limit))
    text = quantity.format(value)
    assert len(text.split()[0]) <= 7
    assert abs(quantity.parse(text) - value) * 2000 <= value


@given(quantities, st.text(max_size=80))
def test_any_text_is_a_value_or_an_error(quantity, text):
    try:
        value = quantity.parse(text)
    except UnitError:
        return
    assert 0 <= value <= quantity.limit


@given(
    quantities, st.from_regex(r"[-+]?[0-9.]{1,30}([eE][-+]?[0-9]{1,12})? ?[a-zA-Z/%]{0,8}", fullmatch=True)
)
def test_anything_like_a_quantity_is_a_value_or_an_error(quantity, text):
    try:
        value = quantity.parse(text)
    except UnitError:
        return
    assert 0 <= value <= quantity.limit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (1, "1 ps"),
        (64_000, "64 ns"),
        (12_345, "12.35 ns"),
        (65_536_000, "65.54 us"),
        (1_238_000_000, "1.238 ms"),
        (22_102_407_200, "22.10 ms"),
        (999_996 * 10**6, "1.000 s"),
        (-5 * 10**9, "-5 ms"),
        (3600 * units.PS_PER_S, "3600 s"),
    ],
)
def test_durations_for_people(value, text):
    assert units.format_duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (64, "64 B"),
        (10**6, "1 MB"),
        (2**20, "1 MiB"),
        (131072, "128 KiB"),
        (5557844, "5.558 MB"),
        (1073344, "1.073 MB"),
    ],
)
def test_sizes_for_people(value, text):
    assert units.format_bytes(value) == text


def test_other_figures_for_people():
    assert units.format_count(40551040) == "40.55 M"
    assert units.format_count(12) == "12"
    assert units.format_rate(10**12) == "1 TFLOP/s"
    assert units.format_bandwidth(19_200_000_000) == "19.2 GB/s"
    assert units.FREQUENCY.format(940_000_000) == "940 MHz"


POWERS = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
"""Of ten, by prefix."""


@pytest.mark.parametrize(
    ("quantity", "suffix"),
    [
        (SIZE, "B"),
        (BANDWIDTH, "B/s"),
        (RATE, "FLOP/s"),
        (DURATION, "s"),
        (FREQUENCY, "Hz"),
        (units.ENERGY, "J"),
        (units.POWER, "W"),
    ],
)
def test_every_prefix_is_its_power_of_ten(quantity, suffix):
    base = POWERS[quantity.base.removesuffix(suffix)]
    powers = {unit: POWERS[unit.removesuffix(suffix)] - base for unit in quantity.ladder}
    assert quantity.ladder == {unit: 10**power for unit, power in powers.items()}
    assert quantity.binary == {
        prefix + suffix: 1024 ** (place + 1)
        for place, prefix in enumerate(("Ki", "Mi", "Gi", "Ti"))
        if quantity.binary
    }


def test_percentages():
    assert units.parse_percent("1 %") == Fraction(1, 100)
    assert units.parse_percent("0.5%") == Fraction(1, 200)
    assert units.spell_percent(Fraction(1, 200)) == "0.5 %"
    assert (units.parse_percent("0 %"), units.parse_percent("1000 %")) == (0, 10)
    for wrong in ("1", 1, "-1 %", "1000.001 %", "1001 %", "1e9 %", "% 1", None, "9" * 100 + "%"):
        with pytest.raises(UnitError):
            units.parse_percent(wrong)


@given(st.decimals(0, 1000, places=6).map(lambda d: f"{d:f} %"))
def test_percentages_are_spelled_exactly(text):
    share = units.parse_percent(text)
    assert units.parse_percent(units.spell_percent(share)) == share


def test_any_quantity():
    assert units.parse_any("1235 us") == (1_235_000_000, "ps")
    assert units.parse_any("1 kB") == (1000, "B")
    with pytest.raises(UnitError, match="unknown unit `GBps`; did you mean `GB/s`"):
        units.parse_any("1 GBps")
    with pytest.raises(UnitError, match="unknown unit `parsec`"):
        units.parse_any("1 parsec")


class Part(BaseModel):
    size: units.Bytes
    rate: units.OpRate = 10**12
    latency: units.Duration = 0
    port: units.Bandwidth | None = None


def test_models_take_spelled_text_and_base_units():
    assert Part(size="1 MiB") == Part(size=2**20)
    assert Part(size="1 MiB").model_dump() == {"size": 2**20, "rate": 10**12, "latency": 0, "port": None}


def test_models_write_units():
    written = Part(size="1 MiB", port="1 GB/s").model_dump(mode="json")
    assert written == {"size": "1 MiB", "rate": "1 TFLOP/s", "latency": "0 ps", "port": "1 GB/s"}
    assert Part.model_validate(written, context=units.SPELLED) == Part(size="1 MiB", port="1 GB/s")


def test_a_file_must_spell_units():
    with pytest.raises(ValidationError, match="needs a unit"):
        Part.model_validate({"size": 64}, context=units.SPELLED)


@pytest.mark.parametrize("wrong", [0, -1, True, 10**16, 1.5])
def test_base_units_are_checked_too(wrong):
    with pytest.raises(ValidationError):
        Part(size=wrong)


@given(quantities, st.data())
def test_json_schema_takes_what_is_spelled(quantity, data):
    import re

    schema = quantity.json_schema
    assert re.search(schema["pattern"], quantity.spell(data.draw(st.integers(0, quantity.limit))))
    assert re.search(schema["pattern"], schema["examples"][0])
    assert not re.search(schema["pattern"], "64")


def test_json_schema_of_a_field():
    assert TypeAdapter(units.Bytes).json_schema() == SIZE.json_schema
