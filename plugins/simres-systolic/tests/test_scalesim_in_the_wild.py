"""Topologies and configurations as people have them: headings decide, and what is left out is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simres_systolic import configuration, importing, topology

import simres
from simres.errors import InvalidFile
from simres.reporting.text.brief import ran as headline
from simres.workload import Loops

COLUMNS = {
    "IFMAP Height": 18,
    "IFMAP Width": 20,
    "Filter Height": 3,
    "Filter Width": 5,
    "Channels": 4,
    "Num Filter": 8,
    "Stride Height": 3,
    "Stride Width": 5,
    "Batch Size": 6,
}
LAYER = Loops(n=6, m=8, c=4, p=6, q=4, r=3, s=5)
HEADINGS = (
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
)
FIRST = "first, 18, 18, 3, 3, 4, 8, 1,"


def read(text: str) -> topology.Topology:
    return topology.read(text, "net.csv", "net")


@given(st.permutations(sorted(COLUMNS)), st.sampled_from([",", "\t", ";"]), st.booleans())
def test_columns_may_be_in_any_order(order: list[str], separator: str, closed: bool) -> None:
    end = separator if closed else ""
    headings = separator.join(["Layer", *order]) + end
    row = separator.join(["conv", *(str(COLUMNS[heading]) for heading in order)]) + end
    found = read(f"\ufeff{headings}\n{row}\n")
    (op,) = found.workload.ops
    assert op.loops == LAYER
    assert found.left_out == ()
    assert found.workload.images == 6


@given(st.permutations(["M", "N", "K", "Batch"]))
def test_a_product_s_columns_may_be_in_any_order(order: list[str]) -> None:
    figures = {"M": 5, "N": 7, "K": 11, "Batch": 2}
    row = ", ".join(str(figures[heading]) for heading in order)
    (op,) = read(f"Layer, {', '.join(order)},\nfc, {row},\n").workload.ops
    assert op.loops == Loops(n=10, m=7, c=11)


def test_a_ninth_column_is_what_its_heading_says() -> None:
    def row(heading: str) -> topology.Topology:
        return read(f"{HEADINGS} {heading},\nfirst, 18, 18, 3, 3, 4, 8, 1, 4,\n")

    assert row("Batch Size").workload.macs == 4 * 16 * 16 * 8 * 36
    assert row("Stride width").workload.macs == 16 * 4 * 8 * 36
    assert row("").workload.macs == 16 * 4 * 8 * 36  # as it was without a heading
    bases = row("bases")
    assert bases.workload.macs == 16 * 16 * 8 * 36
    assert bases.left_out == ("columns: `bases`",)


def test_a_batch_that_a_row_does_not_state_is_one_image() -> None:
    found = read(f"{HEADINGS} batch size,\n{FIRST}\nsecond, 18, 18, 3, 3, 4, 8, 1, 3,\n").workload
    assert [op.loops.n for op in found.ops if op.loops] == [1, 3]
    assert not found.batched


IN_BETWEEN = {
    ",,,,,,,": (),
    "": (),
    "\t": (),
    "  A title,": ("titles: `A title` in line 2",),
    "A title": ("titles: `A title` in line 2",),
    ",,a title,,": ("a layer needs a name",),
    "second, 18, 18, 3, 3, 1, 1, 1,#dw": ("remarks: `#dw` in line 2",),
    "second, 18, 18, 3, 3, 1, 1, 1, # dw, again": ("remarks: `# dw` in line 2",),
    "second, 18, 18, 3, 3, 1, 1, 1,depthwise": ("remarks: `depthwise` in line 2",),
    "second, 18, 18, 3, 3, 1, 1, 1, 2:4,": (
        "sparsities, as in SCALE-Sim without SparsitySupport: `2:4` in line 2",
    ),
    "second, 18, 18, 3, 3, 1, 1, 1, 4:4,": (),
    "second, 18, 18, 3, 3, 1, 1, 1,,,": (),
    "# a, remark, of, words": ("titles: `# a` in line 2",),
    '"second",18,"18",3,3,1,1,"1"': (),
    '"second, of two", 18, 18, 3, 3, 1, 1, 1, #dw': ("remarks: `#dw` in line 2",),
}


@pytest.mark.parametrize("line", IN_BETWEEN)
def test_rows_that_are_no_layers_and_remarks_are_left_out_with_a_word(line: str) -> None:
    said = IN_BETWEEN[line]
    text = f"{HEADINGS}\n{line}\n{FIRST}\n"
    if "name" in str(said):
        with pytest.raises(InvalidFile, match=said[0]):
            read(text)
        return
    found = read(text)
    assert found.left_out == said
    assert found.workload.macs == 16 * 16 * 8 * 36 + (16 * 16 * 9 if "second" in line else 0)


def test_a_title_may_stand_above_the_headings() -> None:
    found = read(f"My network,,,\n{HEADINGS}\n{FIRST}\n")
    assert found.workload.macs == 16 * 16 * 8 * 36
    assert found.left_out == ("titles: `My network` in line 1",)


def test_a_remark_may_stand_above_the_headings() -> None:
    found = read(f"# IFMAP, filters\n{HEADINGS}\n{FIRST}\n")
    assert found.workload.macs == 16 * 16 * 8 * 36
    assert found.left_out == ("titles: `# IFMAP` in line 1",)


@pytest.mark.parametrize("heading", ["N", "Batch", "batch_size", '"B"', "Images"])
def test_a_batch_by_any_name(heading: str) -> None:
    assert read(f"{HEADINGS} {heading},\n{FIRST} 4,\n").workload.macs == 4 * 16 * 16 * 8 * 36


def test_cells_may_be_quoted_and_errors_say_where_they_begin() -> None:
    quoted = ",".join(f'"{word.strip()}"' for word in HEADINGS.rstrip(",").split(","))
    text = f'{quoted}\n"a ""b"", c",18,"x",3,3,4,8,1\n'
    with pytest.raises(InvalidFile, match="2:18  the IFMAP width must be a whole number from 1, is `x`"):
        read(text)
    assert read(text.replace("x", "18")).workload.ops[0].name == 'a "b", c'


def test_headings_that_name_a_side_twice_leave_the_order_of_the_form() -> None:
    found = read(f"{HEADINGS.replace('IFMAP Height', 'IFMAP Width')}\na, 18, 20, 3, 5, 4, 8, 1,\n")
    assert found.workload.ops[0].loops == Loops(m=8, c=4, p=16, q=16, r=3, s=5)


def test_what_recurs_is_said_once() -> None:
    rows = "".join(f"layer{number}, 18, 18, 3, 3, 1, 1, 1,#dw\n" for number in range(5))
    assert read(f"{HEADINGS}\n{rows}").left_out == ("remarks: `#dw` in line 2, and 4 more",)


@given(
    st.lists(st.sampled_from([FIRST, ",,,", "title,", "x, 1, 1", "y, 9, 9, 3, 3, 1, 1, 1,#r"]), max_size=6)
)
def test_any_mixture_is_read_or_refused_by_name(rows: list[str]) -> None:
    layers = sum(row[0] in "fy" for row in rows)
    text = "\n".join([HEADINGS, *rows])
    if "x, 1, 1" in rows or not layers:
        with pytest.raises(InvalidFile, match="`x` has 2 figures" if "x, 1, 1" in rows else "no layer"):
            read(text)
    else:
        assert len(read(text).workload.ops) == layers


def test_a_product_takes_a_run_and_is_no_batch_of_images() -> None:
    workload = read("Layer, M, N, K,\nfirst, 1024, 512, 256,\n").workload
    assert workload.macs == 1024 * 512 * 256
    assert workload.images == 1
    result = simres.simulate(workload, chip="paper")
    assert headline(result).startswith("net, int8, on paper, schedule overlapped: ")


CONFIGURATION = """\
[general]
run_name = "old"

[architecture_presets]
ArrayHeight:    8
ArrayWidth:     4
IfmapSramSz:    16
FilterSramSz:   12
OfmapSramSz:    8
IfmapOffset:    0
Dataflow:       {dataflow}
"""


@pytest.mark.parametrize("dataflow", ["os", "OS", '"os"', "'Os'"])
def test_a_configuration_of_the_first_generation(dataflow: str) -> None:
    found = configuration.read(CONFIGURATION.format(dataflow=dataflow), "old.cfg")
    assert (found.rows, found.columns, found.buffers) == (8, 4, (16, 12, 8))
    assert found.capacity == 36
    assert found.dataflow == "os"
    assert found.bandwidth == 8 + 2 * 4  # it states none, so SCALE-Sim works it out


def test_a_buffer_that_is_wrong_or_missing_is_named_as_it_stands() -> None:
    wrong = CONFIGURATION.format(dataflow="os").replace("16", "many")
    with pytest.raises(InvalidFile, match=r"7:1 .*IfmapSramSz must be a whole number from 1, is `many`"):
        configuration.read(wrong, "old.cfg")
    missing = CONFIGURATION.format(dataflow="os").replace("OfmapSramSz:    8", "")
    with pytest.raises(InvalidFile, match="OfmapSramSzkB is missing"):
        configuration.read(missing, "old.cfg")


def test_what_is_left_out_reaches_who_imports(tmp_path: Path) -> None:
    path = tmp_path / "net.csv"
    path.write_text(f"{HEADINGS}\na title,\n{FIRST}#r\n")
    assert importing.read([path]).left_out == ("titles: `a title` in line 2", "remarks: `#r` in line 3")
