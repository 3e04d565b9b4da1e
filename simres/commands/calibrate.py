"""`simres calibrate`: this machine measured as a chip, and compared with simulation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.options import Machine
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    import torch

    from simres.analysis.validation import Agreement

BUSY = 0.5
"""A spread of measurements from which on the machine is said to be busy."""


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """Measured times, and the figures to fit to them."""

    times: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Fit figures of --chip to the times in this CSV."),
    ] = None
    free: Annotated[
        list[str] | None,
        typer.Option("--free", metavar="FIGURE", help="With --from, a figure to fit, such as `matrix.rate`."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class MeasuredMachine(Machine):
    """The machine to measure."""

    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads [default: one per core].")
    ] = None


def calibrate(
    session: Session,
    *,
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="NAME", help="Run this network and compare."),
    ] = None,
    chip: Annotated[
        str | None,
        typer.Option("--chip", metavar="CHIP", help="Compare with this chip, measured earlier."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Measure, and write the chip (YAML)."),
    ] = None,
    fit: FitOptions,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="SHAPE", help="Shape of an input, once per input: 3x32x32."),
    ] = None,
    machine: MeasuredMachine,
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure a few shapes only: a trial, too coarse to trust.")
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Show every layer, and the operators that ran.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the comparisons as one JSON document.")] = False,
) -> int:
    """Measure this machine, write it as a chip, and compare simulations with real runs.

    With --from, fit a few of a chip's figures to measured times; this needs no PyTorch.

    Examples: `simres calibrate -o my-cpu.yaml --threads 1`,
    `simres calibrate --check resnet18 --chip my-cpu.yaml --threads 1`,
    `simres calibrate --from times.csv --chip npu.yaml --free matrix.rate --free ddr.bandwidth -o new.yaml`.
    """
    if fit.times is not None or fit.free:
        from simres.commands.calibrate_from_times import calibrate_from_times

        if fit.times is None or check or inputs:
            raise SimresError("--free goes with --from, and --from without --check and --input")
        return calibrate_from_times(session, fit.times, chip, fit.free or [], output, json=json)
    from simres.commands.torch_setup import prepared

    _asked(check, chip, output, inputs)
    if chip is not None:
        _measured(chip, session)
    named = [_network(name) for name in check or ()]
    found = []
    with prepared(machine.device, machine.threads) as chosen:
        if output is not None:
            _write(session, chosen, output, quick)
            chip = str(output)
        assert chip is not None
        found += [_compared(session, name, inputs, chip, chosen) for name in named]
    if json:
        from simres.reporting.emit import VERSIONS, emit
        from simres.reporting.tables.validation_table import document

        emit({"schema_version": VERSIONS["calibration"], "networks": [document(one) for one in found]})
        return ExitCode.OK
    from simres.reporting.tables.validation_table import report

    console = session.output
    for number, one in enumerate(found):
        if number:
            console.print("")
        console.print_lines(report(one, console.page(whole=details)))
    return ExitCode.OK


def _asked(check: list[str] | None, chip: str | None, output: Path | None, inputs: list[str] | None) -> None:
    if output is None and chip is None:
        raise SimresError(
            "nothing to do: give a file to write the chip to, or a chip to compare with",
            "simres calibrate -o my-cpu.yaml, then simres calibrate --check resnet18 --chip my-cpu.yaml",
        )
    if output is not None and chip is not None:
        raise SimresError("-o measures a new chip, --chip takes an existing one: give one of them")
    if not check and (chip is not None or inputs):
        raise SimresError("no network to compare: give one, such as --check resnet18")
    if output is not None:  # better said before minutes of measuring than after
        if output.suffix not in (".yaml", ".yml"):
            raise SimresError(f"`{output}` is the file of a chip: its name must end in .yaml")
        if output.is_dir():
            raise SimresError(f"cannot write `{output}`: it is a folder")
        folder = next(above for above in output.absolute().parents if above.exists())
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise SimresError(f"cannot write `{output}`: nothing can be written into `{folder}`")


def _network(name: str) -> str:
    """The network's full name. Raises `SimresError` for an unknown one, before anything is measured."""
    from simres.networks import network_names as names

    return str(names.parse(name))


def _measured(chip: str, session: Session) -> str:
    """What machine a chip was measured on. Raises `SimresError` for a chip that never was."""
    from simres.hardware.specs import ComputeSpec
    from simres.scenario.loader import load_chip

    preset = load_chip(chip, registry=session.registry)
    if not any(isinstance(spec, ComputeSpec) and spec.efficiency for spec in preset.hardware.values()):
        raise SimresError(
            f"`{chip}` was not measured: no component states an `efficiency`",
            "simres calibrate -o my-cpu.yaml measures this machine",
        )
    return preset.description


def _write(session: Session, device: torch.device, output: Path, quick: bool) -> None:
    from simres.calibration.chip_file import chip_yaml
    from simres.calibration.measure import measure
    from simres.calibration.shapes import host_shapes, matrix_shapes
    from simres.files import write_text
    from simres.jobs import counted

    with counted("measurements") as told:
        found = measure(device, matrix_shapes(quick), host_shapes(quick), told)
    write_text(output, chip_yaml(found))
    if found.spread > BUSY:
        session.messages.print(
            f"warning: every other measurement has a median {found.spread:.0%} above its best: is this "
            "machine busy?",
            style="warning",
        )
    session.messages.print(f"wrote {output}")


def _compared(
    session: Session, name: str, inputs: list[str] | None, chip: str, device: torch.device
) -> Agreement:
    from simres import api
    from simres.analysis.validation import Agreement, Measured, compared
    from simres.calibration.machine import machine
    from simres.calibration.network import run
    from simres.jobs import counted
    from simres.networks.checkpoint import network_of

    registry = session.registry
    network = network_of(name)
    shape = inputs or network.input
    if shape is None:
        raise SimresError(
            f"`{network.name}` does not state its input shape", "give --input 3x32x32, without the batch"
        )
    here, there = str(machine(device)), _measured(chip, session)
    if here != there:
        session.messages.print(f"warning: `{chip}` was measured on {there}; this is {here}", style="warning")
    with counted("images") as told:
        real = run(network.module, shape, device, network.name, registry.operators(), told)
    overrides = {"scheduler": "serial", "passes": ["fold_bias"]}
    scenario = api.find_scenario(name, chip=chip, overrides=overrides, registry=registry)
    result = api.simulate(scenario, workload=real.workload, registry=registry)
    calls = [Measured(call.operators, call.timing.ps, call.timing.spread, call.ran) for call in real.calls]
    kinds = {op.name: (op.kind, op.macs) for op in real.workload.ops}
    simulated = {layer.name: sum(layer.busy_ps.values()) for layer in result.layers}
    return Agreement(
        network=network.name,
        machine=here,
        chip=chip,
        measured_ps=real.total.ps,
        measured_spread=real.total.spread,
        simulated_ps=result.makespan_ps,
        layers=compared(calls, kinds, simulated),
    )
