"""Equal schedules are made once for all tests but those of the schedulers themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from simres.hardware.chip import Chip
from simres.program import Program
from simres.scheduling import overlapped
from simres.sharing.recent import RecentCache
from simres.sharing.workbench import Workbench
from simres.workload import Workload

TESTED = {"scheduling", "sharing", "testing", "simres-exact"}
"""The rooms in which the schedulers are tested."""

_kept: RecentCache[Program] = RecentCache(500_000, size=lambda program: len(program.tasks))


@pytest.fixture(autouse=True, scope="module")
def schedules_are_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps what the overlapped scheduler makes, as that takes most of the time of a simulation.

    It is a pure function, which the tests of schedulers hold.
    """
    with pytest.MonkeyPatch.context() as patch:
        if TESTED.isdisjoint(request.path.parts):
            patch.setattr(overlapped, "schedule", partial(_once, overlapped.schedule))
        yield


def _once(
    schedule: Callable[..., Program],
    workload: Workload,
    chip: Chip,
    parameters: overlapped.Parameters,
    bench: Workbench | None = None,
) -> Program:
    names = (workload.name, *((op.name, op.source) for op in workload.ops))  # no part of the digest
    machine = (repr(chip.components), repr(chip.roles))  # specs have dictionaries, and so no hash
    key = (workload.digest, names, machine, parameters)
    return _kept.get(key, lambda: schedule(workload, chip, parameters, bench))
