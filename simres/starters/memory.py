"""Template: an on-chip memory."""

from __future__ import annotations

from simres.starters.component import declared

SUMMARY = "an on-chip memory in banks; each buffer takes whole banks"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = declared("MEMORY") | {
    "src/@module@/spec.py": '''\
"""The scenario keys of the memory, and the space that a buffer takes."""

from simres.hardware.specs import SramSpec
from simres.units import Bytes


class @Class@Spec(SramSpec):
    """An on-chip memory in banks; no two buffers share a bank."""

    bank: Bytes = 1024
    """Size of a bank, such as `4 KiB`."""

    def occupied(self, nbytes: int) -> int:
        return -(-super().occupied(nbytes) // self.bank) * self.bank
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip, with this package's memory. To change a value:
#   simres simulate scenarios/@part@.yaml --set hardware.sram.bank=16KiB
schema_version: 1
name: @part@
workload: resnet20
chip: paper

hardware:
  sram: {kind: @part@, capacity: 1 MiB, bank: 24 KiB}

scheduler: serial
""",
    "tests/test_@part@.py": '''\
"""The space that a buffer takes, and a simulation with it."""

from pathlib import Path

import simres
import @module@
from simres.testing import check_plugin, registry_with
from @module@.spec import @Class@Spec

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_a_buffer_by_hand() -> None:
    spec = @Class@Spec(kind="@part@", capacity=1 << 20, bank=4096)
    assert [spec.occupied(nbytes) for nbytes in (0, 1, 4096, 4097)] == [0, 4096, 4096, 8192]


def test_the_scenario_takes_whole_banks() -> None:
    result = simres.simulate(SCENARIO, registry=registry_with(@module@))
    plain = simres.simulate(SCENARIO, overrides={"hardware.sram": {"kind": "sram", "capacity": "1 MiB"}})
    peak = result.record.memories["sram"].peak
    assert peak > plain.record.memories["sram"].peak
    assert peak % (24 * 1024) == 0
''',
}
