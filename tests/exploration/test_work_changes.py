"""What-ifs on work: which layers a pattern names, and what the command says."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from simres import api
from simres.errors import SimresError
from simres.exploration.work_changes import WorkChange, change_work, meets, work_change
from simres.program.tasks import Layer
from tests.traces.traces import US, imported, on_thread, written

LAYER = Layer("ResNet_0/layer4.0.conv1/conv2d/mkldnn_convolution", "conv2d", "ResNet_0/layer4.0.conv1")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("conv2d", True),
        ("CONV2D", True),
        ("*conv*", True),
        ("mkldnn_convolution", True),
        ("layer4", True),
        ("layer4.0", True),
        ("layer4.0.conv1", True),
        ("ResNet_0", True),
        ("resnet_0/layer4", True),
        ("layer4.*.conv1", True),
        ("layer", False),
        ("layer4.1", False),
        ("conv", False),
        ("0.layer4", False),
        ("", False),
    ],
)
def test_a_pattern_names_a_kind_a_layer_or_a_module(pattern, found):
    assert meets(pattern, LAYER) is found


def test_changes_by_themselves_and_together(tmp_path):
    result = imported(
        tmp_path,
        on_thread("aten::conv2d", 0, 10),
        on_thread("aten::batch_norm", 10, 4),
        on_thread("aten::relu", 14, 2),
    )
    found = change_work(result, [work_change("conv2d", "0.5"), work_change("batch_norm", "0")])
    assert [each.title for each in found.after] == [
        "conv2d x 0.5",
        "without batch_norm",
        "conv2d x 0.5, without batch_norm",
    ]
    assert [each.result.makespan_ps // US for each in found.after] == [11, 12, 7]
    assert [each.busy_ps // US for each in found.after] == [10, 4, 14]
    twice = change_work(result, [WorkChange("conv2d", Fraction(1, 2)), WorkChange("*", Fraction(1, 2))])
    assert twice.after[-1].result.makespan_ps == 5_500_000


def test_what_names_nothing_or_is_no_factor_is_said(tmp_path):
    result = imported(tmp_path, on_thread("aten::conv2d", 0, 10))
    with pytest.raises(SimresError, match="no kind, layer or module") as error:
        change_work(result, [work_change("pool", "0")])
    assert "conv2d" in str(error.value.hint)
    for factor in ("-1", "x", "nan", "inf", "1e9999", "1001"):
        with pytest.raises(SimresError, match="a factor is a number"):
            work_change("conv2d", factor)


@pytest.fixture
def run(tmp_path, monkeypatch, simres):
    """The command, in a folder with the result of a trace."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "t.json", [on_thread("aten::conv2d", 0, 10), on_thread("aten::batch_norm", 10, 4)])
    code, out, err = simres("import", "trace", "t.json", "-o", "run")
    assert (code, err) == (0, "")
    assert "simres explain run" in out
    return simres


def test_the_commands_take_a_trace_from_import_to_a_replayed_run(run):
    code, out, err = run("whatif", "run", "--without", "batch_norm", "-o", "less")
    assert (code, err) == (0, "")
    assert "Without batch_norm it takes 10 us: that saves 4 us, 28.6 %, 1.40x as fast." in " ".join(
        out.split()
    )
    assert api.load("less").makespan_ps == 10 * US
    for command in (
        ("explain", "less"),
        ("timeline", "less"),
        ("compare", "run", "less"),
        ("report", "less"),
    ):
        code, _, err = run(*command)
        assert (code, err) == (0, "")
    document = json.loads(run("whatif", "run", "--scale", "conv2d=0.5", "--json")[1])
    assert document["changes"][0]["makespan_ps"] == 9 * US
    assert document["changes"][0]["layers"] == ["conv2d"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("whatif", "run"), "is a finished run"),
        (("whatif", "run", "--scale", "conv2d"), "is not of the form --scale KIND=FACTOR"),
        (("whatif", "run", "--without", "relu"), "no kind, layer or module"),
        (("whatif", "run", "--without", "conv2d", "--target", "1 ms"), "--target applies to the resources"),
        (("whatif", "resnet20", "-o", "x"), "-o DIR is for a replayed run"),
        (("import", "trace", "t.json", "-o", "run"), "already there"),
        (("import", "trace", "t.json", "t.json", "-o", "x"), "a trace is one file, not 2"),
        (("import", "scalesim", "t.json", "--from", "1 us"), "--from and --to are for"),
        (("rerun", "run"), "trace of a real machine"),
    ],
)
def test_what_cannot_be_done_is_an_error_in_words(run, command, message):
    code, _, err = run(*command)
    assert code == 2
    assert message in " ".join(err.split())
