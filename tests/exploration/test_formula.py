"""Goals by expression: what they may have, what they come to, and that nothing else is run."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.exploration.constraints import limits_of
from simres.exploration.formula import formula_of, is_formula
from simres.exploration.fronts import front_of
from simres.exploration.objectives import best_of, objectives_of
from simres.exploration.space import space_of
from simres.scenario.sweep_section import goals_in

ROW = {
    "image_ps": 2 * 10**9,
    "image_fj": 3 * 10**12,
    "area_um2": 5 * 10**6,
    "peak_bytes": 1000,
    "hardware.sram.capacity": 4096,
    "accuracy": None,
    "error": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("latency * area", 0.002 * 5),
        ("energy / latency", 0.003 / 0.002),
        ("max(energy, area) + 2", 7.0),
        ("min(area, 1, 9) ** 2 - -1", 2.0),
        ("sqrt(hardware.sram.capacity)", 64.0),
        ("log(peak_bytes)", math.log(1000)),
        ("1 / area", 0.2),
        ("+area", 5.0),
    ],
)
def test_an_expression_is_arithmetic_in_units_without_prefix(text: str, value: float):
    (goal,) = objectives_of(text, ["hardware.sram.capacity"])
    assert goal.of(ROW) == pytest.approx(value)


@pytest.mark.parametrize("text", ["1 / (area - area)", "log(-area)", "area ** 9999", "latency * accuracy"])
def test_a_row_may_have_no_value(text: str):
    (goal,) = objectives_of(text)
    assert goal.of(ROW) is None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "area.__class__()",
        "(lambda: area)()",
        "[area][0]",
        "area if latency else 1",
        "area and latency",
        "area < 2",
        "exec(area)",
        "sqrt(area, 2)",
        "min()",
        "min(area, key=latency)",
        "area +",
        "'area' * 2",
        "area; latency",
        "area * True",
        "1 + 2",
        "area * " + "9" * 450,
        "area * 1\0",
        "area * 1if area else 2",
        "area * " + "(" * 400 + "1" + ")" * 400,
        "area + " * 200 + "1",
    ],
)
def test_nothing_else_is_an_expression(text: str):
    with pytest.raises(SimresError):
        objectives_of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latensy * area", "did you mean `latency`"),
        ("area * hardware.ram.capacity", "did you mean `hardware.sram.capacity`"),
        ("error * area", "unknown goal `error`"),
    ],
)
def test_an_unknown_name_is_said_with_what_is_close(text: str, said: str):
    with pytest.raises(SimresError) as error:
        objectives_of(text, ["hardware.sram.capacity"])
    assert said in f"{error.value.message} {error.value.hint}"


def test_goals_are_split_outside_of_parentheses():
    assert goals_in("latency, max(area, 2),energy") == ["latency", "max(area, 2)", "energy"]
    assert [is_formula(goal) for goal in ("latency", "a_b", "a*b", "")] == [False, False, True, False]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_it_agrees_with_python(a: float, b: float):
    found = formula_of("a * b + a - b / 3").of({"a": a, "b": b})
    assert found == pytest.approx(a * b + a - b / 3, nan_ok=True)


def test_a_limit_of_an_expression_is_a_plain_number():
    (limit,) = limits_of({"latency * area": "0.02"})
    assert limit.excess(ROW) == pytest.approx(-0.5)
    with pytest.raises(SimresError, match="plain number"):
        limits_of({"latency * area": "2 ms"})
    with pytest.raises(SimresError, match="one goal"):
        limits_of({"latency,area": "2"})


def test_a_front_may_have_one():
    knobs = space_of({"hardware.sram.capacity": "1,2,4 kB"}).knobs
    rows = [
        ROW | {"image_ps": ps, "area_um2": um2, "hardware.sram.capacity": size}
        for ps, um2, size in ((10**9, 10**6, 1000), (2 * 10**9, 10**6, 2000), (10**8, 4 * 10**6, 4000))
    ]
    goals = objectives_of("latency * area, area")
    assert best_of(rows, goals) == [2, 0]
    found = front_of(rows, knobs, goals)
    assert found.axes[0].title == "latency * area"
    assert found.axes[0].values == pytest.approx((0.001, 0.002, 0.0004))
