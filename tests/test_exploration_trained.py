"""Trained networks times chips: one front of accuracy against latency and energy, without PyTorch.

`tests/trained` has networks that were trained on the built-in images and traced, each with its accuracy.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simres.workload_json import read

TRAINED = Path(__file__).parent / "trained"
NAMES = ("resnet8", "plain14", "resnet14-without-1")
SCENARIO = """\
workload: {folder}/resnet8.json
chip: paper
sweep:
  vary:
    workload: [{networks}]
    hardware.ddr.bandwidth: 0.5,2 GB/s
  pareto: [accuracy, latency, energy]
"""

Simres = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    for name in NAMES:
        (folder / f"{name}.json").write_bytes((TRAINED / f"{name}.json").read_bytes())
    path = folder / "networks.yaml"
    path.write_text(SCENARIO.format(folder=".", networks=", ".join(f"{name}.json" for name in NAMES)))
    return path


def test_the_networks_were_trained_and_say_how_well() -> None:
    found = {name: read(TRAINED / f"{name}.json") for name in NAMES}
    assert all(network.accuracy is not None for network in found.values())  # type: ignore[union-attr]
    assert len({network.digest for network in found.values()}) == len(NAMES)


def test_accuracy_latency_and_energy_make_one_front(simres: Simres, scenario: Path, tmp_path: Path) -> None:
    picture = tmp_path / "front.html"
    code, out, _ = simres("sweep", scenario, "--workers", 1, "-o", tmp_path / "t.jsonl", "--plot", picture)
    assert code == 0
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * len(NAMES)
    for row in rows:
        assert row["error"] is None
        assert row["accuracy"] == read(scenario.parent / row["workload"]).accuracy  # type: ignore[union-attr]
    points = {
        (row["workload"], row["hardware.ddr.bandwidth"]): (-row["accuracy"], row["image_ps"], row["image_fj"])
        for row in rows
    }
    front = {
        design
        for design, figures in points.items()
        if not any(
            other != figures and all(a <= b for a, b in zip(other, figures, strict=True))
            for other in points.values()
        )
    }
    assert f"{len(front)} of 6 in accuracy, latency, energy" in out
    for network, _ in front:
        assert network in out
        assert f"{100 * read(scenario.parent / network).accuracy:.2f}" in out  # type: ignore[union-attr,operator]
    assert not any(network == "plain14.json" for network, _ in front)  # slower and worse than the shallower
    text = picture.read_text(encoding="utf-8")
    assert "accuracy in %" in text
    assert "latency of an image in" in text
    assert "energy of an image in" in text


def test_it_takes_no_torch(scenario: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from simres.commands import main; "
        f"sys.argv = ['simres', 'sweep', {str(scenario)!r}, '--vary', 'workload={TRAINED / 'resnet8.json'}', "
        f"'--workers', '1', '-o', {str(tmp_path / 't.jsonl')!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 in accuracy" in done.stdout or "1 of 2 in accuracy" in done.stdout


def test_a_picture_of_it_is_drawn_from_the_table(simres: Simres, scenario: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert simres("sweep", scenario, "--workers", 1, "-o", tmp_path)[0] == 0
    picture = tmp_path / "front.png"
    code, _, _ = simres("plot", "front", tmp_path, "--pareto", "accuracy,latency,energy", "-o", picture)
    assert code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
