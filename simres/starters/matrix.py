"""Template: a matrix unit."""

from __future__ import annotations

from simres.starters.component import declared

SUMMARY = "a matrix unit that processes output channels in groups"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = declared("MATRIX") | {
    "src/@module@/spec.py": '''\
"""The scenario keys of the matrix unit, and the cost of its work."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from simres.hardware.specs import MatrixSpec
from simres.program import Work


class @Class@Spec(MatrixSpec):
    """A matrix unit that processes `group` output channels at a time; a partial group costs a full one."""

    group: Annotated[int, Field(ge=1, le=65536)] = 16
    """Output channels per group."""

    def duration_ps(self, work: Work) -> int:
        """Work without a loop nest, as in a ledger, runs at the peak rate."""
        if work.loops is None or not work.loops.m:
            return super().duration_ps(work)
        channels = work.loops.m
        padded = -(-channels // self.group) * self.group
        return super().duration_ps(replace(work, macs=work.macs * padded // channels))
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip, with this package's matrix unit. To change a value:
#   simres simulate scenarios/@part@.yaml --set hardware.matrix.group=64
schema_version: 1
name: @part@
workload: resnet20
chip: paper

hardware:
  matrix: {kind: @part@, rate: 1 TFLOP/s, group: 32}

scheduler: serial
""",
    "tests/test_@part@.py": '''\
"""The cost of matrix work, and a simulation with it."""

from pathlib import Path

import simres
import @module@
from simres.program import Work
from simres.testing import check_plugin, registry_with
from simres.workload import Loops
from @module@.spec import @Class@Spec

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_a_layer_by_hand() -> None:
    loops = Loops(m=20, c=8, p=4, q=4, r=3, s=3)
    spec = @Class@Spec(kind="@part@", rate=10**12, group=16)
    # 20 channels take two groups of 16; a multiply-accumulate is two operations, an operation 1 ps.
    assert spec.duration_ps(Work(macs=loops.macs, loops=loops)) == 2 * 32 * 8 * 4 * 4 * 9


def test_the_scenario_runs_on_it() -> None:
    result = simres.simulate(SCENARIO, registry=registry_with(@module@))
    # The first stage of ResNet-20 has 16 channels, half a group of 32.
    assert result.makespan_ps > simres.simulate("resnet20").makespan_ps
''',
}
