"""Rates by data type: read, written, refused in words; work takes its own type's."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simres import units
from simres.errors import SimresError
from simres.hardware.rates import IntegerRate, formatted
from simres.hardware.specs import HostSpec, MatrixSpec
from simres.program import Work


def matrix(rate) -> MatrixSpec:
    return MatrixSpec.model_validate({"kind": "matrix", "rate": rate}, context=units.SPELLED)


BY_TYPE = {"int8": "2 TOP/s", "fp32": "0.5 TFLOP/s"}


def test_work_takes_the_rate_of_its_type_and_a_plain_rate_holds_for_all():
    both = matrix(BY_TYPE)
    assert both.duration_ps(Work(macs=1000, dtype="int8")) == 1000
    assert both.duration_ps(Work(macs=1000, dtype="fp32")) == 4000
    plain = matrix("2 TOP/s")
    assert {plain.duration_ps(Work(macs=1000, dtype=dtype)) for dtype in ("int8", "fp32", "")} == {1000}


def test_the_peak_of_work_without_a_type_is_that_of_the_fastest():
    assert matrix(BY_TYPE).at_peak_ps(Work(macs=1000)) == 1000


def test_a_type_without_a_rate_is_refused():
    host = HostSpec(kind="host", rate={"int8": "1 GOP/s"})
    with pytest.raises(SimresError, match="no rate for fp32; there is one for int8"):
        host.duration_ps(Work(vector_ops=1, dtype="fp32"))


def test_rates_are_stored_with_the_unit_of_their_type():
    stored = matrix(BY_TYPE).model_dump(mode="json")
    assert stored["rate"] == {"int8": "2 TOP/s", "fp32": "500 GFLOP/s"}
    assert matrix(stored["rate"]) == matrix(BY_TYPE)


def test_one_rate_keeps_the_unit_that_it_is_spelled_in():
    for text in ("2.3 TOP/s", "2.3 TFLOP/s"):
        spec = matrix(text)
        assert spec.model_dump(mode="json")["rate"] == text
        (rate,) = spec.resources()
        assert (rate.spell(2 * rate.value), rate.format(rate.value)) == (text.replace("2.3", "4.6"), text)
    assert matrix("2.3 TOP/s") == matrix("2.3 TFLOP/s") == matrix("1.15 TMAC/s")


def test_a_rate_is_read_with_its_data_type():
    assert formatted(2_300_000_000_000, "int8") == "2.3 int8 TOP/s"
    assert formatted(500_000_000_000, "fp32") == "500 fp32 GFLOP/s"
    assert formatted(IntegerRate(1000), "") == "1 kOP/s"
    assert formatted(1000, "") == "1 kFLOP/s"


@pytest.mark.parametrize(
    ("rate", "place", "message"),
    [
        ("1 XFLOP/s", ("rate",), "unknown unit `XFLOP/s`"),
        ({"int8": 5}, ("rate", "int8"), "needs a unit"),
        ({"fp32": "1 GB/s"}, ("rate", "fp32"), "`GB/s` is a unit of bandwidth"),
        ({"int9": "1 TOP/s"}, ("rate", "int9", "[key]"), "Input should be 'fp64', 'fp32'"),
        ({}, ("rate",), "have a rate for at least one data type"),
    ],
)
def test_what_is_no_rate_is_named_with_its_place(rate, place, message):
    with pytest.raises(ValidationError) as refused:
        matrix(rate)
    (problem,) = refused.value.errors()
    assert problem["loc"] == place
    assert message in problem["msg"]
