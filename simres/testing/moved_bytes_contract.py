"""The contract of what a bus moves: time, energy and traffic follow from the bytes that go over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st

from simres.errors import AnswerIsNo, InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.specs import EngineSpec
from simres.planning.compression import compressed
from simres.program import Program, Work
from simres.program.tasks import TaskKind
from simres.scheduling import serial
from simres.scheduling.parameters import NoParameters
from simres.simulation.run import EngineFactory
from simres.testing.contract import ContractBroken, for_all, hold, same
from simres.testing.random_workloads import prove, workloads
from simres.workload import Role, Tensor, Workload

REMEDY = "state what it moves in `moved_bytes`: time, energy and traffic all follow from that"

densities = st.none() | st.floats(0, 1)
tensors = st.builds(
    lambda role, dtype: Tensor("map", role, (1, 1 << 20), dtype),
    st.sampled_from(list(Role)),
    st.sampled_from(["fp32", "fp16", "int8", "int4"]),
)
sizes = st.integers(0, 1 << 20)


def check_moved_bytes(spec: EngineSpec) -> None:
    """Checks the cost function of a bus against what it says that it moves.

    Of any tensor, `moved_bytes` are whole bytes, no more than there are and the same each time, and parts of
    a tensor take no fewer than the whole. The bytes that move take no less time because of the tensor that
    they are of. Where two densities move equal bytes they take equal time, and if bytes ever differ, so does
    the time. Raises `ContractBroken`.
    """
    spared, saved = [], []

    @for_all(tensors, sizes, sizes, densities, densities, st.booleans())
    def _(
        tensor: Tensor, nbytes: int, more: int, one: float | None, other: float | None, write: bool
    ) -> None:
        works = []
        for density in (one, other):
            own = replace(tensor, density=density)
            what = f"{nbytes} B of {'an' if tensor.role.value[0] in 'ai' else 'a'} {tensor.role.value} "
            what += f"in {tensor.dtype}, density {'unknown' if density is None else f'{density:.3g}'},"
            moved = spec.moved_bytes(nbytes, own)
            hold(
                isinstance(moved, int) and not isinstance(moved, bool) and min(1, nbytes) <= moved <= nbytes,
                f"moved_bytes is {moved!r} for {what} and must be whole bytes: at most as many, and some",
            )
            same(moved, spec.moved_bytes(nbytes, own), "moved_bytes")
            parts, whole = moved + spec.moved_bytes(more, own), spec.moved_bytes(nbytes + more, own)
            hold(
                whole <= parts,
                f"moved_bytes of {nbytes} B and of {more} B of a tensor are {parts} together, and {whole} of "
                "both at once: a tensor moved in parts must take no fewer bytes",
            )
            bare = Work(moved, write=write)
            work = replace(bare, tensor=own, tensor_bytes=nbytes)
            least, usual = spec.duration_ps(work), spec.duration_ps(bare)
            hold(
                least >= usual,
                f"{what} move {moved} B in {least} ps, and {moved} B of an unknown tensor take {usual} ps: "
                f"its time is less and its traffic is not; {REMEDY}",
            )
            peak = spec.at_peak_ps(work)
            hold(peak <= least, f"at_peak_ps is {peak} and duration_ps {least} for {what}")
            works.append((moved, least))
        (moved, taken), (moved_too, taken_too) = works
        if moved == moved_too:
            hold(
                taken == taken_too,
                f"{nbytes} B of a tensor in {tensor.dtype} take {taken} ps at density {one} and {taken_too} "
                f"ps at {other}, and move {moved} B at both: its time changes and its traffic does not; "
                f"{REMEDY}",
            )
        else:
            spared.append((moved, moved_too))
            if taken != taken_too:
                saved.append(True)

    _time_too(bool(saved), spared, "`duration_ps` must follow from `work.nbytes`, which are those that move")


def check_moving(system: Chip, engines: Mapping[str, EngineFactory], component: str) -> None:
    """Checks the behaviour of a bus in the same way, on random networks with two densities of all tensors.

    Where these move equal bytes, the runs are the same; if bytes ever differ, so does the time in which the
    bus is busy. Raises `ContractBroken`, or the invariant that was broken.
    """
    lanes = system.parts[component].lanes(component)
    spared, saved = [], []

    @for_all(workloads(), densities, densities, cases=20)
    def _(workload: Workload, one: float | None, other: float | None) -> None:
        try:
            program = serial.schedule(workload, system, NoParameters())
        except AnswerIsNo:
            return
        found = []
        for density in (one, other):
            tensors = {name: replace(own, density=density) for name, own in workload.tensors.items()}
            told = _told(program, replace(workload, tensors=tensors), system)
            record = prove(told, system, workload, engines)
            moved = sum(record.engines[lane].moved_bytes for lane in lanes)
            hold(
                moved == sum(task.work.nbytes for task in told.tasks if task.kind in _TRANSFERS),
                f"its engines moved {moved} B, and the transfers have others",
            )
            found.append((moved, sum(record.engines[lane].working_ps for lane in lanes), told))
        (moved, busy, told), (moved_too, busy_too, told_too) = found
        if [task.work.nbytes for task in told.tasks] == [task.work.nbytes for task in told_too.tasks]:
            hold(
                busy == busy_too,
                f"a network whose maps have density {one} keeps its engine busy for {busy} ps, with {other} "
                f"for {busy_too} ps, and {moved} B move in both: its time changes and its traffic does not; "
                f"{REMEDY}",
            )
        elif moved != moved_too:
            spared.append((moved, moved_too))
            if busy != busy_too:
                saved.append(True)

    _time_too(bool(saved), spared, "its engine must take as long as the bytes that move")


_TRANSFERS = (TaskKind.LOAD, TaskKind.STORE)


def _told(program: Program, workload: Workload, system: Chip) -> Program:
    try:
        return compressed(program, workload, system)
    except InvariantViolation as error:
        raise ContractBroken(error.message) from error


def _time_too(saved: bool, spared: list[tuple[int, int]], remedy: str) -> None:
    """Checks that time differed at least once, if bytes ever did."""
    if spared and not saved:
        most, least = max(spared, key=lambda pair: abs(pair[0] - pair[1]))
        raise ContractBroken(
            f"it moves {most} B at one density and {least} B at another in the same time, in each of "
            f"{len(spared)} cases: its traffic changes and its time does not; {remedy}"
        )
