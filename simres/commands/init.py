"""`simres init`: a scenario to start from."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from simres.commands.session import Session
from simres.errors import SimresError

STARTER = """\
# yaml-language-server: $schema=schema.json
#
# A scenario: a network, a chip, and how to run the network on the chip.
# A YAML extension in your editor completes keys and marks wrong units.
#
#   simres simulate {file}
#   simres simulate {file} --set hardware.ddr.bandwidth="2 GB/s"
schema_version: 1
name: {name}
description: {description}

# A traced network: a shipped one by name (`simres examples` lists them), or a JSON file from
# `simres trace torchvision:resnet18 -o resnet18.json`, which traces any PyTorch module.
workload: {network}

{hardware}
# The scheduler: `serial` does one thing at a time, `overlapped` prefetches and runs engines in
# parallel. `simres plugins` lists them.
scheduler: {scheduler}

# Rewrites of the network before scheduling, in this order, such as
# [fold_batch_norm, fold_bias, quantise_int8, fuse_epilogues]; `simres plugins` lists them.
passes: []

# Seed of everything random.
seed: 0

# Expected figures; a miss exits with 1:
# expect:
#   makespan: {{value: 1235 us, within: 1 %}}
"""

OWN_CHIP = """\
# The components: any names, any number of each kind (`count: 2` makes two equal matrix units or hosts).
# Every figure needs its unit: MB is 10^6 bytes, MiB is 2^20; a multiply-accumulate is 2 FLOP.
# To start from a known chip instead, write `chip: edge-npu` and the differences.
hardware:
  # The bus to off-chip memory.
  ddr:
    kind: ddr
    bandwidth: 1 GB/s
    burst: 64 B
    latency: 0 ns
  # On-chip memory: data that stays here is not loaded again.
  sram:
    kind: sram
    capacity: 1 MiB
  # Runs convolutions and matrix products. One rate for all data types, or one for each:
  # `rate: {int8: 4 TOP/s, fp16: 2 TFLOP/s}`; `simres simulate ... --int8` runs the network in int8.
  matrix:
    kind: matrix
    rate: 1 TFLOP/s
    launch: 0 ns
  # A vector processor for everything else: batch norm, ReLU, additions, pooling.
  host:
    kind: host
    rate: 10 GFLOP/s
    launch: 0 ns
"""

KNOWN_CHIP = """\
# The chip: one that `simres examples` names, or a YAML file.
chip: {chip}

# Differences from it, by component, such as the memory's size; `NAME: null` removes a component.
# hardware:
#   {example}
"""


def init(
    session: Session,
    place: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A folder, created if missing, a .yaml file, or - for stdout."),
    ] = Path(),
    chip: Annotated[
        str | None,
        typer.Option("--chip", metavar="CHIP", help="Start from this chip: a YAML file, or a shipped one."),
    ] = None,
    network: Annotated[
        str, typer.Option("--network", metavar="NAME", help="The network: a name, or a traced file.")
    ] = "resnet20",
) -> None:
    """Write a commented scenario to start from, and a schema for editors.

    Examples: `simres init mine`, `simres init mine --chip edge-npu --network resnet18`.
    """
    from simres.files import STDIO, read_bytes, write_text
    from simres.scenario.schema import FILES, scenario_schema, text

    if place == STDIO:
        write_text(STDIO, starter(session, "scenario", Path("scenario.yaml"), chip, network))
        return
    scenario = place if place.suffix in (".yaml", ".yml") else place / "scenario.yaml"
    folder = scenario.parent
    schema = folder / FILES["scenario"]
    checked_by = text(scenario_schema(session.registry))
    taken = [path for path in (scenario, schema) if path.exists() or path.is_symlink()]
    if schema in taken and schema.is_file() and read_bytes(schema, "schema") == checked_by.encode():
        taken.remove(schema)  # that of another scenario beside this one
    if taken:
        names = ", ".join(f"`{path}`" for path in taken)
        raise SimresError(
            f"already there: {names}; nothing was written", "name another folder: simres init DIR"
        )
    own = scenario.stem if scenario == place else Path(os.path.normpath(folder.absolute())).name
    name = re.sub(r"[^\w.-]+", "-", own)[:100].strip("-") or "scenario"
    written = starter(session, f'"{name}"', scenario, chip, network)
    write_text(schema, checked_by)
    write_text(scenario, written)
    session.output.print(
        f"Wrote `{scenario}` and `{schema}`. Next:\n\n    simres simulate {shlex.quote(str(scenario))}\n"
    )


def starter(session: Session, name: str, scenario: Path, chip: str | None, network: str) -> str:
    """The text of the file `scenario`. Raises `SimresError` for an unknown chip or network."""
    from simres import api
    from simres.networks import network_names
    from simres.scenario import shipped
    from simres.scenario.model import is_file_reference

    found = api.find_scenario(network, chip=chip or "paper", registry=session.registry)
    if not is_file_reference(network) and network not in shipped.workloads():
        network_names.parse(network)

    def near(reference: str) -> str:
        """A file as the scenario refers to it."""
        return (
            Path(os.path.relpath(reference, scenario.parent)).as_posix()
            if is_file_reference(reference)
            else reference
        )

    if chip is None:
        hardware, on = OWN_CHIP, "a chip of mine"
    else:
        name_of, spec = next(iter(found.hardware.items()))
        field = next(iter(spec.resources())).field
        value = spec.model_dump(mode="json")[field]
        hardware = KNOWN_CHIP.format(chip=near(chip), example=f"{name_of}: {{{field}: {value}}}")
        on = Path(chip).stem
    return STARTER.format(
        file=scenario.name,
        name=name,
        description=f"{Path(network).stem if is_file_reference(network) else network} on {on}",
        network=near(network),
        hardware=hardware,
        scheduler="serial" if chip is None else "overlapped",
    )
