"""What simres writes is the same to the byte in every process, whatever the order of its hash tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_TORCH = (
    "simulate resnet20 --set scheduler=serial -o run --csv l.csv --perfetto t.json --report html=p.html",
    "simulate stream --set scheduler=serial --set load.images=20 --set load.rate=100/s -o stream",
    "compare run/result.json run/result.json --perfetto both.json",
    "schedule resnet20 --set scheduler=serial -o program.json",
    "sweep paper --vary hardware.ddr.bandwidth=1,2GB/s --vary images=1,2 --workers 1 -o table.jsonl",
    "plot front table.jsonl -o front.html",
    "plot heat table.jsonl -o heat.html",
    "report run/result.json -o report.html",
    "schema -o schema.json",
    "init new",
    "plugins new simres-mine",
)
DRAWN = (
    "roofline paper -o roof.png",
    "roofline paper -o roof.svg",
    "roofline paper -o roof.pdf",
    "plot front table.jsonl -o front.svg",
)
TRACED = ("trace resnet8 -o resnet8.json",)
"""Checkpoints are compared in tests/training/test_store.py: training takes too long here."""
RUN = """
import sys
from simres.commands import build
for line in sys.argv[1:]:
    if build()(line.split(), standalone_mode=False):
        sys.exit(line)
"""


def written(folder: Path, seed: str, lines: tuple[str, ...]) -> dict[str, bytes]:
    """What commands write in a process of their own, by name."""
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    ended = subprocess.run(
        [sys.executable, "-c", RUN, *lines], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items()}


def same(tmp_path: Path, lines: tuple[str, ...]) -> dict[str, bytes]:
    one, other = (written(tmp_path / seed, seed, lines) for seed in ("1", "2"))
    assert one.keys() == other.keys()
    assert [name for name, data in one.items() if data != other[name]] == []
    return one


def test_every_file_without_torch(tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    found = same(tmp_path, (*WITHOUT_TORCH, *DRAWN))
    assert len(found) > 15


@pytest.mark.torch
def test_a_traced_network(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    assert len(same(tmp_path, TRACED)) == 1
