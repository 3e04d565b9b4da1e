"""Simulated beside measured: errors, sums and what is said of them; no torch."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.analysis.validation import Agreement, Compared, Measured, compared, error
from simres.calibration.shapes import matrix_shapes
from simres.reporting.page import Page
from simres.reporting.tables.validation_table import document, report
from simres.scenario.shipped import workload as shipped
from simres.workload import Unit
from simres.workload.json import read

times = st.integers(0, 10**12)
layers = st.lists(
    st.builds(
        Compared,
        name=st.sampled_from(["conv1", "layers.0.relu", "fc", "[bold]"]),
        kind=st.sampled_from(["conv", "relu", "linear"]),
        macs=st.integers(0, 10**9),
        measured_ps=times,
        simulated_ps=times,
        spread=st.floats(0, 5),
    ),
    max_size=8,
).map(tuple)
agreements = st.builds(
    Agreement,
    network=st.just("net"),
    machine=st.just("a machine"),
    chip=st.just("chip.yaml"),
    measured_ps=times,
    measured_spread=st.floats(0, 5),
    simulated_ps=times,
    layers=layers,
)


def agreement(measured=1000, simulated=1000, *layers):
    return Agreement("net", "m", "c", measured, 0.0, simulated, layers)


def conv(measured, simulated, name="conv1"):
    return Compared(name, "conv", 10, measured, simulated)


def test_an_error_is_what_the_simulation_is_too_long_by():
    assert error(110, 100) == pytest.approx(0.1)
    assert error(50, 100) == -0.5
    assert error(0, 0) == 0
    assert error(1, 0) == float("inf")


def test_it_holds_up_to_15_percent_of_the_total_and_30_of_each_convolution():
    assert agreement(100, 115, conv(100, 130), conv(100, 70)).holds
    assert not agreement(100, 116).holds
    assert not agreement(100, 84).holds
    assert not agreement(100, 100, conv(100, 131)).holds
    assert agreement(100, 100, Compared("r", "relu", 0, 100, 900)).holds


def test_a_call_takes_what_all_its_operators_take_and_folded_ones_nothing():
    kinds = {"conv": ("conv", 7), "conv.bias": ("bias", 0), "relu": ("relu", 0)}
    calls = [Measured(("conv", "conv.bias"), 90, 0.5, "mkldnn"), Measured(("relu",), 10)]
    assert compared(calls, kinds, {"conv": 80, "relu": 11}) == (
        Compared("conv", "conv", 7, 90, 80, 0.5, "mkldnn"),
        Compared("relu", "relu", 0, 10, 11),
    )


@given(agreements)
def test_kinds_add_up_to_the_layers_and_the_worst_come_first(found):
    sums = [sum(column) for column in zip(*found.by_kind.values(), strict=True)] or [0, 0, 0]
    assert sums == [
        len(found.layers),
        sum(layer.measured_ps for layer in found.layers),
        sum(layer.simulated_ps for layer in found.layers),
    ]
    differences = [layer.difference_ps for layer in found.worst(99)]
    assert differences == sorted(differences, reverse=True)


@given(agreements, st.booleans(), st.sampled_from([40, 100]))
def test_any_agreement_can_be_shown_and_stored(found, details, width):
    text = "\n".join(map(str, report(found, Page(width, clip=True, whole=details))))
    assert found.network in text
    assert ("NOT within" in " ".join(text.split())) != found.near
    told = json.loads(json.dumps(document(found), allow_nan=False))
    assert len(told["layers"]) == len(found.layers)
    assert told["holds"] == found.holds


def test_what_is_out_of_bounds_is_named():
    found = agreement(1000, 1300, conv(100, 200, "stem"), conv(100, 101))
    text = " ".join("\n".join(map(str, report(found, Page(100)))).split())
    assert "NOT within 15 %; 1 of 2 convolutions are within 30 %, not stem (+100.0 %)" in text
    assert "Farthest off: stem" in text


@pytest.mark.parametrize("network", ["resnet20", "resnet18", "mobilenet_v2", "torchvision-resnet50"])
def test_no_layer_of_a_network_to_check_is_a_point_of_the_grid(network):
    """Whatever is simulated of these is interpolated: nothing was fitted to them."""
    points = {
        (s.operator == "conv", s.groups, s.stride, s.kernel**2, s.c, s.m, s.pixels) for s in matrix_shapes()
    }
    assert len(points) == len(matrix_shapes())
    for op in read(shipped(network)).ops:
        if op.unit is Unit.MATRIX:
            loops = op.loops
            stride = max(op.window.stride) if op.window else 1
            pixels = loops.n * loops.p * loops.q
            shape = (op.kind == "conv", loops.groups, stride, loops.r * loops.s, loops.c, loops.m, pixels)
            assert shape not in points
