"""`simres calibrate --from`: a chip's figures fitted to measured times of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simres.commands.session import Session
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    from simres.calibration.calibrated_chip import Free
    from simres.calibration.fit import Simulated
    from simres.calibration.measured_times import MeasuredTime
    from simres.plugins.registry import Registry
    from simres.scenario.model import ChipPreset

EXAMPLE = "simres calibrate --from times.csv --chip npu.yaml --free matrix.rate -o fitted.yaml"


def calibrate_from_times(
    session: Session,
    times: Path,
    chip: str | None,
    figures: list[str],
    output: Path | None,
    *,
    json: bool,
) -> int:
    """Fits the figures, prints the errors, and writes the chip."""
    from simres.calibration.calibrated_chip import calibrated_yaml
    from simres.calibration.fit import fit
    from simres.calibration.measured_times import read_times
    from simres.files import write_text
    from simres.jobs import counted
    from simres.reporting.tables import fit_table
    from simres.scenario.loader import load_chip

    if chip is None or not figures:
        raise SimresError("--from fits figures of a chip: give --chip, and --free for each figure", EXAMPLE)
    if output is not None and output.suffix not in (".yaml", ".yml"):
        raise SimresError(f"`{output}` is the file of a chip: its name must end in .yaml", EXAMPLE)
    preset = load_chip(chip, registry=session.registry)
    rows = read_times(times)
    free = _free(preset, figures, chip, len(rows))
    with counted("simulations") as told:
        simulated = _simulated(session.registry, rows, chip, free, told)
        found = fit([one.resource.value for one in free], [row.ps for row in rows], simulated)
    names = [row.name for row in rows]
    if output is not None:
        on = f"{len(rows)} times in {times.name}"
        written = calibrated_yaml(preset, free, list(found.values), on, fit_table.summary(found))
        write_text(output, written)
        session.messages.print(f"wrote {output}")
    if json:
        from simres.reporting.emit import emit

        emit(fit_table.document(found, free, names))
        return ExitCode.OK
    console = session.output
    console.print_lines(fit_table.report(found, free, names, session.page))
    return ExitCode.OK


def _free(preset: ChipPreset, figures: Sequence[str], chip: str, rows: int) -> list[Free]:
    """The figures to fit. Raises `SimresError` for one that the chip does not state, or for too many."""
    from simres.calibration.calibrated_chip import Free
    from simres.calibration.fit import MOST_FREE

    known = {
        str(one): one
        for name, spec in preset.hardware.items()
        for resource in spec.resources()
        if resource.quantity is not None and resource.field != "capacity" and resource.value
        for one in (Free(name, resource),)
    }
    for figure in figures:
        if figure not in known:
            hint = f"its rates and delays that are not 0: {', '.join(known)}"
            raise SimresError(f"--free {figure}: `{chip}` states no such figure", hint)
    if len({*figures}) < len(figures):
        raise SimresError("--free names a figure twice")
    if len(figures) > MOST_FREE:
        raise SimresError(f"{len(figures)} free figures; at most {MOST_FREE} can be fitted")
    if rows <= len(figures):
        raise SimresError(
            f"there must be more measurements than free figures: {rows} in the file, {len(figures)} free",
            "fit fewer figures, or measure more networks",
        )
    return [known[figure] for figure in figures]


def _simulated(
    registry: Registry,
    rows: Sequence[MeasuredTime],
    chip: str,
    free: list[Free],
    told: Callable[[int, int], None],
) -> Simulated:
    """What simulates a row with other figures."""
    from dataclasses import replace

    from simres import api
    from simres.calibration.calibrated_chip import with_figures
    from simres.planning.crew import plan_crew, run_crew
    from simres.program.record import RecordLevel
    from simres.sharing.workbench import Workbench

    scenarios = []
    for row in rows:
        try:
            scenario = api.find_scenario(row.workload, chip=chip, overrides=row.settings, registry=registry)
            scenarios.append((scenario, api.find_workloads(scenario, registry=registry)))
        except SimresError as error:
            raise SimresError(f"{row.where}: {error.message.removeprefix('--set ')}", error.hint) from error
    done = 0
    bench = Workbench()

    def simulated(row: int, values: Sequence[int]) -> int:
        nonlocal done
        scenario, workloads = scenarios[row]
        scenario = replace(scenario, hardware=with_figures(scenario.hardware, free, list(values)))
        crew = plan_crew(scenario, workloads, registry, bench, brief=True)
        done += 1
        told(done, 0)
        return max(record.makespan_ps for record, _ in run_crew(crew, RecordLevel.NONE).values())

    return simulated
