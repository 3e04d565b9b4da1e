"""The ladder: every rung worked out, the paper's sheet corrected into the traced network's own time."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from simres import api
from simres.exploration.ladder import as_ledger, ladder
from simres.exploration.paper_sheet import PRINTED_MACS, PRINTED_TRANSFERS_NS
from simres.plugins.registry import Registry
from simres.workload import Ledger, Row, Unit, to_document


@pytest.fixture(scope="module")
def registry():
    return Registry(external=False)


def climbed(name, registry, **named):
    scenario = api.find_scenario(name, registry=registry, **named)
    return ladder(scenario, api.find_workloads(scenario, registry=registry), registry)


@pytest.fixture(scope="module")
def story(registry):
    return climbed("paper", registry)


@pytest.fixture(scope="module")
def rungs(registry):
    return {rung.name: rung for rung in climbed("resnet20", registry).rungs}


def test_the_story_goes_from_the_sheets_total_to_the_traced_network(story):
    took = {rung.name: rung.makespan_ps for rung in story.rungs}
    assert next(iter(took.values())) == 22102407200
    assert took["input maps"] == took["a typing error"] - 5 * 1048576 * 1000
    assert (
        took["overlapped events"]
        == api.simulate("resnet20", overrides={"scheduler": "overlapped"}).makespan_ps
    )
    assert story.rungs[0].bottleneck == "host"
    assert story.rungs[-1].bottleneck == "ddr"


def test_corrected_the_sheet_is_the_serial_run(story):
    """All mistakes undone, adding up is what a run without overlap does; rounding is up, once a task."""
    took = {rung.name: rung.makespan_ps for rung in story.rungs}
    program = api.schedule("resnet20").program
    assert 0 <= took["serial events"] - took["what is missing"] <= len(program.tasks)


def test_each_correction_is_worth_what_the_figures_say(story, registry):
    """A byte takes 1000 ps, an operation of the matrix unit 1, one of the host 100."""
    worth = {rung.name: rung.makespan_ps - before.makespan_ps for before, rung in pairwise(story.rungs)}
    network = api.find_workload("resnet20")
    convolutions = [op for op in network.ops if op.kind == "conv"]
    macs = sum(op.macs for op in convolutions)
    assert worth["printed columns"] == 0
    assert worth["a typing error"] == -5 * 9 * 100 * 1000
    assert worth["multiply-accumulates"] == -(162201600 - macs) * (2 + 100)
    own = sum(op.vector_ops for op in network.ops if op.kind in ("batch_norm", "relu", "add", "avg_pool"))
    assert worth["the host's work"] == -(macs - own) * 100
    weights = sum(network.tensors[op.inputs[1]].nbytes for op in convolutions)
    assert worth["four bytes per weight"] == (weights - 310464) * 1000


def test_the_printed_cells_do_not_make_the_printed_sums():
    assert (len(PRINTED_TRANSFERS_NS), len(PRINTED_MACS)) == (21, 20)
    assert sum(PRINTED_MACS) == 176357376
    assert sum(PRINTED_TRANSFERS_NS) != 5557844


def test_with_the_other_unit_the_spills_were_never_there(registry):
    story = climbed("paper", registry, overrides={"hardware.sram.capacity": "1 MiB"})
    took = {rung.name: rung.makespan_ps for rung in story.rungs}
    assert took["the sheet"] == 22102407200 - 5 * 1048576 * 1000
    assert took["input maps"] == took["a typing error"]


def test_the_rungs_of_a_network_are_in_their_order(rungs):
    assert list(rungs) == [
        "spreadsheet rule",
        "roofline",
        "perfect overlap per layer",
        "serial events",
        "overlapped events",
    ]


def test_no_schedule_beats_the_roofline_and_overlap_within_layers_gains_on_serial(rungs):
    took = {name: rung.makespan_ps for name, rung in rungs.items()}
    assert took["roofline"] <= took["perfect overlap per layer"] <= took["serial events"]
    assert took["roofline"] <= took["overlapped events"] <= took["serial events"]


def test_rungs_are_what_the_commands_say(rungs):
    serial = api.simulate("resnet20")
    overlapped = api.simulate("resnet20", overrides={"scheduler": "overlapped"})
    assert rungs["serial events"].makespan_ps == serial.makespan_ps
    assert rungs["overlapped events"].makespan_ps == overlapped.makespan_ps
    assert rungs["roofline"].makespan_ps == max(serial.bounds.engines.values())
    (roofline,) = [one.ps for one in serial.references if one.name == "roofline"]
    assert abs(rungs["perfect overlap per layer"].makespan_ps - roofline) <= len(serial.layers)


def test_the_spreadsheet_rule_of_a_network():
    network = api.find_workload("resnet20")
    ledger = as_ledger(network)
    assert ledger.macs == ledger.vector_ops == network.macs
    assert len(ledger.rows) == sum(op.unit is Unit.MATRIX for op in network.ops)
    assert (
        sum(row.coefficient_bytes for row in ledger.rows) == 268336
    )  # of the design's table, at a byte each


def test_the_scenarios_own_scheduler_is_a_rung(registry):
    from simres.plugins.registry import Provider
    from tests.planning.test_plan import Plugin

    found = Registry(external=False)
    found._add(Plugin(), Provider("bad", "simres-bad", "1.0"))
    ladder = climbed("resnet20", found, overrides={"scheduler": "modest"})
    assert ladder.rungs[-1].name == "modest events"


def test_passes_count(registry, rungs):
    folded = climbed("resnet20", registry, overrides={"passes": "[fold_batch_norm]"})
    assert folded.rungs[-2].makespan_ps < rungs["serial events"].makespan_ps


@pytest.mark.parametrize(("name", "said"), [("two-tenants", "tenants"), ("other.yaml", "is a ledger")])
def test_without_one_network_there_is_no_ladder(simres, tmp_path, name, said):
    ledger = Ledger("other", (Row("a", 1, 1, 1, 1, 1),))
    (tmp_path / "other.json").write_text(json.dumps(to_document(ledger)))
    (tmp_path / "other.yaml").write_text("workload: other.json\nchip: paper\nscheduler: paper\n")
    code, out, err = simres("ladder", name if name == "two-tenants" else str(tmp_path / name))
    assert (code, out) == (2, "")
    assert said in err
    assert "simres ladder NETWORK --chip CHIP" in err


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize(("name", "rungs"), [("paper", 12), ("resnet20", 5), ("pipeline", 5)])
def test_a_line_a_rung_within_the_width(simres, monkeypatch, columns, name, rungs):
    monkeypatch.setenv("COLUMNS", columns)
    code, out, err = simres("ladder", name)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= int(columns)
    lines = out.splitlines()[5:]
    assert len(lines) == 2 * rungs  # each and its words
    assert all(line.startswith("  ") for line in lines[1::2])


def test_the_headline_is_where_it_begins_and_ends(simres):
    _, out, _ = simres("ladder", "paper")
    assert out.splitlines()[0] == "paper: 22.10 ms by the sheet, 1.091 ms as overlapped events."


def test_the_json_has_all_of_it(simres):
    code, out, _ = simres("ladder", "paper", "--json")
    document = json.loads(out)
    assert (code, document["schema_version"], document["network"]) == (0, 1, "cifar:resnet20")
    first, *rest = document["rungs"]
    assert (
        first["makespan_ps"]
        == first["parts_ps"]["ddr"] + first["parts_ps"]["matrix"] + first["parts_ps"]["host"]
    )
    assert sum(one["worth_ps"] for one in rest) == rest[-1]["makespan_ps"] - first["makespan_ps"]
