"""Template: a background master."""

from __future__ import annotations

from simres.starters.component import declared

SUMMARY = "a display that reads frames and pauses after each one"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = declared("MASTER") | {
    "src/@module@/spec.py": '''\
"""The scenario keys of the display, and the times of its requests."""

from simres.hardware.specs import BackgroundSpec
from simres.units import Bytes, Duration


class @Class@Spec(BackgroundSpec):
    """A display on the bus: it reads a frame burst by burst at its rate, then pauses."""

    frame: Bytes = 1 << 20
    """Size of a frame, such as `2 MB`, rounded up to whole bursts."""
    pause: Duration = 0
    """Pause after each frame, such as `1 ms`."""

    def request_ps(self, number: int) -> int:
        """Time of a request in picoseconds, the first at 0; pauses are added to the time at its rate."""
        frames = number // -(-self.frame // self.burst)
        return super().request_ps(number) + frames * self.pause
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip, with this package's display on its bus. To change a value:
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
"""The times of requests, and a simulation with them."""

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
    # A burst takes 1000000 ps at 1 GB/s, and every second one is followed by a pause.
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
