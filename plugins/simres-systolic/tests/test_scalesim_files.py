"""SCALE-Sim's files: read as it reads them, refused with line and column, and imported as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import simres_systolic
from hypothesis import example, given
from hypothesis import strategies as st
from simres_systolic import configuration, importing, topology
from simres_systolic.shapes import scalesim_shapes

import simres
from simres.errors import InvalidFile, SimresError
from simres.testing import check_importer, registry_with
from simres.workload import Loops, Workload
from simres.workload.json import dumps, loads

HEADINGS = (
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
)
LAYERS = f"""{HEADINGS}
conv1, 34, 34, 3, 3, 3, 16, 1,

strided, 14, 15, 3, 5, 6, 20, 2,
DP, 10, 10, 3, 3, 4, 2, 2, 1:1,
both, 9, 9, 3, 3, 1, 1, 2, 3
conv1, 4, 4, 4, 4, 1, 1, 1,
"""
PRODUCTS = "Layer, M, N, K,\nfc, 5, 10, 64,\n"
CONFIGURATION = """
[general]
run_name = mine

[architecture_presets]
ArrayHeight:    16
ArrayWidth:     8
IfmapSramSzkB:   64
FilterSramSzkB:  32
OfmapSramSzkB:   16
Dataflow : is
Bandwidth : 20

[run_presets]
InterfaceBandwidth: USER
"""


def read(text: str) -> Workload:
    return topology.workload(text, "net.csv", "net")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from simres.commands import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    csv, cfg = tmp_path / "net.csv", tmp_path / "scale.cfg"
    csv.write_text(LAYERS)
    cfg.write_text(CONFIGURATION)
    return csv, cfg


def test_layers_have_the_shapes_of_a_network() -> None:
    ops = read(LAYERS).ops
    assert [op.name for op in ops] == ["conv1", "strided", "DP", "both", "conv1_2"]
    assert [op.loops for op in ops] == [
        Loops(m=16, c=3, p=32, q=32, r=3, s=3),
        Loops(m=20, c=6, p=6, q=6, r=3, s=5),
        Loops(groups=4, m=2, p=4, q=4, r=3, s=3),
        Loops(p=4, q=3, r=3, s=3),
        Loops(r=4, s=4),
    ]
    (product,) = read(PRODUCTS).ops
    assert product.loops == Loops(n=5, m=10, c=64)


def test_scalesim_counts_one_more_where_the_stride_leaves_a_remainder() -> None:
    marked = [op.attributes.get("scalesim_output") for op in scalesim_shapes(read(LAYERS)).ops]
    # 14 rows hold windows of 3 at 0, 2, ... 10 and leave one over; 15 columns hold 5 at 0 ... 10 exactly.
    assert marked == [None, (7, 6), (5, 5), None, None]


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 7))
def test_a_remainder_is_all_that_makes_a_difference(kernel: int, more: int, stride: int) -> None:
    size = kernel + more
    text = f"{HEADINGS}\nlayer,{size},{size},{kernel},{kernel},1,1,{stride},"
    (op,) = scalesim_shapes(read(text)).ops
    assert op.loops is not None
    assert ("scalesim_output" in op.attributes) == bool(more % stride)
    rows, _ = op.attributes.get("scalesim_output", (op.loops.p, 0))  # type: ignore[misc]
    assert rows == -(-(size - kernel + stride) // stride)


def test_a_topology_is_a_workload_that_survives_its_file() -> None:
    found = read(LAYERS)
    assert loads(dumps(found)) == found
    # No window reaches the last row of `strided` (15 columns, 6 channels), nor the last row and column of the
    # 10 x 10 pixels of `DP` (4 channels).
    unread = 15 * 6 + 19 * 4
    assert (
        found.bytes_in == sum(tensor.elements for tensor in found.tensors.values()) - found.bytes_out - unread
    )
    assert found.bytes_out == 16 * 32 * 32 + 20 * 6 * 6 + 8 * 4 * 4 + 12 + 1


BAD_TOPOLOGIES = {
    "": (0, 0, "it has no layer"),
    HEADINGS: (0, 0, "it has no layer"),
    "conv1, 34, 34, 3, 3, 3, 16, 1,": (1, 1, "must have the headings"),
    f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, 16,": (2, 1, "`conv1` has 6 figures after its name"),
    f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, 16, 1, 1, 1,": (2, 1, "has 9 figures"),
    f"{HEADINGS}\n\n , 34, 34, 3, 3, 3, 16, 1,": (3, 1, "a layer needs a name"),
    f"{HEADINGS}\nconv1, 34, x, 3, 3, 3, 16, 1,": (2, 12, "the IFMAP width must be a whole number from 1"),
    f"{HEADINGS}\nconv1, 34, , 3, 3, 3, 16, 1,": (2, 12, "is missing"),
    f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, 16, 0,": (
        2,
        29,
        "the stride must be a whole number from 1, is `0`",
    ),
    f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, 16, -1,": (2, 29, "is `-1`"),
    f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, 1.5, 1,": (2, 25, "is `1.5`"),
    f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, {9**99}, 1,": (2, 25, "must be a whole number from 1"),
    f"{HEADINGS}\nconv1, 34, 2, 3, 3, 3, 16, 1,": (
        2,
        18,
        "the filter width 3 is more than the IFMAP width 2",
    ),
    f"{LAYERS}fc, 5, 10, 64,": (8, 1, "`fc` is a matrix product, and line 2 has a convolution"),
    PRODUCTS.replace("64", "-"): (2, 12, "the K must be a whole number from 1, is `-`"),
}


@pytest.mark.parametrize("text", BAD_TOPOLOGIES, ids=range(len(BAD_TOPOLOGIES)))
def test_a_bad_topology_is_refused_with_its_place(text: str) -> None:
    line, column, message = BAD_TOPOLOGIES[text]
    with pytest.raises(InvalidFile, match=r"Invalid topology `net\.csv`") as error:
        read(text)
    (problem,) = error.value.problems
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_every_bad_line_is_named_at_once() -> None:
    with pytest.raises(InvalidFile) as error:
        read(f"{HEADINGS}\na,1,1,1,1,1,1,x,\nb,1,1,1,1,1,1,1,\nc,0,1,1,1,1,1,1,\n")
    assert [problem.line for problem in error.value.problems] == [2, 4]


@example("0,1,:,1")  # a ratio where a product's figure belongs
@given(st.text(alphabet="aD,:\n 019-.\x00é", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(f"{HEADINGS}\n{text}")
    except InvalidFile:
        return
    assert found.ops


def test_a_configuration_says_what_the_chip_has() -> None:
    found = configuration.read(CONFIGURATION, "scale.cfg")
    assert (found.rows, found.columns, found.dataflow.value) == (16, 8, "is")
    assert (found.capacity, found.bandwidth) == (112, 20)
    calculated = configuration.read(CONFIGURATION.replace("USER", "CALC"), "scale.cfg")
    assert calculated.bandwidth == 16 + 2 * 8


BAD_CONFIGURATIONS = {
    "": ("", 0, "[architecture_presets] ArrayHeight is missing"),
    "ArrayHeight: 3": ("", 1, "must begin with a [section]"),
    "nonsense": ("[general]\nnonsense\n", 2, "is no `Key = value`"),
    "twice": (CONFIGURATION.replace("ArrayWidth:", "arrayheight:"), 7, "`arrayheight` stands twice"),
    "text": (CONFIGURATION.replace("16", "many", 1), 6, "must be a whole number from 1, is `many`"),
    "nothing": (CONFIGURATION.replace(" 32", "", 1), 9, "FilterSramSzkB must be a whole number from 1"),
    "dataflow": (CONFIGURATION.replace(": is", ": rs"), 11, "Dataflow must be one of ws, os, is, is `rs`"),
    "bandwidth": (CONFIGURATION.replace(": 20", ": fast"), 12, "Bandwidth must be whole numbers from 1"),
    "no bandwidth": (CONFIGURATION.replace("Bandwidth : 20", ""), 0, "Bandwidth is missing"),
    "mode": (CONFIGURATION.replace("USER", "BOTH"), 15, "InterfaceBandwidth must be USER or CALC"),
    "sparse": (CONFIGURATION + "[sparsity]\nSparsitySupport: True\n", 17, "sparse layers are not modelled"),
    "sections": (CONFIGURATION + "[general]\n", 16, "section [general] stands twice"),
}


@pytest.mark.parametrize("what", BAD_CONFIGURATIONS)
def test_a_bad_configuration_is_refused_with_its_line(what: str) -> None:
    text, line, message = BAD_CONFIGURATIONS[what]
    with pytest.raises(InvalidFile, match=r"Invalid SCALE-Sim configuration `scale\.cfg`") as error:
        configuration.read(text or what, "scale.cfg")
    assert (error.value.problems[0].line) == line
    assert message in error.value.problems[0].message


@pytest.mark.parametrize("names", [[], ["a.cfg"], ["a.csv", "b.csv"], ["a.csv", "a.cfg", "b.cfg"], ["a.txt"]])
def test_other_files_are_refused(names: list[str]) -> None:
    with pytest.raises(SimresError) as error:
        importing.read([Path(name) for name in names])
    assert error.value.hint == importing.USAGE


def test_import_writes_a_workload_and_a_scenario_that_runs(files: tuple[Path, Path], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    done = run("import", "scalesim", *files, "-o", mine)
    assert done.returncode == 0, done.stderr
    result = simres.simulate(mine / "net.yaml")
    assert (result.chip["matrix"].kind, len(result.workload.ops)) == ("array", 5)  # type: ignore[union-attr]
    whole = simres.simulate(mine / "net.yaml", overrides={"scheduler": "serial"})
    assert whole.makespan_ps >= result.makespan_ps
    again = run("import", "scalesim", *files, "-o", mine)
    assert again.returncode == 2
    assert "already there" in again.stderr


def test_the_importer_keeps_its_contract(files: tuple[Path, Path]) -> None:
    registry = registry_with(simres_systolic)
    check_importer(registry.importer("scalesim"), *files, registry=registry)


def test_a_topology_alone_is_a_workload_for_any_chip(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert run("import", "scalesim", files[0], "-o", tmp_path).returncode == 0
    assert not (tmp_path / "net.yaml").exists()
    assert simres.simulate(tmp_path / "net.json", chip="paper").makespan_ps > 0


def test_nothing_is_written_of_a_bad_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    files[0].write_text(f"{HEADINGS}\nconv1, 34, 34, 3, 3, 3, many, 1,")
    done = run("import", "scalesim", *files, "-o", tmp_path / "mine")
    assert done.returncode == 2
    assert "2:25  the filters must be a whole number from 1, is `many`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("figure", ["9" * 5000, "2147483648", "²", "1e3"])
def test_figures_that_are_none_are_named(figure: str) -> None:
    with pytest.raises(InvalidFile, match=r"2:3.*the M must be a whole number from 1"):
        topology.workload(f"Layer, M, N, K\nx,{figure}, 1, 1\n", "x.csv", "x")


def test_no_more_mistakes_are_listed_than_anybody_reads() -> None:
    with pytest.raises(InvalidFile, match="and 980 more") as raised:
        topology.workload("Layer, M, N, K\n" + "x, 0, 1, 1\n" * 1000, "x.csv", "x")
    assert len(raised.value.problems) == 21


def test_huge_files_are_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"x\n" * (1 << 20))
    with pytest.raises(SimresError, match="too large for a topology"):
        importing.read([tmp_path / "x.csv"])
