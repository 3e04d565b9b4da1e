"""Whether more of anything is ever slower: eight networks on seven chips, one setting improved step by step.

    python benchmarks/monotone.py [--quick] [--networks NAME ...] [--chips NAME ...] [--axes NAME ...]
                                  [--form fp32|bf16|int8] [--traces FOLDER] [--points]

Axes: `memory` (64 to 512 KiB by 4 KiB, then by a factor of 1.4 to 256 MiB), `bandwidth`, `matrix` and `host`
(rates x 1/8 to x 64), `latency` and `launch` (halved four times, then 0), `units` (1 to 8 equal matrix
units), `types` (fp32, bf16, int8) and `batch` (1 to 32; times are per inference). Each point is simulated by
itself; one that is refused is left out. `--form` is the data type on all axes but `types`.

Printed are a line for each series with its worst step, then all steps that are slower by more than 0.1 %, and
totals. `forced` says that the lower bound of the slower point rules out anything faster. The exit status is 1
where a step is slower by more than 1 %.

The whole takes hours: split it by networks, chips and axes, and after an interruption start it with those
that are left. `--quick` takes some 500 points of all kinds. Networks that are not shipped are traced, which
needs torch; `--traces` names a folder where the traces are kept. `--points` prints every point.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from simres import api
from simres.errors import AnswerIsNo, SimresError
from simres.hardware.chip import Chip
from simres.planning.plan import chip_of
from simres.plugins.registry import default_registry
from simres.program.record import RecordLevel
from simres.program.roles import ComponentRole
from simres.workload import Workload
from simres.workload.json import write

SHIPPED = ("resnet20", "resnet18", "mobilenet_v2", "torchvision:resnet50", "vit_b_16")
TRACED = ("torchvision:squeezenet1_0", "torchvision:shufflenet_v2_x1_0", "torchvision:densenet121")
NETWORKS = (*SHIPPED, *TRACED)
SYSTOLIC = Path(__file__).parents[1] / "plugins" / "simres-systolic" / "scenarios" / "chips"
CHIPS = ("paper", "edge-npu", "mcu", "tpu-like", "eyeriss", "edge-tpu", "tpuv3-core")
FORMS: Mapping[str, list[str]] = {"fp32": [], "bf16": ["quantise_bf16"], "int8": ["quantise_int8"]}
FACTORS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
LATENCY_PS, LAUNCH_PS = 100_000, 1_000_000
"""Where a chip states none, the axis begins here."""
NOTICED, ALLOWED = 1.001, 1.01

QUICK = (
    # network, axis, every nth point, chips
    ("resnet20", "memory", 4, CHIPS),
    ("resnet20", "bandwidth", 1, ("paper", "eyeriss", "edge-tpu")),
    ("resnet20", "matrix", 1, ("edge-npu", "tpuv3-core")),
    ("resnet20", "host", 1, ("tpu-like", "mcu")),
    ("resnet20", "latency", 1, ("edge-npu", "edge-tpu")),
    ("resnet20", "launch", 1, ("paper", "edge-npu")),
    ("resnet20", "units", 1, CHIPS),
    ("resnet20", "types", 1, CHIPS),
    ("resnet20", "batch", 1, ("edge-npu", "tpu-like", "tpuv3-core")),
    ("resnet18", "memory", 10, ("tpu-like",)),
    ("resnet18", "units", 1, ("tpuv3-core",)),
    ("resnet18", "types", 1, ("edge-npu", "tpuv3-core")),
    ("mobilenet_v2", "memory", 20, ("edge-npu",)),
    ("mobilenet_v2", "types", 1, ("paper",)),
    ("torchvision:resnet50", "types", 1, ("tpu-like",)),
    ("vit_b_16", "types", 1, ("tpu-like",)),
    ("torchvision:squeezenet1_0", "memory", 10, ("edge-npu",)),
    ("torchvision:squeezenet1_0", "types", 1, ("mcu",)),
    ("torchvision:shufflenet_v2_x1_0", "bandwidth", 3, ("paper",)),
    ("torchvision:shufflenet_v2_x1_0", "types", 1, ("eyeriss",)),
    ("torchvision:densenet121", "types", 1, ("tpu-like",)),
)


@dataclass(frozen=True)
class Setting:
    """A point to simulate: what it is called, and its `overrides`; it makes so many `inferences`."""

    name: str
    overrides: Mapping[str, Any]
    passes: tuple[str, ...]
    inferences: int = 1


@dataclass(frozen=True)
class Point:
    """What came of a setting: picoseconds an inference, and their lower bound."""

    name: str
    ps: float
    least_ps: float


@dataclass(frozen=True)
class Step:
    """From one point of a series to the next, which has more of something."""

    series: str
    before: Point
    after: Point

    @property
    def ratio(self) -> float:
        """The later makespan over the earlier one."""
        return self.after.ps / self.before.ps

    @property
    def forced(self) -> bool:
        """Whether the lower bound of the later point rules out anything faster."""
        return self.after.ps <= NOTICED * max(self.before.ps, self.after.least_ps)

    def __str__(self) -> str:
        return f"{self.before.name} -> {self.after.name}  {self.ratio:.4f}"


Axis = Callable[[Chip, list[str]], Iterator[Setting]]


def memory(chip: Chip, form: list[str]) -> Iterator[Setting]:
    sizes = [kib * 1024 for kib in range(64, 513, 4)]
    while sizes[-1] * 1.4 < 256 << 20:
        sizes.append(round(sizes[-1] * 1.4))
    name, _ = chip.scratchpad()
    for size in (*sizes, 256 << 20):
        told = f"{size // 1024} KiB" if size % 1024 == 0 else f"{size} B"
        yield Setting(told, {f"hardware.{name}.capacity": f"{size} B"}, tuple(form))


def rates(role: ComponentRole) -> Axis:
    """The axis on which all components of a role get faster."""
    units = {"bandwidth": "B/s", "rate": "OP/s", "clock": "Hz"}

    def axis(chip: Chip, form: list[str]) -> Iterator[Setting]:
        for factor in FACTORS:
            overrides = {
                f"hardware.{name}.{field}": f"{round(getattr(spec, field) * factor)} {unit}"
                for name, spec in components(chip, role).items()
                for field, unit in units.items()
                if field in type(spec).model_fields
            }
            yield Setting(f"x {factor:g}", overrides, tuple(form))

    return axis


def delays(role: ComponentRole, field: str, least_ps: int) -> Axis:
    """The axis on which a delay of all components of a role goes down to nothing."""

    def axis(chip: Chip, form: list[str]) -> Iterator[Setting]:
        specs = {name: spec for name, spec in components(chip, role).items() if hasattr(spec, field)}
        for parts in (1, 2, 4, 8, 16, 0) if specs else ():
            delay = {
                name: (getattr(spec, field) or least_ps) // parts if parts else 0
                for name, spec in specs.items()
            }
            told = f"{max(delay.values()) / 1000:g} ns"
            yield Setting(
                told, {f"hardware.{name}.{field}": f"{ps} ps" for name, ps in delay.items()}, tuple(form)
            )

    return axis


def units(chip: Chip, form: list[str]) -> Iterator[Setting]:
    specs = components(chip, ComponentRole.MATRIX)
    names = [name for name, spec in specs.items() if hasattr(spec, "count")]
    for count in (1, 2, 4, 8) if names else ():
        overrides = {f"hardware.{name}.count": count for name in names}
        yield Setting(f"x {count}", overrides, tuple(form))


def types(_chip: Chip, _form: list[str]) -> Iterator[Setting]:
    for name, passes in FORMS.items():
        yield Setting(name, {}, tuple(passes))


def batch(_chip: Chip, form: list[str]) -> Iterator[Setting]:
    for count in (1, 2, 4, 8, 16, 32):
        yield Setting(f"batch {count}", {}, (*form, f"batch_{count}"), count)


AXES: Mapping[str, Axis] = {
    "memory": memory,
    "bandwidth": rates(ComponentRole.BUS),
    "matrix": rates(ComponentRole.MATRIX),
    "host": rates(ComponentRole.HOST),
    "latency": delays(ComponentRole.BUS, "latency", LATENCY_PS),
    "launch": delays(ComponentRole.MATRIX, "launch", LAUNCH_PS),
    "units": units,
    "types": types,
    "batch": batch,
}


def components(chip: Chip, role: ComponentRole) -> dict[str, Any]:
    """The components of a role by name; of several channels or units, one."""
    return {chip.component_of(name): spec for name, spec in chip.named(role).items()}


def workload_of(network: str, traces: Path | None) -> Workload:
    """A network, read or traced. Raises `SimresError` where torch is needed and missing."""
    path = traces / f"{network.replace(':', '-')}.json" if traces and network in TRACED else None
    found = api.find_workload(str(path) if path and path.exists() else network)
    assert isinstance(found, Workload)
    if path and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(found, path)
    return found


def point(workload: Workload, chip: str, setting: Setting) -> Point | None:
    """What comes of a setting; None where it is refused."""
    overrides = {"passes": list(setting.passes), **setting.overrides}
    try:
        result = api.simulate(workload, chip=chip, overrides=overrides, record=RecordLevel.NONE)
    except AnswerIsNo:
        return None
    count = setting.inferences
    return Point(setting.name, result.record.makespan_ps / count, result.bounds.makespan / count)


def series(
    workload: Workload, network: str, chip: str, axis: str, form: str, every: int, told: bool
) -> list[Step]:
    """Simulates one series and prints a line about it; returns its steps."""
    begun = time.process_time()
    path = str(SYSTOLIC / f"{chip}.yaml") if (SYSTOLIC / f"{chip}.yaml").exists() else chip
    own = chip_of(api.find_scenario(SHIPPED[0], chip=path), default_registry())
    settings = list(AXES[axis](own, FORMS[form]))
    settings = [*settings[:-1:every], *settings[-1:]]
    name = f"{network:30s} {chip:10s} {axis:9s}" + ("" if axis == "types" else f" {form}")
    found: list[Point] = []
    for setting in settings:
        one = point(workload, path, setting)
        if told:
            figures = (
                "refused"
                if one is None
                else f"{one.ps / 1e9:12.6f} ms  lower bound {one.least_ps / 1e9:12.6f}"
            )
            print(f"  {name}  {setting.name:14s} {figures}", flush=True)
        if one is not None:
            found.append(one)
    steps = [Step(name, *pair) for pair in pairwise(found)]
    worst = max(steps, key=lambda step: step.ratio, default=None)
    spent = time.process_time() - begun
    print(f"{name:56s} {len(found):3d} points  worst {worst or 'none'}  ({spent:.1f} s)", flush=True)
    return steps


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--chips", nargs="+", default=CHIPS, choices=CHIPS)
    parser.add_argument("--axes", nargs="+", default=tuple(AXES), choices=AXES)
    parser.add_argument("--form", default="fp32", choices=FORMS)
    parser.add_argument("--traces", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--points", action="store_true")
    asked = parser.parse_args()
    todo = [
        (network, chip, axis, every)
        for network, axis, every, chips in (
            QUICK if asked.quick else [(network, axis, 1, CHIPS) for network in NETWORKS for axis in AXES]
        )
        for chip in chips
        if network in asked.networks and chip in asked.chips and axis in asked.axes
    ]
    begun = time.process_time()
    steps: list[Step] = []
    read: tuple[str, Workload] | None = None
    for network, chip, axis, every in todo:
        if read is None or read[0] != network:
            read = None  # one workload at a time
            try:
                read = network, workload_of(network, asked.traces)
            except SimresError as error:
                print(f"{network}: {error.message}; {error.hint or ''}", file=sys.stderr)
                return 2
        steps += series(read[1], network, chip, axis, asked.form, every, asked.points)
    slower = sorted((step for step in steps if step.ratio > NOTICED), key=lambda step: -step.ratio)
    print()
    for step in slower:
        before, after = step.before, step.after
        print(
            f"{'SLOWER' if step.ratio > ALLOWED else '':6s} {step.series:47s} {step!s:44s} "
            f"{before.ps / 1e9:.6f} -> {after.ps / 1e9:.6f} ms, {before.ps / before.least_ps:.3f} and "
            f"{after.ps / after.least_ps:.3f} x the lower bound{', forced' if step.forced else ''}"
        )
    over = sum(step.ratio > ALLOWED for step in slower)
    unforced = sum(not step.forced for step in slower)
    print(
        f"{len(todo)} series, {len(steps)} steps: {over} slower by more than 1 %, {len(slower)} by more than "
        f"0.1 % ({unforced} of them not forced); {time.process_time() - begun:.0f} s of a processor"
    )
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
