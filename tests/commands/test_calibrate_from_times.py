"""`simres calibrate --from`: a chip's figures come back from times that were simulated with them."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

import simres
from simres.commands import app
from simres.errors import ExitCode

CHIP = """
description: a test's chip
source: published nowhere
hardware:
  ddr: {kind: ddr, bandwidth: 2 GB/s}
  sram: {kind: sram, capacity: 256 KiB}
  matrix: {kind: matrix, rate: 500 GFLOP/s}
  host: {kind: host, rate: 10 GFLOP/s, launch: 1 us}
"""
SETTINGS = ("scheduler=serial", "scheduler=serial;passes=[quantise_int8]", "scheduler=serial;images=3")


@pytest.fixture
def ran(tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "real.yaml").write_text(CHIP)
    (tmp_path / "guess.yaml").write_text(CHIP.replace("2 GB/s", "1 GB/s").replace("1 us", "3 us"))
    lines = ["workload,time,scheduler,passes,images"]
    for text in SETTINGS:
        changes = dict(one.split("=", 1) for one in text.split(";"))
        took = simres.simulate("resnet20", chip="real.yaml", overrides=changes).makespan_ps
        cells = (changes.get(name, "") for name in ("scheduler", "passes", "images"))
        lines.append(",".join(("resnet20", f"{took} ps", *cells)))
    (tmp_path / "times.csv").write_text("\n".join(lines) + "\n")

    def run(*args: str):  # type: ignore[no-untyped-def]
        return CliRunner().invoke(app, ["calibrate", *args])

    return run


FREE = ("--from", "times.csv", "--chip", "guess.yaml", "--free", "ddr.bandwidth", "--free", "host.launch")


def test_figures_come_back_and_the_chip_says_which_they_are(ran, tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = ran(*FREE, "-o", "fitted.yaml", "--json")
    assert found.exit_code == ExitCode.OK, found.output
    document = json.loads(found.stdout)
    assert document["errors"]["fitted"]["mean"] < 0.02 < document["errors"]["start"]["mean"]
    assert len(document["measurements"]) == len(SETTINGS)
    written = (tmp_path / "fitted.yaml").read_text()
    chip = yaml.safe_load(written)
    assert chip["hardware"]["matrix"] == {"kind": "matrix", "rate": "500 GFLOP/s"}
    commented = [line for line in written.splitlines() if "# calibrated" in line]
    assert [line.split(":")[0].strip() for line in commented] == ["bandwidth", "launch"]
    assert "was 1 GB/s" in commented[0]
    assert "3 times in times.csv" in written
    assert chip["source"].startswith("published nowhere")
    again = simres.simulate("resnet20", chip="fitted.yaml", overrides={"scheduler": "serial"})
    assert again.makespan_ps == document["measurements"][0]["fitted_ps"]


def test_the_report_has_every_row_with_and_without_itself(ran) -> None:  # type: ignore[no-untyped-def]
    said = ran(*FREE).stdout
    assert "Each measurement predicted from the others is off by" in said
    assert "3 measurements for 2 free figures" in said
    assert "left out" in said
    assert "resnet20, serial, [quantise_int8]" in said


@pytest.mark.parametrize(
    ("change", "args", "said"),
    [
        ("", FREE[:4], "--free for each figure"),
        ("", (*FREE[:5], "matrix.speed"), "states no such figure"),
        ("", (*FREE[:4], *("--free", "ddr.bandwidth") * 2), "names a figure twice"),
        ("", (*FREE, "--free", "matrix.rate"), "more measurements than free figures: 3 in the file, 3 free"),
        ("", (*FREE, "--check", "resnet18"), "without --check"),
        ("workload,time\nresnet20,5\n", FREE, "line 2: `time`"),
        ("workload,time\nresnet20\n", FREE, "line 2: has 1 cells"),
        ("workload,took\n", FREE, "must name the column `time`"),
        ("workload,time,sheduler\n" + "resnet20,1 ms,serial\n" * 3, FREE, "line 2: sheduler"),
        ("workload,time\n" + "no-such-net,1 ms\n" * 3, FREE, "line 2:"),
        ('workload,time\n"resnet20,1 ms\n', FREE, "not a CSV file"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(ran, tmp_path, change, args, said) -> None:  # type: ignore[no-untyped-def]
    if change:
        (tmp_path / "times.csv").write_text(change)
    found = ran(*args)
    assert found.exit_code == ExitCode.BAD_INPUT
    assert said in " ".join(found.output.split())
    assert "Traceback" not in found.output
