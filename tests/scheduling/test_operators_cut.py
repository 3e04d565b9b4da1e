"""Operators that were once refused, cut wrong or loaded whole: on every chip that comes with simres."""

from __future__ import annotations

from functools import cache

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from simres import api  # noqa: E402
from simres.result.result import Result  # noqa: E402
from simres.scenario import shipped  # noqa: E402
from simres.tracing import trace  # noqa: E402
from simres.workload import Workload  # noqa: E402

pytestmark = pytest.mark.torch

CHIPS = list(shipped.chips())


class Two(nn.Module):
    """Two look-ups of one table."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(4000, 64)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return self.table(one) + self.table(other)


class Tied(nn.Module):
    """A table that is the output projection too."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(500, 64)

    def forward(self, rows: Tensor) -> Tensor:
        return nn.functional.linear(self.table(rows), self.table.weight)


class Bag(nn.Module):
    """The sum of several rows for each image."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(4000, 64)

    def forward(self, rows: Tensor) -> Tensor:
        return self.table(rows).sum(2)


NETWORKS = {
    "transposed, fewer out": (nn.ConvTranspose2d(256, 128, 2, stride=2, bias=False), (256, 16, 16)),
    "transposed, more out": (
        nn.Sequential(nn.ConvTranspose2d(100, 512, 4, bias=False), nn.BatchNorm2d(512), nn.ReLU()),
        (100, 1, 1),
    ),
    "transposed 1d": (nn.ConvTranspose1d(64, 32, 4, stride=2, padding=1), (64, 500)),
    "transposed 3d": (nn.ConvTranspose3d(16, 8, 3, stride=2, padding=1, output_padding=1), (16, 8, 8, 8)),
    "transposed, grouped": (nn.ConvTranspose2d(32, 64, 3, 3, 1, 1, groups=4, dilation=2), (32, 20, 20)),
    "transposed, depthwise": (nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1, groups=64), (64, 32, 32)),
    "depthwise 1d": (nn.Conv1d(128, 128, 5, padding=2, groups=128), (128, 2000)),
    "conv 3d": (nn.Conv3d(16, 16, 3, padding=1), (16, 8, 28, 28)),
    "table": (nn.Embedding(4000, 64), ("16:int64",)),
    "table of a language model": (
        nn.Sequential(nn.Embedding(30522, 768), nn.Linear(768, 64)),
        ("128:int64",),
    ),
    "table twice": (Two(), ("16:int64", "16:int64")),
    "table tied": (Tied(), ("16:int64",)),
    "table summed": (Bag(), ("8x16:int64",)),
    "group norm": (nn.GroupNorm(32, 320), (320, 32, 32)),
    "one group": (nn.GroupNorm(1, 16), (16, 28, 28)),
    "a group a channel": (nn.GroupNorm(64, 64), (64, 56, 56)),
    "instance norm 1d": (nn.InstanceNorm1d(64, affine=True), (64, 5000)),
    "instance norm 3d": (nn.InstanceNorm3d(8), (8, 8, 32, 32)),
    "max pool 1d": (nn.MaxPool1d(3, 2), (64, 8000)),
    "max pool 3d": (nn.MaxPool3d(2), (16, 8, 32, 32)),
    "average pool 1d": (nn.AvgPool1d(4), (64, 8000)),
    "adaptive pool 1d": (nn.AdaptiveAvgPool1d(10), (64, 8000)),
    "adaptive pool 3d": (nn.AdaptiveAvgPool3d((2, 7, 7)), (16, 8, 32, 32)),
}


@cache
def traced(name: str) -> Workload:
    module, shape = NETWORKS[name]
    return trace(module.eval(), list(shape) if isinstance(shape[0], str) else shape, name="network")


def simulated(workload: Workload, chip: str, scheduler: str = "overlapped") -> Result:
    return api.simulate(workload, chip=chip, overrides={"scheduler": scheduler}, record="none")


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("name", NETWORKS)
def test_it_runs_on_every_chip(name: str, chip: str):
    workload = traced(name)
    result = simulated(workload, chip)
    assert result.program.bytes_read >= workload.bytes_in
    assert result.program.bytes_written >= workload.bytes_out
    assert result.makespan_ps >= result.bounds.makespan


def test_transposed_convolutions_multiply_once_for_each_pixel_of_the_input():
    fewer, more = traced("transposed, fewer out"), traced("transposed, more out")
    assert fewer.macs == 256 * 128 * 4 * 16 * 16
    assert fewer.bytes_in == 4 * (256 * 16 * 16 + 256 * 128 * 4)
    assert more.macs == 100 * 512 * 16
    assert simulated(more, "paper").program.bytes_read == more.bytes_in


@pytest.mark.parametrize("chip", CHIPS)
def test_of_a_table_only_the_rows_looked_up_are_loaded(chip: str):
    for name, rows in (("table", 16), ("table twice", 32), ("table summed", 128)):
        workload = traced(name)
        assert workload.needed_weight_bytes == rows * 64 * 4
        assert workload.weight_bytes == 4000 * 64 * 4
        for scheduler in ("serial", "overlapped"):
            program = simulated(workload, chip, scheduler).program
            spilled = program.bytes_written - workload.bytes_out
            assert program.bytes_read - spilled == rows * (64 * 4 + 8)


def test_sixteen_rows_take_as_long_as_their_bytes():
    result = simulated(traced("table"), "paper")
    assert result.makespan_ps == 1000 * (2 * 16 * 64 * 4 + 16 * 8) == result.bounds.makespan


def test_a_table_that_is_read_whole_is_needed_whole():
    workload = traced("table tied")
    assert workload.needed_weight_bytes == workload.weight_bytes


PAIRS = {
    "convolution": (
        nn.Conv1d(64, 64, 3, stride=2),
        (64, 3199),
        nn.Conv2d(64, 64, (1, 3), (1, 2)),
        (64, 1, 3199),
    ),
    "depthwise": (
        nn.Conv1d(96, 96, 5, padding=2, groups=96),
        (96, 3000),
        nn.Conv2d(96, 96, (1, 5), padding=(0, 2), groups=96),
        (96, 1, 3000),
    ),
    "transposed": (
        nn.ConvTranspose1d(64, 32, 4, 2, 1),
        (64, 1500),
        nn.ConvTranspose2d(64, 32, (1, 4), (1, 2), (0, 1)),
        (64, 1, 1500),
    ),
    "with what follows": (
        nn.Sequential(nn.Conv1d(64, 64, 3, padding=1), nn.BatchNorm1d(64), nn.ReLU()),
        (64, 3000),
        nn.Sequential(nn.Conv2d(64, 64, (1, 3), padding=(0, 1)), nn.BatchNorm2d(64), nn.ReLU()),
        (64, 1, 3000),
    ),
    "volume of one slice": (
        nn.Conv3d(16, 16, (1, 3, 3), padding=(0, 1, 1)),
        (16, 1, 56, 56),
        nn.Conv2d(16, 16, 3, padding=1),
        (16, 56, 56),
    ),
    "instance norm": (nn.InstanceNorm1d(64), (64, 4096), nn.InstanceNorm2d(64), (64, 64, 64)),
    "group norm": (nn.GroupNorm(8, 64), (64, 1024), nn.GroupNorm(8, 64), (64, 32, 32)),
    "max pool": (nn.MaxPool1d(3, 2), (64, 4000), nn.MaxPool2d((1, 3), (1, 2)), (64, 1, 4000)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_equal_numbers_take_equal_times(pair: str):
    one, shape, other, other_shape = PAIRS[pair]
    first, second = trace(one.eval(), shape, name="one"), trace(other.eval(), other_shape, name="other")
    assert (first.macs, first.vector_ops, first.bytes_in) == (second.macs, second.vector_ops, second.bytes_in)
    for chip in ("paper", "edge-npu", "mcu", "eyeriss"):
        for scheduler in ("serial", "overlapped"):
            times = {simulated(workload, chip, scheduler).makespan_ps for workload in (first, second)}
            assert len(times) == 1, (chip, scheduler)


def test_what_is_normalised_at_once_and_does_not_fit_takes_two_passes():
    result = simulated(trace(nn.GroupNorm(1, 64), (64, 96, 96), name="large"), "paper")
    assert result.rewritten is not None
    assert [op.kind for op in result.rewritten.ops].count("group_norm") == 2
    moved = result.program.bytes_read + result.program.bytes_written
    assert moved > result.workload.compulsory_bytes, "what does not stay is read twice"
