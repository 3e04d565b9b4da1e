"""A background master of its own."""

from __future__ import annotations

from simres.starters.component import declared

SUMMARY = "a display that reads frames and pauses after each"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = declared("MASTER") | {
    "src/@module@/spec.py": '''\
"""Its keys in a scenario, and when it asks for bytes."""

from simres.hardware.specs import BackgroundSpec
from simres.units import Bytes, Duration


class @Class@Spec(BackgroundSpec):
    """A display on the bus: it reads a frame at its rate, burst by burst, and then pauses."""

    frame: Bytes = 1 << 20
    """Bytes of a frame, such as `2 MB`; it ends with the burst that completes it."""
    pause: Duration = 0
    """Time after a frame in which it reads nothing, such as `1 ms`."""

    def request_ps(self, number: int) -> int:
        """The time of a request in picoseconds, the first at 0: pauses come on top of the rate."""
        frames = number // -(-self.frame // self.burst)
        return super().request_ps(number) + frames * self.pause
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip, with the display of this package on its bus. To change a figure:
#   simres simulate scenarios/@part@.yaml --set hardware.display.pause=0ps
schema_version: 1
name: @part@
workload: resnet20
chip: paper

hardware:
  display: {kind: @part@, bus: ddr, bandwidth: 400 MB/s, frame: 16 KiB, pause: 100 us}

scheduler: serial
""",
    "tests/test_@part@.py": '''\
"""When it asks for bytes, and that simres can use it."""

from pathlib import Path

import simres
import @module@
from simres.testing import check_plugin, registry_with
from @module@.spec import @Class@Spec

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_requests_by_hand() -> None:
    spec = @Class@Spec(kind="@part@", bus="ddr", bandwidth=10**9, burst=1000, frame=2000, pause=5_000_000)
    # A burst takes 1000000 ps at 1 GB/s, and there is a pause after each two.
    assert [spec.request_ps(number) for number in range(4)] == [0, 1_000_000, 7_000_000, 8_000_000]


def test_it_takes_less_of_the_bus_for_its_pauses() -> None:
    registry = registry_with(@module@)
    paused = simres.simulate(SCENARIO, registry=registry)
    always = simres.simulate(SCENARIO, registry=registry, overrides={"hardware.display.pause": "0 ps"})
    alone = simres.simulate("resnet20", overrides={"scheduler": "serial"})
    assert alone.makespan_ps < paused.makespan_ps < always.makespan_ps
    assert 0 < paused.record.masters["display"].moved_bytes < always.record.masters["display"].moved_bytes
''',
}
