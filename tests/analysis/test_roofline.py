"""The roofline: figures by hand, a plot that fits its width, and a picture."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner

from simres.analysis.roofline import Roofline, RooflinePoint, layers_of
from simres.commands import build
from simres.errors import SimresError
from simres.reporting.drawing.roofline_drawing import classes, report, roofline_of
from simres.reporting.page import Page
from simres.reporting.pictures import files, roofline_picture
from simres.reporting.text.glyphs import ASCII, BLOCKS


def invoke(*arguments):
    return CliRunner().invoke(build(), ["roofline", *map(str, arguments)])


def test_figures_by_hand(resnet20):
    found = roofline_of(resnet20)
    assert (found.bandwidth, found.matrix_rate, found.host_rate) == (10**9, 10**12, 10**10)
    conv = next(point for point in found.points if point.name == "conv")
    assert (conv.operations, conv.nbytes) == (2 * 442368, 12288 + 1728)
    assert conv.intensity == pytest.approx(63.12, abs=0.01)
    assert found.roof("matrix", conv.intensity) == pytest.approx(63.12e9, rel=1e-3)
    assert found.share(conv) == pytest.approx(0.941, abs=0.001)
    relu = next(point for point in found.points if point.name == "relu")
    assert (relu.role, relu.intensity, found.share(relu)) == ("host", None, pytest.approx(1.0, rel=1e-3))
    assert len(found.points) == len([layer for layer in resnet20.layers if layer.macs or layer.vector_ops])


def test_no_layer_is_above_its_roof(resnet20, paper):
    for result in (resnet20, paper):
        found = roofline_of(result)
        assert all(found.share(point) <= 1 + 1e-9 for point in found.points)


def test_chips_without_a_peak():
    point = RooflinePoint("a", "conv", "matrix", 100, 10, 5)
    assert Roofline(0, 0, 0, (point,)).share(point) == 0
    assert Roofline(10, 0, 0, ()).roof("matrix", 2.0) == 20
    assert RooflinePoint("a", "conv", "matrix", 100, 10, 0).rate == 0


@pytest.mark.parametrize("draw", [True, False])
@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_plot_fits_and_has_a_glyph_a_class(resnet20, width, draw):
    text = [line.plain for line in report(resnet20, Page(width, BLOCKS if draw else ASCII, clip=True))]
    limit = max(width, 60)  # the table keeps its figures
    assert all(cell_len(line) <= limit for line in text)
    assert not any(line.endswith(" ") for line in text)
    plot = "\n".join(text).split("\nlayer ")[0]
    for kind, points in classes(roofline_of(resnet20)).items():
        mark = next(part for part in plot.replace("\n", "   ").split("   ") if f" {kind} (" in part).strip()[
            0
        ]
        assert f"{mark} {kind} ({len(points)})" in plot
        if kind not in ("add", "avg_pool"):  # in one cell with relu
            assert plot.count(mark) >= 2
    if not draw:
        assert plot.isascii()


@given(data=st.data(), width=st.sampled_from([80, 120, 200]))
@settings(max_examples=40, deadline=None)
def test_any_result_has_a_roofline(random_results, data, width):
    result = data.draw(random_results)
    text = [line.plain for line in report(result, Page(width, clip=True))]
    assert all(cell_len(line) <= width for line in text)


def test_the_command(tmp_path):
    assert "10 GFLOP/s" in invoke("resnet20").stdout
    document = json.loads(invoke("resnet20", "--json", "--set", "hardware.ddr.bandwidth=2 GB/s").stdout)
    assert document["bandwidth"] == 2 * 10**9
    assert {"name", "kind", "role", "operations", "nbytes", "time_ps"} == set(document["points"][0])


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_picture(resnet20, tmp_path, suffix):
    if suffix == "png":
        pytest.importorskip("vl_convert")
    path = tmp_path / f"plot.{suffix}"
    drawn = roofline_picture.picture(resnet20)
    files.save(drawn, path)
    assert path.stat().st_size > 10_000
    with pytest.raises(SimresError, match="cannot draw"):
        files.save(drawn, tmp_path / "plot.xyz")
    files.save(drawn, tmp_path / "new" / path.name)
    assert (tmp_path / "new" / path.name).read_bytes() == path.read_bytes()


def test_a_layer_counts_in_multiply_accumulates_or_else_in_vector_operations():
    rows = [("a", "conv", 10, 5, 1, 1), ("b", "relu", 0, 5, 1, 1), ("c", "reshape", 0, 0, 1, 1)]
    found = [(point.name, point.role, point.operations) for point in layers_of(rows)]
    assert found == [("a", "matrix", 20), ("b", "host", 5)]
