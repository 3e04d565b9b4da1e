"""`benchmarks/tiny.py` takes factors from other rows, never from the one it predicts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SYSTEMS = [
    ("one", "NUCLEO-L4R5ZI", "Cortex-M4", "X-CUBE-AI v9.0"),
    ("two", "NUCLEO-H7A3ZI-Q", "Cortex-M7", "X-CUBE-AI v9.0"),
    ("three", "NUCLEO-L4R5ZI", "Cortex-M4", "X-CUBE-AI v7.3.0"),
]


@pytest.fixture
def tiny(monkeypatch):
    pytest.importorskip("simres")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import tiny

    return tiny


def write(folder, times):
    """The two files of a folder with these times in ms by system and network."""
    with (folder / "mlperf_tiny_systems.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["system_id", "board", "family", "software", "numeric_type"])
        rows.writerows([name, board, family, software, "int8"] for name, board, family, software in SYSTEMS)
    with (folder / "mlperf_tiny_latency.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["system_id", "network", "latency_ms", "same_file_as", "flags"])
        rows.writerows([system, network, ms, "", ""] for (system, network), ms in times.items())


def test_a_library_s_factor_comes_from_other_boards(tiny, tmp_path):
    """Boards whose library takes 0.8 times the cycles are predicted exactly; the row itself never counts."""
    times = {
        ("one", "kws"): tiny.simulated_ms("nucleo-l4r5zi", "tiny:kws", 2.0),
        ("two", "kws"): tiny.simulated_ms("nucleo-h7a3zi-q", "tiny:kws", 0.8),
        ("two", "ad"): tiny.simulated_ms("nucleo-h7a3zi-q", "tiny:ad", 0.8),
    }
    write(tmp_path, times)
    first, second, third = tiny.by_library(tiny.read(tmp_path))
    assert (first.by, first.share) == ("boards", pytest.approx(0.8 / 2 - 1, abs=0.01))
    assert (second.by, second.share) == ("boards", pytest.approx(2 / 0.8 - 1, abs=0.05))
    assert third.share > 1


def test_ic_comes_from_the_same_system_s_other_networks(tiny, tmp_path):
    names = {"ic": "tiny:ic", "kws": "tiny:kws", "vww": "tiny:vww", "ad": "tiny:ad"}
    times = {
        ("three", name): tiny.simulated_ms("nucleo-l4r5zi", workload, 1.3) for name, workload in names.items()
    }
    write(tmp_path, times)
    (found,) = tiny.from_the_other_three(tiny.read(tmp_path))
    assert found.share == pytest.approx(0, abs=1e-3)
    (simple,) = tiny.by_rate(tiny.read(tmp_path))
    assert simple.share > 0.3, "the other networks take more cycles a product"


def test_software_that_leaves_out_dead_filters_is_known_by_name(tiny, tmp_path):
    write(tmp_path, {("one", "vww"): 1.0, ("three", "vww"): 1.0})
    assert [row.workload for row in tiny.read(tmp_path)] == ["tiny:vww_live", "tiny:vww"]


def test_without_the_files_it_says_what_is_missing(tiny, tmp_path, capsys):
    assert tiny.main(tmp_path, every=False) == 2
    assert "--data" in capsys.readouterr().err


def test_it_prints_every_comparison(tiny, tmp_path, capsys):
    write(tmp_path, {(name, "kws"): 50.0 for name in ("one", "two", "three")})
    assert tiny.main(tmp_path, every=True) == 0
    said = capsys.readouterr().out
    assert "one factor a library, each board from the others" in said
    assert "nucleo-l4r5zi" in said
