"""Template: a DMA engine."""

from __future__ import annotations

from simres.starters.component import declared

SUMMARY = "a DMA engine with a setup time per transfer"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = declared("BUS") | {
    "src/@module@/spec.py": '''\
"""The scenario keys of the DMA engine, and the cost of a transfer."""

from fractions import Fraction

from simres.hardware.energy_costs import DRAM_FJ_PER_BYTE, EnergyCosts
from simres.hardware.specs import EngineSpec
from simres.program import Work
from simres.units import PS_PER_S, Bandwidth, Duration, Energy


class @Class@Spec(EngineSpec):
    """A DMA engine that runs one transfer at a time, each after a setup time."""

    bandwidth: Bandwidth
    """Peak rate, such as `1 GB/s`."""
    setup: Duration = 0
    """Time before the first byte of each transfer, such as `100 ns`."""
    energy_per_byte: Energy = DRAM_FJ_PER_BYTE
    """Energy per byte read or written off chip; the default is DRAM at 45 nm."""

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(work.nbytes * PS_PER_S, self.bandwidth)

    @property
    def task_ps(self) -> int:
        return self.setup

    def duration_ps(self, work: Work) -> int:
        return self.setup + -(-work.nbytes * PS_PER_S // self.bandwidth)

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(byte_fj=self.energy_per_byte, static_uw=self.static_power)
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip, with this package's DMA engine as its bus. To change a value:
#   simres simulate scenarios/@part@.yaml --set hardware.ddr.setup=1us
schema_version: 1
name: @part@
workload: resnet20
chip: paper

hardware:
  ddr: {kind: @part@, bandwidth: 1 GB/s, setup: 100 ns}

scheduler: serial
""",
    "tests/test_@part@.py": '''\
"""The cost of a transfer, and a simulation with it."""

from pathlib import Path

import simres
import @module@
from simres.program import Work
from simres.testing import check_plugin, registry_with
from @module@.spec import @Class@Spec

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_a_transfer_by_hand() -> None:
    spec = @Class@Spec(kind="@part@", bandwidth=10**9, setup=100_000)
    # A byte takes 1000 ps at 1 GB/s.
    assert spec.duration_ps(Work(64)) == 100_000 + 64_000


def test_the_scenario_takes_one_setup_more_per_transfer() -> None:
    result = simres.simulate(SCENARIO, registry=registry_with(@module@))
    plain = simres.simulate("resnet20", overrides={"scheduler": "serial"})
    transfers = result.record.engines["ddr"].tasks
    assert result.makespan_ps - plain.makespan_ps == 100_000 * transfers
''',
}
