"""Chips that people know: their arrays have the published peaks, and scenarios are as far off as they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import simres
from simres.hardware.specs import MatrixUnitSpec
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.scenario.loader import load_chip
from simres.units import format_duration
from simres.workload import json as workload_json

FOLDER = Path(__file__).parents[1] / "scenarios"
PUBLISHED = ("tpuv3", "edge-tpu", "eyeriss-alexnet")
README = (FOLDER.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("chip", "cores", "published", "within"),
    [
        # Operations a second: 123 TFLOP/s a chip of two cores, 4 TOPS, 33.6 G multiply-accumulates.
        (FOLDER / "chips" / "tpuv3-core.yaml", 2, 123e12, 0.005),
        (FOLDER / "chips" / "edge-tpu.yaml", 1, 4e12, 0.02),
        (shipped.chip("eyeriss"), 1, 2 * 33.6e9, 0),
    ],
)
def test_peaks_are_the_published_ones(chip: Path, cores: int, published: float, within: float) -> None:
    parts = load_chip(chip, registry=Registry()).hardware.values()
    rates = [part.rate for part in parts if isinstance(part, MatrixUnitSpec)]
    assert cores * sum(rates) == pytest.approx(published, rel=within)


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_further_from_what_is_published_than_it_says(name: str) -> None:
    result = simres.simulate(FOLDER / f"{name}.yaml")
    (expectation,) = result.expectations
    assert expectation.met
    (published, simulated) = re.search(rf"`{name}.yaml` .*\| (.+) \| (.+) \|", README).groups()  # type: ignore[union-attr]
    assert format_duration(expectation.expected) == published
    assert format_duration(result.makespan_ps) == simulated


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        # As the papers on Eyeriss count them: 666 million and 15.3 billion an image.
        ("alexnet-convolutions", 665_784_864),
        ("vgg16-convolutions", 15_346_630_656),
    ],
)
def test_workloads_have_the_published_work(name: str, macs: int) -> None:
    assert workload_json.read(FOLDER / "workloads" / f"{name}.json").macs == macs
