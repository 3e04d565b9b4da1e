"""One word for one thing in every command: goals, chips, `-`, and what takes a component away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simres import files
from simres.errors import RenamedWarning
from simres.exploration.table_formats import write_rows

Simres = Callable[..., tuple[int, str, str]]
SWEEP = ("sweep", "paper", "--vary", "hardware.ddr.bandwidth=1,2 GB/s", "--workers", 1)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def given(text: str) -> None:
        monkeypatch.setattr(files, "_stdin", None)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return given


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            ("sweep", "paper", "--vary", "seed=1,2", "--workers", 1, "--pareto", "latency,sram"),
            "latency,sram",
        ),
        (("plot", "front", "t.jsonl", "--pareto", "latency,sram", "-o", "a.html"), "latency,sram"),
        (("plot", "heat", "t.jsonl", "--of", "energy", "-o", "a.html"), "energy"),
    ],
)
def test_old_words_of_goals_are_read_with_a_warning(simres: Simres, old, new, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    vary = ("--vary", "hardware.ddr.bandwidth=1,2 GB/s", "--vary", "hardware.host.rate=1,2 GFLOP/s")
    assert simres("sweep", "paper", *vary, "--workers", 1, "-o", "t.jsonl")[0] == 0
    code, _, err = simres(*old)
    assert code == 0
    assert f"is an old name of `--goal`; write `--goal {new}`" in err


def test_null_takes_a_component_away(simres: Simres, tmp_path: Path) -> None:
    two = tmp_path / "two.yaml"
    two.write_text("workload: resnet20\nchip: paper\nhardware: {other: {kind: matrix, rate: 1 TFLOP/s}}\n")
    for more, there in (((), True), (("--set", "hardware.other=null"), False)):
        code, out, _ = simres("simulate", two, *more, "--json")
        assert (code, "other" in json.loads(out)["origin"]["scenario"]["hardware"]) == (0, there)
    code, _, err = simres("simulate", "resnet20", "--set", "hardware.other=null")
    assert (code, err) == (
        2,
        "error: --set hardware.other: no `other` to remove; components: ddr, sram, matrix, host\n",
    )
    own = tmp_path / "own.yaml"
    own.write_text(
        "workload: resnet20\nchip: paper\nhardware:\n  sram: null\n  own: {kind: sram, capacity: 1 MiB}\n"
    )
    assert simres("validate", own)[0] == 0


def test_a_timeline_is_drawn_of_a_scenario(simres: Simres, tmp_path: Path) -> None:
    assert simres("simulate", "resnet20", "-o", tmp_path)[0] == 0
    code, out, _ = simres("timeline", "resnet20")
    assert (code, out) == (0, simres("timeline", tmp_path)[1])
    assert simres("timeline", "resnet20", "--chip", "edge-npu")[0] == 0


def test_init_starts_from_a_chip_and_a_network(simres: Simres, tmp_path: Path) -> None:
    for more in ((), ("--chip", "edge-npu"), ("--network", "resnet18", "--chip", "mcu")):
        folder = tmp_path / "-".join(["mine", *more])
        assert simres("init", folder, *more)[0] == 0
        assert simres("validate", folder / "scenario.yaml")[0] == 0
    text = (folder / "scenario.yaml").read_text()
    assert "\nworkload: resnet18\n" in text
    assert "\nchip: mcu\n" in text
    for wrong in (("--chip", "nope"), ("--network", "resnet19")):
        assert simres("init", tmp_path / "no", *wrong)[0] == 2
        assert not (tmp_path / "no").exists()


def test_a_dash_is_stdin(simres: Simres, stdin, tmp_path: Path) -> None:
    text = "workload: resnet20\nchip: paper\n"
    stdin(text)
    code, found, _ = simres("simulate", "-", "--json")
    assert code == 0
    assert json.loads(found)["origin"]["scenario"]["workload"] == "resnet20"
    stdin(found)
    assert simres("explain", "-")[0] == 0
    stdin("workload: resnet20\nchip: nope\n")
    code, _, err = simres("validate", "-")
    assert code == 2
    assert "Invalid scenario `-`\n  2:7" in err


@pytest.mark.torch
def test_a_dash_is_a_traced_network(simres: Simres, stdin, tmp_path: Path) -> None:
    assert simres("trace", "resnet20", "-o", tmp_path / "w.json")[0] == 0
    stdin((tmp_path / "w.json").read_text())
    assert simres("simulate", "-", "--chip", "edge-npu")[0] == 0
    code, out, _ = simres("trace", "resnet20", "-o", "-")
    assert (code, json.loads(out)["name"]) == (0, "cifar:resnet20")


def test_a_dash_is_stdout(simres: Simres) -> None:
    code, out, _ = simres("simulate", "resnet20", "--csv", "-")
    assert code == 0
    assert len(list(csv.DictReader(io.StringIO(out)))) > 20
    code, out, _ = simres("schema", "chip", "-o", "-")
    assert (code, json.loads(out)["title"]) == (0, "A chip for simres")
    code, out, _ = simres(*SWEEP, "-o", "-")
    assert code == 0
    assert [json.loads(line)["error"] for line in out.splitlines()] == [None, None]
    code, out, _ = simres("report", "resnet20", "-o", "-")
    assert (code, out[:15]) == (0, "<!doctype html>")


def test_a_small_sweep_shows_all_its_points(simres: Simres, tmp_path: Path) -> None:
    code, out, _ = simres(*SWEEP, "-o", tmp_path)
    assert code == 0
    assert "Designs  2; * on the Pareto front in latency, energy: " in out
    assert out.count(" GB/s") == 2


def test_a_table_is_written_as_csv_and_goes_on_from_its_lines(simres: Simres, tmp_path: Path) -> None:
    for _ in range(2):
        code, _, err = simres(*SWEEP, "-o", tmp_path / "t.csv")
        assert code == 0
        assert f"wrote {tmp_path / 't.csv'}" in err
    assert "2 of them known already" in err
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text())))
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [row["makespan_ps"] for row in rows] == [str(row["makespan_ps"]) for row in lines]


def test_a_table_is_written_as_parquet_or_the_remedy_said(
    simres: Simres, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    code, _, err = simres(*SWEEP, "-o", tmp_path / "t.parquet")
    assert code == 2
    assert "a Parquet file needs pyarrow, which is not installed" in err
    assert "simres[parquet]" in err
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"key": "a", "image_ps": 1 << 60, "error": None}, {"key": "b", "image_ps": None, "error": "no"}]
    write_rows(rows, tmp_path / "t.parquet")
    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == rows


def test_a_warning_is_one_of_renaming() -> None:
    from simres.commands.options import goal_of

    with pytest.warns(RenamedWarning, match="`--pareto` is an old name"):
        assert goal_of(None, "latency") == "latency"
    assert goal_of("energy", None) == "energy"
