"""Template: a host."""

from __future__ import annotations

from simres.starters.component import declared

SUMMARY = "a vector processor with a fixed vector width"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = declared("HOST") | {
    "src/@module@/spec.py": '''\
"""The scenario keys of the host, and the cost of its work."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from simres.hardware.specs import HostSpec
from simres.program import Work


class @Class@Spec(HostSpec):
    """A vector processor that does `width` operations at a time; a partial vector costs a full one."""

    width: Annotated[int, Field(ge=1, le=65536)] = 16
    """Operations per step."""

    def duration_ps(self, work: Work) -> int:
        padded = -(-work.vector_ops // self.width) * self.width
        return super().duration_ps(replace(work, vector_ops=padded))
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip, with this package's host. To change a value:
#   simres simulate scenarios/@part@.yaml --set hardware.host.width=4096
schema_version: 1
name: @part@
workload: resnet20
chip: paper

hardware:
  host: {kind: @part@, rate: 10 GFLOP/s, width: 10000}

scheduler: serial
""",
    "tests/test_@part@.py": '''\
"""The cost of host work, and a simulation with it."""

from pathlib import Path

import simres
import @module@
from simres.program import Work
from simres.testing import check_plugin, registry_with
from @module@.spec import @Class@Spec

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_work_by_hand() -> None:
    spec = @Class@Spec(kind="@part@", rate=10**10, width=16)
    # 20 operations take two steps of 16; an operation takes 100 ps at 10 GFLOP/s.
    assert spec.duration_ps(Work(vector_ops=20)) == 2 * 16 * 100


def test_the_scenario_runs_on_it() -> None:
    result = simres.simulate(SCENARIO, registry=registry_with(@module@))
    # The first feature maps of ResNet-20 have 16384 elements, not a multiple of 10000.
    assert result.makespan_ps > simres.simulate("resnet20", overrides={"scheduler": "serial"}).makespan_ps
''',
}
