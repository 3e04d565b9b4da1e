"""`simres calibrate`: what it writes is what it measured, and a network is run and compared; wrong inputs."""

from __future__ import annotations

import json
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from simres.commands import app
from simres.errors import ExitCode
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec
from simres.program import Work
from simres.workload import Loops, Op, Unit, Window

NETWORK = """
from torch import nn

class Small(nn.Module):
    input_shape = (3, 8, 8)
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 4)
    def forward(self, x):
        return self.fc(self.bn(self.conv(x)).relu().mean((2, 3)))
"""


@pytest.fixture
def simres(tmp_path, monkeypatch):
    (tmp_path / "simres_calibrated.py").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "simres_calibrated", raising=False)
    return lambda *arguments: CliRunner().invoke(app, ["--no-plugins", "calibrate", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to do"),
        (["-o", "a.yaml", "--chip", "b.yaml"], "give one of them"),
        (["--chip", "paper"], "no network to compare"),
        (["--check", "resnet18", "--chip", "paper"], "was not measured"),
        (["--check", "resnet18", "--chip", "missing.yaml"], "missing.yaml"),
        (["--check", "resnet18", "--chip", "simres_calibrated.py"], "simres_calibrated.py"),
        (["-o", "cpu.json"], "must end in .yaml"),
        (["-o", "folder.yaml"], "is a folder"),
        (["-o", "simres_calibrated.py/cpu.yaml"], "cannot write"),
        (["-o", "cpu.yaml", "--threads", "100000"], "threads"),
        (["-o", "cpu.yaml", "--check", "resnet19"], "19 layers"),
        (["-o", "cpu.yaml", "--device", "abacus"], "abacus"),
    ],
)
def test_wrong_inputs_are_refused_before_anything_is_measured(simres, tmp_path, arguments, said):
    pytest.importorskip("torch")
    (tmp_path / "folder.yaml").mkdir()
    done = simres(*arguments)
    assert done.exit_code == ExitCode.BAD_INPUT
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "cpu.yaml").exists()


def test_without_torch_it_says_how_to_get_it(simres, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = simres("-o", "cpu.yaml")
    assert done.exit_code == ExitCode.BAD_INPUT
    assert "pip install 'simres[torch]'" in done.stderr
    assert not (tmp_path / "cpu.yaml").exists()


@pytest.mark.torch
@settings(max_examples=25, deadline=None)
@given(
    rate=st.integers(10**9, 10**12),
    read=st.integers(10**10, 10**12),
    call=st.integers(10**5, 10**7),
    share=st.floats(0.01, 1),
    extra=st.integers(0, 10**7),
)
def test_a_written_chip_takes_what_was_measured(rate, read, call, share, extra):
    """A made-up machine: its weights come over the bus, then it multiplies at a share of its rate."""
    from simres.calibration.chip_file import chip_yaml
    from simres.calibration.machine import Machine
    from simres.calibration.measure import Measurements
    from simres.calibration.shapes import HostShape, MatrixShape
    from simres.calibration.timing import Timing

    def took(shape, share):
        bus = 4 * shape.weight_elements * 10**12 // read
        return Timing(call + bus + round(2 * shape.macs * 10**12 / rate / share), 0.1)

    fast, slow = MatrixShape("conv", 1, 1, 3, 96, 96, 240), MatrixShape("conv", 1, 2, 3, 48, 96, 24)
    host = {HostShape("relu", n): Timing(call + n * 1000, 0.0) for n in (3_072, 3_145_728)}
    machine = Machine('a "CPU"', "cpu", 1, 1 << 25, True, "2.0")
    found = Measurements(
        machine=machine,
        copy_rate=read // 2,
        copy_rate_one_thread=read // 2,
        read_rate=read,
        on_chip_rate=10**11,
        matrix_launch=Timing(call + extra, 0.0),
        matrix_call=Timing(call, 0.0),
        host_launch=Timing(call + extra, 0.0),
        host_call=Timing(call, 0.0),
        matrix={fast: took(fast, 1.0), slow: took(slow, share)},
        host=host,
        vector_ops={shape: shape.elements for shape in host},
        small_input=48 * 48 * 48,
    )
    hardware = yaml.safe_load(chip_yaml(found))["hardware"]
    bus, matrix, cpu = (
        kind.model_validate(hardware[name])
        for name, kind in (("ddr", BusSpec), ("matrix", MatrixSpec), ("host", HostSpec))
    )
    assert [row[0] for row in matrix.efficiency] == ["conv", "small_conv"], "by what they read"
    for shape in (fast, slow):
        loops = Loops(m=shape.m, c=shape.c, p=shape.side, q=shape.side, r=3, s=3)
        window = Window((3, 3), (shape.stride, shape.stride), (1, 1, 1, 1))
        op = Op("y", "conv", Unit.MATRIX, ("x", "w"), ("y",), window=window)
        taken = matrix.duration_ps(Work(macs=loops.macs, loops=loops, op=op))
        whole = taken + bus.duration_ps(Work(nbytes=4 * shape.weight_elements))
        # A share has four digits, and whatever is shorter than a tenth of the call is noise.
        assert whole == pytest.approx(found.matrix[shape].ps + extra, rel=0.02, abs=0.15 * call)
    for shape, timing in host.items():
        work = Work(vector_ops=shape.elements, op=Op("y", "relu", Unit.HOST, ("x",), ("y",)))
        assert cpu.duration_ps(work) == pytest.approx(timing.ps + extra, rel=0.02, abs=0.15 * call)


@pytest.mark.torch
def test_a_timing_leaves_out_what_others_did_to_the_machine():
    from simres.calibration.timing import timing

    assert timing([10, 11, 12, 13]).ps == 10_000
    assert timing([1, *[10] * 12, *[9000] * 7]).ps == 10_000, "nor is one lucky repeat the truth"
    assert timing([8, 10, 12, 16]).spread == pytest.approx(0.5)
    assert timing([5]).spread == 0


@pytest.mark.torch
def test_caches_are_those_from_the_second_level_on(tmp_path):
    from simres.calibration.machine import _caches

    for number, (level, size) in enumerate([("1", "48K"), ("3", "32768K"), ("2", "1M"), ("x", "9G")]):
        (tmp_path / f"index{number}").mkdir()
        (tmp_path / f"index{number}" / "level").write_text(level + "\n")
        (tmp_path / f"index{number}" / "size").write_text(size + "\n")
    assert _caches(tmp_path) == [1 << 20, 32 << 20]
    assert _caches(tmp_path / "nothing") == []


@pytest.mark.torch
@pytest.mark.parametrize(("there", "found"), [(512 << 20, 480 << 20), (32 << 20, 60 << 20), (0, 15 << 17)])
def test_a_cache_that_is_mostly_others_is_halved_until_half_of_it_is_there(there, found):
    from simres.calibration.own_cache import share

    assert share(480 << 20, lambda nbytes: 1.5 if nbytes <= there else 1.0) == found


@pytest.mark.torch
def test_a_machine_is_measured_and_a_network_compared(simres, tmp_path, monkeypatch):
    from simres.calibration import measure, network, timing
    from simres.plugins.registry import Registry
    from simres.scenario import loader

    monkeypatch.setattr(network, "IMAGES", 2)
    monkeypatch.setattr(timing, "PATIENCE_NS", 0)
    monkeypatch.setattr(measure, "ROUNDS", 1)
    done = simres("-o", "cpu.yaml", "--quick", "--threads", 1, "--device", "cpu")
    assert done.exit_code == ExitCode.OK, done.output
    chip = loader.load_chip(tmp_path / "cpu.yaml", registry=Registry(external=False))
    assert "1 thread" in chip.description
    assert len(chip.hardware["matrix"].efficiency) > 4
    done = simres(
        "--check",
        "simres_calibrated:Small",
        "--chip",
        "cpu.yaml",
        "--threads",
        1,
        "--device",
        "cpu",
        "--json",
    )
    assert done.exit_code == ExitCode.OK, done.output
    (found,) = json.loads(done.stdout)["networks"]
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert [layer["kind"] for layer in found["layers"]][:3] == ["conv", "batch_norm", "relu"]
    assert layers["conv"]["macs"] == 8 * 8 * 8 * 27
    assert layers["conv"]["ran"].startswith("aten::")
    assert all(layer["measured_ps"] > 0 for layer in found["layers"])
    assert sum(layer["simulated_ps"] for layer in found["layers"]) == found["simulated_ps"]
    assert not any("bias" in name for name in layers), "a convolution adds its bias itself"
