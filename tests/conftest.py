"""Results to show: the shipped scenarios', and small random ones in which engines overlap and wait."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from simres import commands
from simres.analysis.bounds import bounds
from simres.hardware.chip import Chip
from simres.program import Program, Region, TaskKind, Work
from simres.program.draft import Draft
from simres.program.record import RecordLevel
from simres.result import Result
from simres.result.data import EngineDescription, Origin
from simres.simulation.run import run
from simres.testing import behaviours, paper_chip
from simres.workload import Ledger, Row
from tests.support.examples import load_profile
from tests.support.kept_schedules import schedules_are_kept as schedules_are_kept

load_profile()

NAMES = ["conv1", "layers.0.conv1", "=SUM(A1)", "ä 層", "a,b", 'say "hi"', "[bold]x[/]", "<b>", "esc\x1b[31m"]


def _result(
    program: Program, chip: Chip, level: RecordLevel = RecordLevel.FULL, name: str = "random on paper"
) -> Result:
    record, chain_ps = run(program, chip, behaviours(chip), level)
    rows = tuple(Row(layer.name, 0, 0, 0, 0, 0) for layer in program.layers)
    ledger = Ledger("random", rows)
    return Result(
        name=name,
        workload=ledger,
        chip={
            name: EngineDescription(
                spec.kind, chip.roles[chip.component_of(name)].value, getattr(spec, "bandwidth", None)
            )
            for name, spec in chip.engines.items()
        },
        program=program,
        record=record,
        bounds=bounds(ledger, program, chip, chain_ps),
        origin=Origin({}, ledger.digest, {"simres": "0"}, 0),
    )


@st.composite
def _results(draw: st.DrawFn, most_steps: int = 12) -> Result:
    """Loads, computes and stores with needs, order, little space, and now and then a bus latency."""
    draft = Draft(paper_chip())
    steps = draw(st.integers(1, most_steps))
    amounts = st.integers(0, 5000)
    done: list[int] = []
    sizes = [1]
    for number in range(steps):
        draft.layer(draw(st.sampled_from(NAMES)) + str(number % 3), "row", draw(st.sampled_from(["", "b"])))
        after = draw(st.lists(st.sampled_from(done), max_size=2)) if done else []
        nbytes = draw(amounts)
        sizes.append(nbytes)
        buffer = draft.buffer(f"t{number}", nbytes, "sram")
        load = draft.task(
            "ddr",
            TaskKind.LOAD,
            Work(nbytes=nbytes),
            reads=[Region(f"t{number}")],
            writes=[buffer],
            after=after,
        )
        needs = draw(st.lists(st.sampled_from(done), max_size=3)) if done else []
        use = [buffer]
        if draw(st.booleans()):
            work = Work(macs=draw(amounts) * 500)
            last = draft.task("matrix", TaskKind.MATRIX, work, reads=use, needs=needs)
        else:
            work = Work(vector_ops=draw(amounts) * 10)
            last = draft.task("host", TaskKind.HOST, work, reads=use, needs=needs)
        done += [load, last]
        if draw(st.booleans()):
            done.append(draft.task("sram", TaskKind.MOVE, Work(nbytes=draw(amounts)), reads=use))
        if draw(st.booleans()):
            store = Work(nbytes=draw(amounts))
            done.append(draft.task("ddr", TaskKind.STORE, store, reads=use, needs=[last]))
    capacity = max(sizes) + draw(st.integers(0, 5000))
    latency = draw(st.sampled_from(["0 ns", "700 ns"]))
    return _result(draft.freeze("random", ""), paper_chip(capacity=f"{capacity} B", latency=latency))


@pytest.fixture(scope="session")
def make_result() -> Callable[..., Result]:
    """`make_result(program, chip, level=..., name=...)`: a Result of a hand-made Program."""
    return _result


@pytest.fixture(scope="session")
def random_results() -> st.SearchStrategy[Result]:
    """A strategy; draw from it with `data.draw(random_results)`."""
    return _results()


@pytest.fixture(scope="session")
def paper() -> Result:
    """The paper's sheet."""
    import simres.api
    from simres.scenario import shipped
    from simres.workload.json import read

    return simres.api.simulate("paper", workload=read(shipped.workload("paper")))


@pytest.fixture(scope="session")
def resnet20() -> Result:
    """The traced network on the paper's chip, one operator at a time."""
    import simres.api

    return simres.api.simulate("resnet20")


@pytest.fixture
def simres(monkeypatch, capfd):
    """Runs `simres ARGUMENTS` in this process: exit code, standard output, standard error.

    No progress is shown, so that what stderr holds does not depend on how busy the machine is.
    """
    monkeypatch.setattr("simres.reporting.progress.PATIENCE", 10**6)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simres", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return int(ended.value.code or 0), out, err

    return call
