"""Trained networks times chips: one front of accuracy against latency and energy, without PyTorch.

`tests/trained` has networks that were trained on the built-in images and traced, each with its accuracy.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from simres.exploration.point_figures import FigureRow
from simres.workload.json import read

TRAINED = Path(__file__).parents[1] / "trained"
NAMES = ("resnet8", "plain14", "resnet14-without-1")
SCENARIO = """\
workload: resnet8.json
chip: paper
sweep:
  vary:
    workload: [resnet8.json, plain14.json, resnet14-without-1.json]
    hardware.ddr.bandwidth: 0.5,2 GB/s
  goal: [accuracy, latency, energy]
"""
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from simres.commands import main
sys.argv = ["simres", "sweep", *sys.argv[1:]]
main()
"""
ACCURACY = {f"{name}.json": read(TRAINED / f"{name}.json").accuracy for name in NAMES}  # type: ignore[union-attr]

Simres = Callable[..., tuple[int, str, str]]


@dataclass
class Swept:
    """What a sweep said, its table and its page."""

    said: str
    folder: Path

    @property
    def rows(self) -> list[FigureRow]:
        return [json.loads(line) for line in (self.folder / "sweep.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """The networks on two chips, swept as the file says, by a Python that has no torch."""
    folder = tmp_path_factory.mktemp("trained")
    for name in NAMES:
        (folder / f"{name}.json").write_bytes((TRAINED / f"{name}.json").read_bytes())
    (folder / "networks.yaml").write_text(SCENARIO)
    arguments = ["networks.yaml", "--workers", "1", "--plot", "front.html"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Swept(done.stdout, folder)


def test_the_networks_say_how_good_they_are() -> None:
    assert all(accuracy for accuracy in ACCURACY.values())
    assert len(set(ACCURACY.values())) == len(NAMES)


def test_every_design_has_the_accuracy_of_its_network(swept: Swept) -> None:
    assert len(swept.rows) == 2 * len(NAMES)
    for row in swept.rows:
        assert row["error"] is None
        assert row["accuracy"] == ACCURACY[str(row["workload"])]


def test_accuracy_latency_and_energy_make_one_front(swept: Swept) -> None:
    points = {
        (str(row["workload"]), row["hardware.ddr.bandwidth"]): (
            -float(row["accuracy"] or 0),
            int(row["image_ps"] or 0),
            int(row["image_fj"] or 0),
        )
        for row in swept.rows
    }
    front = {
        design
        for design, figures in points.items()
        if not any(
            other != figures and all(a <= b for a, b in zip(other, figures, strict=True))
            for other in points.values()
        )
    }
    assert f"* on the Pareto front in accuracy, latency, energy: {len(front)}\n" in swept.said
    assert sum(line.startswith("* ") for line in swept.said.splitlines()) == len(front)
    assert {network for network, _ in front} == {"resnet8.json", "resnet14-without-1.json"}
    for network, _ in front:
        assert network in swept.said
        assert f"{100 * (ACCURACY[network] or 0):.2f}" in swept.said


def test_the_page_has_accuracy_against_latency_and_against_energy(swept: Swept) -> None:
    text = (swept.folder / "front.html").read_text(encoding="utf-8")
    assert text.count("accuracy in %") == 2
    assert "latency per inference in" in text
    assert "energy per inference in" in text


def test_a_picture_of_it_is_drawn_from_the_table(swept: Swept, simres: Simres, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    picture = tmp_path / "front.png"
    code, _, _ = simres("plot", "front", swept.folder, "--goal", "accuracy,latency,energy", "-o", picture)
    assert code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
