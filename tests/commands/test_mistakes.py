"""Mistakes that people make, each with its whole message: what is wrong, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

Simres = Callable[..., tuple[int, str, str]]

CHIP = """\
hardware:
  ddr: {kind: ddr, bandwidth: 1 GB/s}
  sram: {kind: sram, capacity: 1 MiB}
  matrix: {kind: matrix, rate: 1 TFLOP/s}
  host: {kind: host, rate: 10 GFLOP/s}
"""
FILES = {
    "batch.yaml": "workload: resnet20\nchip: paper\nbatch: 4\n",
    "chip.yaml": CHIP,
    "named.yaml": "name: mine\n" + CHIP,
    "load.yaml": "workload: resnet20\nchip: paper\nload: {rate: 400/s}\n",
    "rate.yaml": "workload: resnet20\nchip: paper\nhardware: {matrix: {rate: 4 int8 TOP/s}}\n",
    "run/checkpoint.safetensors": "",
    "recipe.yaml": "epochz: 3\n",
    "net.onnx": "",
    "net.pt": "",
    "garbage.safetensors": "\x7f" * 3000,
}
TEXT = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8")
MISTAKES = {
    name: (typed.removeprefix("$ simres "), said)
    for name, typed, said in (mistake.split("\n", 2) for mistake in TEXT.removeprefix("# ").split("\n# "))
}
"""What is typed and the whole message, by name; `SHIPPED` and `HERE` stand for what is so."""
TORCH = ("skip", "train", "evaluate garbage")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (FILES | {"mine.yaml": "workload: resnet20\n" + CHIP}).items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


@pytest.mark.parametrize(("typed", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_with_its_place_and_remedy(simres: Simres, typed: str, said: str) -> None:
    if typed.startswith(TORCH):
        pytest.importorskip("torch")
    if typed == "simulate" and version("typer") < "0.26":
        pytest.skip("older Typers do not know what an argument is for")
    shipped = "design-space, paper, pipeline, resnet20, stream, tiny, two-tenants"
    code, out, err = simres(*typed.split())
    assert err.rstrip() == said.rstrip().replace("SHIPPED", shipped).replace("HERE", str(Path.cwd()))
    assert (code, out) == (2, "")


@pytest.mark.torch
def test_shapes_that_a_network_does_not_take_come_with_those_that_it_does(simres: Simres) -> None:
    pytest.importorskip("torch")
    code, _, err = simres("trace", "resnet20", "--input", "3x32")
    assert code == 2
    assert "with input 3x32 and batch 1: the network itself does not take it (PyTorch: RuntimeError: " in err
    assert "hint: usual is `--input 3x32x32`, without the batch; give one --input for each" in err


def test_a_key_that_another_kind_has_names_it(simres: Simres) -> None:
    pytest.importorskip("simres_systolic")
    code, _, err = simres("simulate", "mine.yaml", "--set", "hardware.matrix.rows=16")
    said = "--set hardware.matrix.rows: unknown key; `matrix` has none; a component of kind `array` has\n"
    assert (code, err) == (2, f"error: Invalid scenario `mine.yaml`\n    {said}")
