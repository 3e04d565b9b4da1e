"""A bus whose time and traffic disagree is found, whichever of the two it forgets, and told what to write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from simpy import Event

from simres.hardware.engine import Done, Engine
from simres.hardware.specs import BusSpec, EngineSpec, MatrixSpec
from simres.plugins.hooks import Component, ComponentRole
from simres.program import Work
from simres.testing import ContractBroken, check_component
from simres.units import PS_PER_S, Bandwidth
from simres.workload import Tensor

HERE = "moving_parts"


class Plain(EngineSpec):
    """Moves bytes."""

    bandwidth: Bandwidth
    """Its rate, such as `1 GB/s`."""

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(work.nbytes * PS_PER_S, self.bandwidth)

    def duration_ps(self, work: Work) -> int:
        return ceil(self.at_peak_ps(work))


def share(tensor: Tensor | None) -> Fraction:
    return Fraction(1 if tensor is None or tensor.density is None else max(tensor.density, 0.01))


class Halving(Plain):
    """Leaves out zeros, and says so."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return ceil(nbytes * share(tensor))


class Quick(Plain):
    """Takes less time for zeros, of which its traffic says nothing."""

    sees_tensors: ClassVar[bool] = True

    def at_peak_ps(self, work: Work) -> Fraction:
        return super().at_peak_ps(work) * share(work.tensor)


class Slow(Halving):
    """Moves fewer bytes in as much time."""

    sees_tensors: ClassVar[bool] = True

    def at_peak_ps(self, work: Work) -> Fraction:
        return super().at_peak_ps(replace(work, nbytes=work.held_bytes))


class Twice(Halving):
    """Saves the same bytes twice."""

    def at_peak_ps(self, work: Work) -> Fraction:
        return super().at_peak_ps(work) * share(work.tensor)


class Moody(Plain):
    """Its time grows with the density, above that of bare bytes."""

    sees_tensors: ClassVar[bool] = True

    def duration_ps(self, work: Work) -> int:
        return super().duration_ps(work) + int(1000 * share(work.tensor) if work.tensor else 0)


class Inflating(Plain):
    """Moves more than there is."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return nbytes + 4


class Splitting(Plain):
    """Small transfers cost nothing."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return min(nbytes, 1) if nbytes < 4096 else nbytes


class Seeing(Plain):
    """Sees what it moves, and its cost function is sound."""

    sees_tensors: ClassVar[bool] = True


class Hurrying(Engine):
    """Is done early with zeros, whatever its spec says."""

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:
        return Done(self.env, duration_ps + int(1000 * share(work.tensor)))


class Dawdling(Engine):
    """Takes as long as the bytes on chip would, whatever its spec says."""

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:
        return Done(self.env, ceil(Fraction(work.held_bytes * PS_PER_S, 10**9)))


class PackedMatrix(MatrixSpec):
    """A matrix unit that thinks it is a bus."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return nbytes // 2


@pytest.fixture
def declared() -> Iterator[Callable[..., Component]]:
    module = sys.modules[HERE] = ModuleType(HERE)

    def declare(spec: type, engine: type = Engine, role: ComponentRole = ComponentRole.BUS) -> Component:
        vars(module).update(Spec=spec, Own=engine)
        return Component("mover", role, f"{HERE}:Spec", "a mover", engine=f"{HERE}:Own")

    yield declare
    del sys.modules[HERE]


@pytest.mark.parametrize("spec", [Halving, Seeing, BusSpec])
def test_those_that_agree_pass(declared: Any, spec: type) -> None:
    from simres.hardware.bus import Bus

    engine = Bus if spec is BusSpec else Engine
    compressed = {"compression": "run_length"} if spec is BusSpec else {}
    check_component(declared(spec, engine), **compressed)


@pytest.mark.parametrize(
    ("spec", "engine", "words"),
    [
        (Quick, Engine, r"its time is less and its traffic is not; state what it moves in `moved_bytes`"),
        (Twice, Engine, r"its time is less and its traffic is not"),
        (Moody, Engine, r"its time changes and its traffic does not; state what it moves in `moved_bytes`"),
        (Slow, Engine, r"its traffic changes and its time does not; `duration_ps` must follow from"),
        (Inflating, Engine, r"moved_bytes is \d+ for \d+ B of an input in .* must be whole bytes"),
        (Splitting, Engine, r"a tensor moved in parts must take no fewer bytes"),
        (Seeing, Hurrying, r"its time changes and its traffic does not; state what it moves"),
        (Halving, Dawdling, r"its traffic changes and its time does not; its engine must take as long as"),
    ],
)
def test_those_that_do_not_are_told_what_is_wrong(
    declared: Any, spec: type, engine: type, words: str
) -> None:
    with pytest.raises(ContractBroken, match=words):
        check_component(declared(spec, engine))


def test_only_buses_move_bytes_off_chip(declared: Any) -> None:
    with pytest.raises(ContractBroken, match="are of buses alone"):
        check_component(declared(PackedMatrix, role=ComponentRole.MATRIX), rate="1 TFLOP/s")


WRONG = '''
from fractions import Fraction
from math import ceil
from typing import ClassVar

from simres.hardware.specs import EngineSpec
from simres.plugins.hooks import Component, ComponentRole, hookimpl
from simres.units import PS_PER_S, Bandwidth


class Spec(EngineSpec):
    """A DMA engine that takes less time for zeros, and says nothing of its traffic."""

    sees_tensors: ClassVar[bool] = True
    bandwidth: Bandwidth
    """Its rate, such as `1 GB/s`."""

    def duration_ps(self, work):
        density = work.tensor.density if work.tensor else None
        share = Fraction(1 if density is None else density)
        return ceil(work.nbytes * share * PS_PER_S / self.bandwidth)


@hookimpl
def simres_components():
    yield Component("wrong", ComponentRole.BUS, "simres_wrong:Spec", "a DMA engine")
'''


def test_plugins_check_refuses_a_wrong_one_with_words(tmp_path: Path) -> None:
    (tmp_path / "simres_wrong.py").write_text(WRONG)
    information = tmp_path / "simres_wrong-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: simres-wrong\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[simres]\nwrong = simres_wrong\n")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "simres", "plugins", "check", "wrong"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path, "SIMRES_LOAD_PLUGINS": "simres-wrong"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "its time is less and its traffic is not; state what it moves in `moved_bytes`" in done.stdout
    assert done.stdout.endswith("0 of 1 keep their contracts.\n")
