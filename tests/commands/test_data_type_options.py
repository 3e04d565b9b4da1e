"""`--int8`, `--fp16`, `--bf16` and `--batch N`, which every command that simulates takes."""

from __future__ import annotations

import json

import pytest

from simres.commands.options import Changed
from simres.errors import SimresError
from simres.plugins.registry import Registry

INT8 = "[fold_batch_norm, fold_bias, quantise_int8, fuse_epilogues]"


def test_they_are_the_passes_of_the_scenario(tmp_path):
    assert Changed(int8=True).overrides("resnet20") == {"passes": INT8}
    assert Changed(batch=4).overrides("stream") == {"passes": INT8.replace("]", ", batch_4]")}
    assert Changed(chip="edge-npu", bf16=True, batch=2).overrides("resnet18") == {
        "passes": INT8.replace("int8", "bf16").replace("]", ", batch_2]")
    }
    mine = tmp_path / "mine.yaml"
    mine.write_text("tenants: {a: {workload: resnet20, passes: [fold_bias]}, b: {workload: resnet20}}\n")
    assert Changed(batch=2, settings=["seed=1"]).overrides(str(mine)) == {
        "seed": "1",
        "passes": "[batch_2]",
        "tenants.a.passes": "[fold_bias, batch_2]",
    }


@pytest.mark.parametrize(
    ("changed", "message", "hint"),
    [
        (
            Changed(int8=True, bf16=True),
            "--int8 and --bf16: a network runs in one data type",
            "leave --bf16 out",
        ),
        (
            Changed(int8=True, settings=["passes=[]"]),
            "`--set passes` and --int8 both say which passes run",
            "leave --int8 out",
        ),
        (
            Changed(batch=2, settings=["tenants.a.passes=[]"]),
            "`--set tenants.a.passes` and --batch both say which passes run",
            "leave --batch out",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(changed, message, hint):
    with pytest.raises(SimresError) as raised:
        changed.overrides("two-tenants")
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_a_finished_run_is_not_changed(simres, tmp_path):
    simres("simulate", "paper", "-o", tmp_path)
    code, out, err = simres("explain", tmp_path, "--int8")
    assert (code, out) == (2, "")
    assert err == (
        f"error: `{tmp_path}` is a finished run, and --int8 goes with a scenario\n\n"
        "hint: `simres rerun` repeats the run unchanged; to change something, name its scenario\n"
    )


@pytest.mark.parametrize(
    "command",
    ["simulate", "explain", "ladder", "roofline", "schedule", "whatif", "compare"],
)
def test_a_command_takes_them(simres, command):
    code, out, err = simres(command, "resnet20", "--int8", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)


@pytest.mark.parametrize("command", ["report", "view", "sweep", "explore", "saturate"])
def test_a_command_offers_them(simres, command):
    _, out, _ = simres(command, "--help")
    assert all(option in out for option in ("--int8", "--fp16", "--bf16", "--batch N"))


def test_compare_holds_a_scenario_against_what_they_make_of_it(simres):
    code, out, _ = simres("compare", "resnet20", "--int8")
    assert code == 0
    assert "B is 851.9 us faster than A, 3.21x." in out


def test_quantize_is_another_spelling():
    registry = Registry(external=False)
    assert registry.pass_("quantize_int8") is registry.pass_("quantise_int8")
