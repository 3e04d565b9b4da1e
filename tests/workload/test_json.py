"""The JSON form: what is written is read again, and whatever else is read is refused with a reason."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres.errors import InvalidFile, SimresError
from simres.workload import BITS, Ledger, Loops, Op, Role, Row, Tensor, Unit, Window, Workload
from simres.workload import json as workload_json

SHIPPED = Path(__file__).parents[2] / "scenarios" / "workloads"

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6)
KINDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6)  # printable
COUNTS = st.integers(0, 10**6)
SHAPES = st.lists(st.integers(1, 9), max_size=3).map(tuple)
ATTRIBUTES = st.dictionaries(
    NAMES,
    st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.lists(st.integers(-9, 9), max_size=3).map(tuple),
    max_size=3,
)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """A chain of operators of every unit, with weights, views and several inputs."""
    count = draw(st.integers(1, 6))
    names = draw(st.lists(NAMES, min_size=3 * count + 1, max_size=3 * count + 1, unique=True))
    images = draw(st.integers(1, 9))
    shape = draw(st.just(()) | st.lists(st.integers(1, 9), max_size=3).map(lambda rest: (images, *rest)))
    dtype = draw(st.sampled_from(sorted(BITS)))
    tensors = {names[0]: Tensor(names[0], Role.INPUT, shape, dtype)}
    ops = []
    last = names[0]
    for index in range(count):
        own, weight, op_name = names[3 * index + 1 : 3 * index + 4]
        unit = draw(st.sampled_from(list(Unit)))
        view = last if unit is Unit.VIEW else None
        density = draw(st.none() | st.floats(0, 1))
        tensors[own] = Tensor(own, Role.ACTIVATION, shape, dtype, view, density)
        tensors[weight] = Tensor(weight, Role.WEIGHT, draw(SHAPES))
        loops = draw(st.builds(Loops, *[st.integers(0, 9)] * 8)) if unit is Unit.MATRIX else None
        window = draw(st.none() | st.just(Window((3, 3), (2, 2), (1, 1, 0, 0))))
        ops.append(
            Op(
                op_name,
                draw(KINDS),
                unit,
                (last, weight),
                (own,),
                macs=loops.macs if loops else 0,
                vector_ops=draw(COUNTS),
                loops=loops,
                window=window,
                attributes=draw(ATTRIBUTES),
                block=draw(NAMES),
            )
        )
        last = own
    return Workload(
        draw(NAMES),
        tensors,
        tuple(ops),
        (last,),
        parameters=draw(COUNTS),
        accuracy=draw(st.none() | st.floats(0, 1)),
        warnings=tuple(draw(st.lists(NAMES, max_size=2))),
        origin=draw(st.dictionaries(NAMES, NAMES, max_size=2)),
    )


@given(workloads())
def test_a_workload_is_read_as_it_was_written(workload: Workload) -> None:
    read = workload_json.loads(workload_json.dumps(workload))
    assert read == workload
    assert read.digest == workload.digest
    assert list(read.tensors) == list(workload.tensors)


@given(st.lists(st.builds(Row, NAMES, *[COUNTS] * 5), min_size=1, max_size=5, unique_by=lambda row: row.name))
def test_a_ledger_is_read_as_it_was_written(rows: list[Row]) -> None:
    ledger = Ledger("l", tuple(rows), warnings=("w",), origin={"a": "b"})
    assert workload_json.loads(workload_json.dumps(ledger)) == ledger


def test_files_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger("l", (Row("r", 1, 2, 3, 4, 5),))
    path = tmp_path / "l.json"
    workload_json.write(ledger, path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(SimresError, match="No space left"):
        workload_json.write(Ledger("l", (Row("r", 9, 9, 9, 9, 9),)), path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["l.json"]


def test_one_tensor_and_one_operator_a_line() -> None:
    text = (SHIPPED / "resnet20.json").read_text()
    workload = workload_json.loads(text)
    assert isinstance(workload, Workload)
    assert workload_json.dumps(workload) == text
    assert sum(line.startswith("  {") for line in text.splitlines()) == len(workload.tensors) + len(
        workload.ops
    )


def document() -> dict[str, Any]:
    found = json.loads((SHIPPED / "resnet20.json").read_text())
    assert isinstance(found, dict)
    return found


def op(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in found["ops"] if item["name"] == name)


def tensor(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in found["tensors"] if item["name"] == name)


WRONG = {
    "no op of that name": (
        lambda d: d["ops"][3].update(inputs=["nowhere"]),
        r"ops\[3\].inputs\[0\]: no tensor `nowhere`",
    ),
    "name taken": (lambda d: d["ops"][3].update(name="conv"), r"ops\[3\].name: `conv` is empty or taken"),
    "tensor twice": (lambda d: d["tensors"].append(d["tensors"][0]), r"tensors\[\d+\].name: `x` is taken"),
    "out of order": (
        lambda d: d["ops"].insert(9, d["ops"].pop(0)),
        r"ops\[0\].inputs\[0\]: `conv` is made only later",
    ),
    "two producers": (lambda d: op(d, "fc").update(outputs=["pool"]), "`pool` is made already, by `pool`"),
    "no producer": (lambda d: d["ops"].pop(5), "an activation that no operator makes"),
    "makes a weight": (
        lambda d: op(d, "fc").update(outputs=["fc.weight"]),
        "`fc.weight` is an? weight, which no",
    ),
    "no macs": (lambda d: op(d, "fc").update(macs=641), r"\.macs: 641, but its loops make 640"),
    "negative": (lambda d: op(d, "bn").update(vector_ops=-1), "vector_ops: must not be negative, is -1"),
    "absurd": (lambda d: op(d, "bn").update(vector_ops=2**63), "vector_ops: must be at most"),
    "fraction": (
        lambda d: op(d, "bn").update(vector_ops=1.5),
        r"ops\[1\].vector_ops: must be a valid integer, is `1.5`",
    ),
    "text for a number": (lambda d: op(d, "bn").update(vector_ops="9"), "must be a valid integer"),
    "unit": (lambda d: op(d, "bn").update(unit="gpu"), "ops.*unit: must be 'matrix', 'host', 'move'"),
    "role": (lambda d: tensor(d, "x").update(role="guest"), r"tensors\[0\].role: must be"),
    "dtype": (
        lambda d: tensor(d, "x").update(dtype="fp31"),
        r"tensors\[0\] \(`x`\).dtype: unknown `fp31`; known: fp64",
    ),
    "huge": (lambda d: tensor(d, "x").update(shape=[2**40, 2**40]), "more than 2\\^62 bytes"),
    "negative shape": (lambda d: tensor(d, "x").update(shape=[-1, 3]), "shape: must not be negative"),
    "density": (lambda d: tensor(d, "conv").update(density=1.5), "density: must be from 0 to 1, is 1.5"),
    "view of itself": (lambda d: tensor(d, "reshape").update(view_of="reshape"), "is a view of itself"),
    "view of nothing": (lambda d: tensor(d, "reshape").update(view_of="gone"), "view_of: no tensor `gone`"),
    "view too large": (lambda d: tensor(d, "reshape").update(shape=[1, 65]), "more elements than `pool`"),
    "no view": (lambda d: tensor(d, "reshape").pop("view_of"), "must be a view exactly if"),
    "unknown field": (lambda d: op(d, "bn").update(colour=1), r"ops\[1\].colour: unknown field"),
    "missing field": (lambda d: op(d, "bn").pop("inputs"), r"ops\[1\].inputs: "),
    "attribute": (
        lambda d: op(d, "bn").update(attributes={"a": [1, "b"]}),
        "attributes.a: must be a number, a text",
    ),
    "window": (lambda d: op(d, "conv")["window"].update(kernel=[0, 3]), "window.kernel: must be at least 1"),
    "loops": (lambda d: op(d, "conv")["loops"].update(m=-16), "loops.m: must not be negative"),
    "huge loops": (
        lambda d: op(d, "conv")["loops"].update(m=10**4000, c=10**4000),
        "loops: counts must be at most",
    ),
    "too many weights": (
        lambda d: tensor(d, "conv.weight").update(shape=[16000, 3, 3, 3]),
        r"ops\[0\].loops: use 432 weights, and `conv.weight` has 432000",
    ),
    "no image": (
        lambda d: d["tensors"][0]["shape"].__setitem__(0, 0),
        "shape: an input without a single image",
    ),
    "odd kind": (
        lambda d: d["ops"][0].update(kind="a\0"),
        r"ops\[0\] \(`.*`\)\.kind: must be of|ops\[0\]\.kind",
    ),
    "no output": (lambda d: d.update(outputs=[]), "outputs: must name at least one"),
    "wrong output": (lambda d: d.update(outputs=["gone"]), r"outputs\[0\]: no tensor `gone`"),
    "form": (lambda d: d.update(form="tree"), "form: must be `graph` or `ledger`, is `tree`"),
    "no version": (
        lambda d: d.pop("schema_version"),
        "schema_version: must be a number from 1, it is missing",
    ),
    "version": (lambda d: d.update(schema_version=True), "schema_version: must be a number from 1, is true"),
    "long form": (lambda d: d.update(form="x" * 10**6), r"form: must be `graph` or `ledger`, is `x+\.\.\.`"),
    "endless tensors": (
        lambda d: d.update(tensors=[{}] * 150_001),
        "tensors: has 150001 entries, at most 150000",
    ),
    "tensors no list": (lambda d: d.update(tensors=3), "tensors: "),
    "tensor no object": (lambda d: d["tensors"].insert(0, 3), r"tensors\[0\]: "),
    "infinite": (lambda d: d.update(accuracy=float("1e999")), "not a JSON number|must be a finite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named_with_its_place(name: str) -> None:
    change, expected = WRONG[name]
    found = document()
    change(found)
    with pytest.raises(InvalidFile, match=expected) as raised:
        workload_json.loads(json.dumps(found), "net.json")
    assert "net.json" in raised.value.message
    assert raised.value.exit_code == 2


def test_a_newer_file_is_refused_with_a_reason() -> None:
    with pytest.raises(
        InvalidFile, match=r"written by a newer version of simres \(schema 2, this one reads up to 1\)"
    ) as raised:
        workload_json.from_document(document() | {"schema_version": 2, "ops": "something new"})
    assert raised.value.hint is not None
    assert "upgrade" in raised.value.hint


def test_cycles_of_views_end() -> None:
    found = document()
    tensor(found, "layers.3.shortcut.slice")["view_of"] = "layers.3.shortcut.slice_2"
    with pytest.raises(InvalidFile, match="is a view of itself"):
        workload_json.from_document(found)


TEXTS = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n ", "it is empty"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff", "not UTF-8|no text"),
    "zeros": (b"\0" * 100, "not JSON"),
    "broken": (b'{"schema_version": 1,\n "form": }', "2:10  not JSON"),
    "twice": (
        b'{"schema_version": 1,\n "form": "graph", "name": "a", "name": "b"}',
        "the key `name` is twice",
    ),
    "nan": (b'{"schema_version": 1,\n "accuracy": NaN}', "2:14  `NaN` is not a JSON number"),
    "list": (b"[]", "must be an object, is a list"),
    "null": (b"null", "must be an object"),
    "deep": (b"[" * 100_000, "too deep"),
    "deep inside": (
        b'{"schema_version":1,"form":"graph","name":' + b"[" * 900 + b"]" * 900 + b"}",
        "too deep",
    ),
    "long number": (b'{"schema_version": ' + b"9" * 5000 + b"}", "digits|newer"),
    "lone surrogate": (b'{"schema_version":1,"form":"ledger","name":"\\ud800","rows":[]}', "."),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_workload_is_refused(name: str, tmp_path: Path) -> None:
    data, expected = TEXTS[name]
    path = tmp_path / "net.json"
    path.write_bytes(data)
    with pytest.raises(SimresError, match=expected) as raised:
        workload_json.read(path)
    assert "net.json" in raised.value.message


def test_missing_files_folders_and_unreadable_ones(tmp_path: Path) -> None:
    with pytest.raises(SimresError) as raised:
        workload_json.read(tmp_path / "none.json")
    assert raised.value.hint is not None
    assert "simres trace" in raised.value.hint
    with pytest.raises(SimresError):
        workload_json.read(tmp_path)
    with pytest.raises(SimresError):
        workload_json.read(tmp_path / "a\0b")
    with pytest.raises(SimresError):
        workload_json.write(Ledger("l", (Row("r", 1, 2, 3, 4, 5),)), tmp_path)
    if os.geteuid() != 0:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(SimresError):
            workload_json.write(Ledger("l", (Row("r", 1, 2, 3, 4, 5),)), tmp_path / "l.json")


VALUES = [
    None,
    True,
    -1,
    0,
    1.5,
    1e308,
    2**70,
    "",
    "x",
    "conv",
    [],
    [1],
    ["x"],
    {},
    {"a": 1},
    [[1, 2]],
    -(2**70),
]


def mutate(value: Any, random: random.Random) -> Any:
    """`value` with one thing somewhere inside replaced, removed, repeated or added."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(sorted(value))
        found = dict(value)
        match random.randrange(8):
            case 0:
                del found[key]
            case 1:
                found[random.choice(["x", "name", "view_of", "loops", "density"])] = random.choice(VALUES)
            case _:
                found[key] = mutate(value[key], random)
        return found
    if isinstance(value, list) and value and random.random() < 0.9:
        index = random.randrange(len(value))
        found = list(value)
        match random.randrange(8):
            case 0:
                del found[index]
            case 1:
                found.insert(index, copy.deepcopy(random.choice(value)))
            case 2:
                random.shuffle(found)
            case _:
                found[index] = mutate(value[index], random)
        return found
    return random.choice(VALUES)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["resnet20", "paper"]), st.randoms(use_true_random=False), st.integers(1, 3))
def test_no_change_to_a_file_makes_a_traceback(name: str, random: random.Random, times: int) -> None:
    found: Any = json.loads((SHIPPED / f"{name}.json").read_text())
    for _ in range(times):
        found = mutate(found, random)
    try:
        read = workload_json.loads(json.dumps(found))
    except SimresError:
        return
    # what is accepted can be used
    assert workload_json.loads(workload_json.dumps(read)) == read
    assert read.digest
    if isinstance(read, Workload):
        assert read.compulsory_bytes >= 0
        assert read.producer.keys() == {name for op in read.ops for name in op.outputs}
        assert all(read.storage(name) in read.tensors for name in read.tensors)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.binary(max_size=3))
def test_no_damage_to_the_bytes_makes_a_traceback(at: int, inserted: bytes) -> None:
    text = (SHIPPED / "paper.json").read_bytes()
    at %= len(text)
    damaged = text[:at] + inserted + text[at + 1 :]
    with contextlib.suppress(SimresError):
        workload_json.loads(damaged.decode("utf-8", "replace"))


def test_reading_needs_no_torch_and_is_fast() -> None:
    code = (
        "import sys, time; from simres import workload_json as j; "
        f"j.read({str(SHIPPED / 'paper.json')!r}); j.read({str(SHIPPED / 'resnet20.json')!r}); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    workload_json.read(SHIPPED / "resnet20.json")
    best = min(_timed(SHIPPED / "resnet20.json") for _ in range(5))
    assert best < 0.05


def _timed(path: Path) -> float:
    started = time.process_time()
    workload_json.read(path)
    return time.process_time() - started


def test_the_ledger_of_the_paper_makes_its_totals() -> None:
    ledger = workload_json.read(SHIPPED / "paper.json")
    assert isinstance(ledger, Ledger)
    assert len(ledger.rows) == 19
    assert sum(row.coefficient_bytes for row in ledger.rows) == 314_964
    assert ledger.macs == ledger.vector_ops == 162_201_600
    moved = sum(row.coefficient_bytes + row.ifmap_bytes * (row.ifmap_bytes > 10**6) for row in ledger.rows)
    assert moved == 5_557_844


def test_of_many_keys_the_one_that_stands_twice_is_named() -> None:
    keys = ", ".join(f'"k{number}": 0' for number in range(100_000))
    with pytest.raises(InvalidFile, match="the key `k49999` is twice"):
        workload_json.loads(f'{{{keys}, "k49999": 1}}')


def test_a_file_that_is_not_there_is_not_traced_again(tmp_path):
    with pytest.raises(SimresError, match="no such workload") as error:
        workload_json.read(tmp_path / "mine.json")
    assert "examples" in error.value.hint
    (tmp_path / "mine.json").touch()
    with pytest.raises(SimresError) as error:
        workload_json.read(tmp_path / "mine.json")
    assert "again" in error.value.hint
