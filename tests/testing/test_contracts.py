"""The contracts themselves: what keeps them passes, and each way to break one is found and named."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field

from simres.errors import AnswerIsNo, SimresError
from simres.hardware.chip import Chip
from simres.hardware.energy_costs import EnergyCosts
from simres.hardware.specs import EngineSpec, HostSpec, MatrixSpec, SramSpec
from simres.plugins.hooks import (
    Component,
    ComponentRole,
    Importer,
    Operator,
    Pass,
    Reporter,
    Scheduler,
    hookimpl,
)
from simres.plugins.imported import Imported
from simres.program import Program, Work
from simres.scheduling import serial
from simres.scheduling.parameters import NoParameters
from simres.testing import (
    ContractBroken,
    check_component,
    check_importer,
    check_operator,
    check_pass,
    check_plugin,
    check_reporter,
    check_scheduler,
    chip,
    registry_with,
)
from simres.workload import Workload

HERE = "contract_parts"


@pytest.fixture
def parts() -> Iterator[ModuleType]:
    """A module that declarations can point into."""
    sys.modules[HERE] = ModuleType(HERE)
    yield sys.modules[HERE]
    del sys.modules[HERE]


class Sound(MatrixSpec):
    """A matrix unit that starts slowly."""

    warm_up: Annotated[int, Field(ge=0)] = 3
    """Picoseconds lost at the start."""

    def duration_ps(self, work: Work) -> int:
        return super().duration_ps(work) + self.warm_up


class TooFast(Sound):
    """Beats its own peak."""

    def duration_ps(self, work: Work) -> int:
        return super().duration_ps(work) // 2


class Fractional(Sound):
    """Takes parts of a picosecond."""

    def duration_ps(self, work: Work) -> Any:
        return super().duration_ps(work) + Fraction(1, 2)


class Moody(Sound):
    """Takes longer each time."""

    def duration_ps(self, work: Work) -> int:
        Moody.calls += 1  # type: ignore[attr-defined]
        return super().duration_ps(work) + Moody.calls  # type: ignore[attr-defined]


Moody.calls = 0  # type: ignore[attr-defined]


class Batching(Sound):
    """States a peak that grows faster than the work."""

    def at_peak_ps(self, work: Work) -> Fraction:
        return super().at_peak_ps(work) * (1 if work.macs < 5000 else 100)

    def duration_ps(self, work: Work) -> int:
        return super().duration_ps(work) * (1 if work.macs < 5000 else 100)


class Overstating(Sound):
    """States more overhead than its tasks have."""

    @property
    def task_ps(self) -> int:
        return self.launch + self.warm_up + 1


class Undocumented(Sound):
    """Says nothing of a key."""

    secret: int = 0


class Lenient(Sound):
    """Takes any key."""

    model_config = ConfigDict(extra="ignore")


class Changeable(Sound):
    """Can be changed."""

    model_config = ConfigDict(frozen=False)


class Hungry(Sound):
    """Gives back energy."""

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(static_uw=-1)


with warnings.catch_warnings():  # pydantic says it too, which is easily missed
    warnings.simplefilter("ignore")

    class Shadowing(EngineSpec):
        """Has a key that hides a method."""

        lanes: int = 1  # type: ignore[assignment]
        """How many."""


class Shrinking(SramSpec):
    """Holds more than fits."""

    def occupied(self, nbytes: int) -> int:
        return nbytes // 2


def component(parts: ModuleType, spec: type, role: ComponentRole = ComponentRole.MATRIX) -> Component:
    vars(parts)["Spec"] = spec
    return Component("tested", role, f"{HERE}:Spec", "a tested one")


def test_a_sound_component_keeps_its_contract(parts: ModuleType) -> None:
    check_component(component(parts, Sound))
    check_component(component(parts, Sound), rate="3 GFLOP/s", launch="7 ns", warm_up=0)


@pytest.mark.parametrize(
    "kind", ["ddr", "sram", "matrix", "host", "processor", "microcontroller", "background"]
)
def test_built_in_components_keep_their_contract(kind: str) -> None:
    figures = {"core": "cortex-m7"} if kind == "microcontroller" else {}
    check_component(kind, **figures)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (TooFast, "at_peak_ps is what nothing can beat"),
        (Fractional, "duration_ps must be whole picoseconds from 0 on"),
        (Moody, "duration_ps differs from one call to the next"),
        (Batching, "must grow no faster than the amount of work"),
        (Overstating, "task_ps comes on top of at_peak_ps"),
        (Undocumented, "`Undocumented.secret` has no description"),
        (Lenient, "takes a key that it does not have"),
        (Changeable, "it can be changed"),
        (Hungry, "whole femtojoules and microwatts from 0 on"),
        (Shadowing, "its key `lanes` hides what `EngineSpec` calls so"),
        (SramSpec, "`memory` and a `MemorySpec` go together"),
        (NoParameters, "is no `simres.hardware.specs.ComponentSpec`"),
    ],
)
def test_a_broken_component_is_found(parts: ModuleType, spec: type, message: str) -> None:
    with pytest.raises(ContractBroken, match=message):
        check_component(component(parts, spec))


class TableUnit(HostSpec):
    """Does one operator faster than its peak."""

    def duration_ps(self, work: Work) -> int:
        table = work.op is not None and work.op.kind == "softmax"
        return super().duration_ps(work) // (4 if table else 1)


def test_no_operator_may_be_faster_than_the_peak(parts: ModuleType) -> None:
    with pytest.raises(ContractBroken, match=r"what nothing can beat.*`softmax` takes"):
        check_component(component(parts, TableUnit, ComponentRole.HOST))


def test_a_memory_must_occupy_what_it_holds(parts: ModuleType) -> None:
    with pytest.raises(ContractBroken, match="must occupy as many whole bytes at least"):
        check_component(component(parts, Shrinking, ComponentRole.MEMORY))


def test_what_cannot_be_loaded_is_named() -> None:
    with pytest.raises(ContractBroken, match=r"spec `simres_nowhere:Spec`: cannot load"):
        check_component(Component("tested", ComponentRole.MATRIX, "simres_nowhere:Spec", "gone"))


def test_a_summary_is_one_line_for_people(parts: ModuleType) -> None:
    with pytest.raises(ContractBroken, match="its summary is empty"):
        check_component(replace(component(parts, Sound), summary=" "))


def test_figures_that_no_schema_knows_are_asked_for(parts: ModuleType) -> None:
    class Named(Sound):
        """Needs a name."""

        label: str
        """What it is called."""

    with pytest.raises(ContractBroken, match="give a figure for `label`"):
        check_component(component(parts, Named))
    check_component(component(parts, Named), label="it")


@pytest.mark.parametrize("name", ["paper", "serial", "overlapped"])
def test_built_in_schedulers_keep_their_contract(name: str) -> None:
    check_scheduler(name)


def scheduler(parts: ModuleType, function: Any) -> Scheduler:
    vars(parts)["schedule"] = function
    return Scheduler("tested", f"{HERE}:schedule", "a tested one")


def sound_schedule(workload: Workload, system: Chip) -> Program:
    return replace(serial.schedule(workload, system, NoParameters()), scheduler="tested")


def test_a_sound_scheduler_keeps_its_contract(parts: ModuleType) -> None:
    check_scheduler(scheduler(parts, lambda workload, system, _: sound_schedule(workload, system)))


def _refuses(workload: Workload, system: Chip, _: object) -> Program:
    raise AnswerIsNo("not today")


def _other_name(workload: Workload, system: Chip, parameters: NoParameters) -> Program:
    return serial.schedule(workload, system, parameters)


def _forgetful(workload: Workload, system: Chip, _: object) -> Program:
    program = sound_schedule(workload, system)
    return replace(program, tasks=program.tasks[:-1])


def _knows_names(workload: Workload, system: Chip, _: object) -> Program:
    assert "sram" in system.memories
    return sound_schedule(workload, system)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (_refuses, ContractBroken, "refuses a network that fits the memory whole: not today"),
        (_other_name, ContractBroken, "its Program says `serial` made it"),
        (_forgetful, SimresError, "the Program of scheduler `tested` is wrong"),
        (_knows_names, AssertionError, None),
        (lambda *_: [], ContractBroken, "it offers no Program"),
        (lambda *_: [3], ContractBroken, "it offers int, which is no Program"),
    ],
)
def test_a_broken_scheduler_is_found(
    parts: ModuleType, function: Any, error: type[Exception], message: str | None
) -> None:
    with pytest.raises(error, match=message):
        check_scheduler(scheduler(parts, function))


@pytest.mark.parametrize("name", ["fold_batch_norm", "fuse_epilogues", "quantise_int8", "batch_8"])
def test_built_in_passes_keep_their_contract(name: str) -> None:
    check_pass(name)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda workload: None, "it returns NoneType"),
        (lambda workload: replace(workload, outputs=()), "outputs: must name at least one tensor"),
        (lambda workload: replace(workload, ops=workload.ops[:-1]), "what it makes is no workload"),
    ],
)
def test_a_broken_pass_is_found(parts: ModuleType, function: Any, message: str) -> None:
    vars(parts)["rewrite"] = function
    declared = Pass("tested", f"{HERE}:rewrite", "a tested one")
    with pytest.raises(ContractBroken, match=message):
        check_pass(declared)


def test_a_numbered_pass_says_so_in_its_name(parts: ModuleType) -> None:
    vars(parts)["rewrite"] = lambda workload, number: workload
    check_pass(Pass("tested_N", f"{HERE}:rewrite", "a tested one", numbered=True))
    with pytest.raises(ContractBroken, match="go together"):
        check_pass(Pass("tested", f"{HERE}:rewrite", "a tested one", numbered=True))


@pytest.mark.parametrize("name", ["csv", "perfetto"])
def test_built_in_reporters_keep_their_contract(name: str) -> None:
    check_reporter(name)


@pytest.mark.parametrize(
    ("function", "suffix", "message"),
    [
        (lambda result: None, ".txt", "it returns NoneType, not text"),
        (lambda result: "NaN", ".json", "`NaN` is not a JSON number"),
        (lambda result: "{", ".json", "its text is no JSON"),
        (lambda result: "a,b\n1\n", ".csv", "its rows have"),
        (lambda result: f"<svg>{result.layers[0].name}</svg>", ".svg", "its text is no SVG"),
        (lambda result: "\ud800", ".txt", "its text is no TXT"),
        (lambda result, calls=[]: calls.append(1) or str(len(calls)), ".txt", "its text differs"),
        (lambda result: "", "txt", "suffix must be such as"),
    ],
)
def test_a_broken_reporter_is_found(parts: ModuleType, function: Any, suffix: str, message: str) -> None:
    vars(parts)["report"] = function
    with pytest.raises(ContractBroken, match=message):
        check_reporter(Reporter("tested", suffix, f"{HERE}:report", "a tested one"))


def test_a_reporter_may_refuse_only_what_has_no_times(parts: ModuleType) -> None:
    def picky(result: Any) -> str:
        if result.record.level != "full":
            raise SimresError("it needs every span")
        return "all"

    vars(parts)["report"] = picky
    check_reporter(Reporter("tested", ".txt", f"{HERE}:report", "a tested one"))


def test_importers_are_held_against_files(parts: ModuleType, tmp_path: Any) -> None:
    from simres.scenario import shipped
    from simres.workload.json import read

    file = tmp_path / "net.txt"
    file.write_text("resnet20")
    found = Imported(read(shipped.workload("resnet20")), "chip: paper\n")

    def importer(function: Any) -> Importer:
        vars(parts)["read"] = function
        return Importer("tested", f"{HERE}:read", "a tested one")

    def sound(paths: Any) -> Imported:
        if not paths[0].exists():
            raise SimresError("no such file")
        return found

    check_importer(importer(sound))
    check_importer(importer(sound), file)
    with pytest.raises(ContractBroken, match="it makes something of a missing file"):
        check_importer(importer(lambda paths: found), file)
    with pytest.raises(ContractBroken, match="it returns NoneType"):
        check_importer(importer(lambda paths: None), file)
    with pytest.raises(ContractBroken, match="its scenario does not load"):
        check_importer(importer(lambda paths: replace(found, scenario="chip: gone")), file)
    with pytest.raises(ContractBroken, match="a missing file is a FileNotFoundError"):
        check_importer(importer(lambda paths: (paths[0].read_text(), found)[1]), file)


def test_operators_are_loaded_at_least(parts: ModuleType) -> None:
    with pytest.raises(ContractBroken, match=r"no plugin declares the operator `aten\.nothing`"):
        check_operator("aten.nothing")
    vars(parts)["lower"] = 3
    with pytest.raises(ContractBroken, match="nothing that can be called"):
        check_operator(Operator("mylib.op.default", f"{HERE}:lower", "a tested one"))


def test_a_plugin_is_held_against_all_it_declares(parts: ModuleType) -> None:
    class Plugin:
        @staticmethod
        @hookimpl
        def simres_components() -> Iterator[Component]:
            yield component(parts, Sound)

        @staticmethod
        @hookimpl
        def simres_reporters() -> Iterator[Reporter]:
            yield Reporter("tested", ".json", f"{HERE}:report", "a tested one")

    vars(parts)["report"] = lambda result: "{}"
    check_plugin(Plugin())
    vars(parts)["report"] = lambda result: "{"
    with pytest.raises(ContractBroken, match="its text is no JSON"):
        check_plugin(Plugin())
    registry = registry_with(Plugin())
    assert registry.component("tested").kind == "tested"
    with pytest.raises(ValueError, match=r"already registered"):
        registry.add(Plugin())


def test_a_chip_asks_for_roles_it_cannot_know() -> None:
    with pytest.raises(ValueError, match="must say what `npu` may be used for"):
        chip({"npu": EngineSpec(kind="npu")})
    assert chip({"npu": EngineSpec(kind="npu")}, {"npu": ComponentRole.HOST}).roles["npu"] == "host"
