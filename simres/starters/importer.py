"""Template: an importer."""

from __future__ import annotations

SUMMARY = "a list of fully connected layers, one per line"
TRY = "simres import @part@ examples/layers.csv -o made"
EXTRAS = ""

FILES = {
    "src/@module@/__init__.py": '''\
"""For simres: @summary@."""

from collections.abc import Iterator

from simres.plugins.hooks import Importer, hookimpl


@hookimpl
def simres_importers() -> Iterator[Importer]:
    """The importer `@part@`."""
    yield Importer(
        name="@part@",
        target="@module@.reading:read",
        summary="@summary@",
    )
''',
    "src/@module@/reading.py": '''\
"""Reads fully connected layers, one per line: name, number of inputs, number of outputs."""

from collections.abc import Sequence
from pathlib import Path

from simres.errors import InvalidFile, Problem, SimresError
from simres.files import read_text
from simres.plugins.imported import Imported
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload

LARGEST_BYTES = 1 << 20


def read(paths: Sequence[Path]) -> Imported:
    """The workload of one file. Raises `SimresError` unless there is exactly one readable file,
    and `InvalidFile` with line and column for an error in it."""
    if len(paths) != 1:
        raise SimresError(f"expected one file, got {len(paths)}", "simres import @part@ LAYERS.csv")
    (path,) = paths
    tensors: dict[str, Tensor] = {}
    ops: list[Op] = []
    for number, line in enumerate(read_text(path, "list of layers", largest=LARGEST_BYTES).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *sizes = [part.strip() for part in line.split(",")]
        if not name or len(sizes) != 2 or not all(map(_is_size, sizes)):
            _wrong(path, number, "must be a name and two sizes, such as `hidden, 784, 100`")
        inputs, outputs = map(int, sizes)
        if not tensors:
            tensors["x"] = Tensor("x", Role.INPUT, (1, inputs))
        data = ops[-1].outputs[0] if ops else "x"
        weight = f"{name}.weight"
        if name in tensors or weight in tensors:
            _wrong(path, number, f"`{name}` is already the name of another layer or tensor")
        if tensors[data].shape != (1, inputs):
            _wrong(path, number, f"`{name}` reads {inputs} values, and `{data}` has {tensors[data].elements}")
        tensors[weight] = Tensor(weight, Role.WEIGHT, (outputs, inputs))
        tensors[name] = Tensor(name, Role.ACTIVATION, (1, outputs))
        loops = Loops(m=outputs, c=inputs)
        ops.append(Op(name, "linear", Unit.MATRIX, (data, weight), (name,), macs=loops.macs, loops=loops))
    if not ops:
        _wrong(path, 1, "the file has no layers")
    return Imported(Workload(path.stem, tensors, tuple(ops), ops[-1].outputs))


def _is_size(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 1 << 20


def _wrong(path: Path, line: int, message: str) -> None:
    raise InvalidFile("list of layers", str(path), [Problem(line, 1, message)])
''',
    "examples/layers.csv": """\
# A network for images of 28 x 28 pixels: name, inputs, outputs
hidden, 784, 100
classes, 100, 10
""",
    "tests/test_@part@.py": '''\
"""The workload of a file, and the messages for invalid ones."""

from pathlib import Path

import pytest

import simres
import @module@
from simres.errors import InvalidFile
from simres.testing import check_importer, check_plugin, registry_with
from @module@.reading import read

EXAMPLE = Path(__file__).parents[1] / "examples" / "layers.csv"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)
    registry = registry_with(@module@)
    check_importer(registry.importer("@part@"), EXAMPLE, registry=registry)


def test_the_example_can_be_simulated() -> None:
    workload = read([EXAMPLE]).workload
    assert workload.macs == 784 * 100 + 100 * 10
    assert simres.simulate(workload, chip="paper").makespan_ps > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a, 8, 4\\nb, 3, 2", "2:1  `b` reads 3 values, and `a` has 4"),
        ("a, 8", "1:1  must be a name and two sizes"),
        ("a, 8, 8\\na, 8, 8", "2:1  `a` is already the name"),
        ("# nothing", "the file has no layers"),
    ],
)
def test_an_error_is_reported_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(InvalidFile) as raised:
        read([path])
    assert said in str(raised.value)
''',
}
