"""`simres trace` and `simres workload show`, as typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simres.commands import app
from simres.errors import ExitCode
from simres.workload import Workload
from simres.workload import json as workload_json

SHIPPED = Path(__file__).parents[2] / "scenarios" / "workloads"

NETWORKS = """
import torch
from torch import nn

class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
    def forward(self, x):
        return self.fc(x)

class Pair(nn.Module):
    def forward(self, a, b):
        return a @ b

class Steps(nn.Module):
    def forward(self, x, step):
        if step.ndim != 1:
            raise ValueError("one step an image")
        return x * step[:, None, None]

class Turns(nn.Module):
    def forward(self, x):
        return torch.matrix_exp(x)
"""


@pytest.fixture
def simres(tmp_path, monkeypatch):
    (tmp_path / "simres_test_networks.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "simres_test_networks", raising=False)

    def run(*arguments):
        return CliRunner().invoke(app, ["--no-plugins", *map(str, arguments)])

    return run


class TestShow:
    def test_a_file_a_shipped_name_and_a_canonical_one_are_the_same(self, simres):
        by_file = simres("workload", "show", SHIPPED / "resnet20.json")
        assert by_file.exit_code == ExitCode.OK
        assert by_file.stdout == simres("workload", "show", "resnet20").stdout
        assert by_file.stdout == simres("workload", "show", "cifar:resnet20").stdout
        assert "40551040" in by_file.stdout
        assert simres("workload", "show", "torchvision:resnet50").exit_code == ExitCode.OK

    def test_json_is_the_file(self, simres):
        shown = simres("workload", "show", "resnet20", "--json")
        assert shown.stdout == (SHIPPED / "resnet20.json").read_text()

    def test_a_ledger(self, simres):
        assert "162201600" in simres("workload", "show", "paper").stdout

    @pytest.mark.parametrize("text", ["", "{", "[]", "\0", '{"schema_version": 99}'])
    def test_what_is_no_workload_is_an_error_of_two_lines(self, simres, tmp_path, text):
        (tmp_path / "x.json").write_text(text)
        shown = simres("workload", "show", "x.json")
        assert shown.exit_code == ExitCode.BAD_INPUT
        assert shown.stderr.startswith("error: ")
        assert "Traceback" not in shown.stderr

    def test_a_missing_file_says_how_to_make_one(self, simres):
        shown = simres("workload", "show", "none.json")
        assert shown.exit_code == ExitCode.BAD_INPUT
        assert "simres trace" in shown.stderr


@pytest.mark.torch
class TestTrace:
    @pytest.fixture(autouse=True)
    def _torch(self):
        pytest.importorskip("torch")

    def test_a_file_is_written_that_show_reads(self, simres, tmp_path):
        traced = simres("trace", "resnet8", "--batch", 2, "-o", "sub/net.json")
        assert traced.exit_code == ExitCode.OK
        assert "coverage: 34 of 34 ops" in traced.stdout
        workload = workload_json.read(tmp_path / "sub" / "net.json")
        assert isinstance(workload, Workload)
        assert workload.tensors["x"].shape == (2, 3, 32, 32)
        assert simres("workload", "show", "sub/net.json").exit_code == ExitCode.OK

    def test_without_a_file_it_shows_the_table_and_says_how_to_keep_it(self, simres, tmp_path):
        traced = simres("trace", "resnet8")
        assert traced.exit_code == ExitCode.OK
        assert "layers.0.conv1" in traced.stdout
        assert "simres trace resnet8 -o resnet8.json" in traced.stderr
        assert not list(tmp_path.glob("*.json"))

    def test_several_inputs(self, simres, tmp_path):
        traced = simres(
            "trace", "simres_test_networks:Pair", "--input", "3x4", "--input", "4x5", "-o", "pair.json"
        )
        assert traced.exit_code == ExitCode.OK
        assert json.loads((tmp_path / "pair.json").read_text())["origin"]["input"] == "1x3x4, 1x4x5"

    def test_inputs_by_name_without_further_axes_and_without_a_batch(self, simres, tmp_path):
        network = ("trace", "simres_test_networks:Steps", "-o", "net.json")
        by_name = simres(*network, "--input", "3x4", "--input", "step=scalar", "--batch", 2)
        assert by_name.exit_code == ExitCode.OK
        stored = json.loads((tmp_path / "net.json").read_text())
        assert stored["origin"]["input"] == "2x3x4, step=2"
        as_printed = simres(*network, "--batch", "none", "--input", stored["origin"]["input"])
        assert as_printed.exit_code == ExitCode.OK
        assert json.loads((tmp_path / "net.json").read_text())["batched"] is False
        refused = simres(*network, "--input", "3x4", "--input", "1")
        assert refused.exit_code == ExitCode.BAD_INPUT
        assert "one step an image" in refused.stderr
        assert "scalar:int64" in refused.stderr

    def test_a_block_by_name(self, simres):
        assert simres("trace", "resnet8", "--block", "basic").exit_code == ExitCode.OK
        wrong = simres("trace", "resnet8", "--block", "basik")
        assert wrong.exit_code == ExitCode.BAD_INPUT
        assert "basic" in wrong.stderr

    def test_an_operator_without_a_price(self, simres, tmp_path):
        refused = simres("trace", "simres_test_networks:Turns", "--input", "8x8")
        assert refused.exit_code == ExitCode.ANSWER_IS_NO
        assert "aten.linalg_matrix_exp.default" in refused.stderr
        assert "simres_operators" in refused.stderr
        allowed = simres(
            "trace", "simres_test_networks:Turns", "--input", "8x8", "--allow-unmodelled", "-o", "turns.json"
        )
        assert allowed.exit_code == ExitCode.OK
        assert "warning: unmodelled" in allowed.stderr
        assert json.loads((tmp_path / "turns.json").read_text())["warnings"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["resnet50"], "torchvision:resnet50"),
            (["resnet21"], "cifar:resnet20"),
            (["simres_test_networks:Small"], "--input"),
            (["simres_test_networks:Small", "--input", "9"], "cannot trace"),
            (["simres_test_networks:Small", "--input", "nine"], "3x32x32"),
            (["simres_test_networks:Nothing"], "Nothing"),
            (["resnet8", "--batch", "0"], "batch"),
            (["resnet8", "-o", "."], "folder"),
            (["weights.pt"], "safetensors"),
        ],
    )
    def test_mistakes_are_errors_with_a_way_out(self, simres, arguments, said):
        refused = simres("trace", *arguments)
        assert refused.exit_code == ExitCode.BAD_INPUT or "batch" in said
        assert said in refused.stderr + str(refused.exception)
        assert "Traceback" not in refused.stderr
