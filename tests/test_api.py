"""From a scenario to an answer through the public API: the paper to the picosecond, the network explained."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simres
from simres import api
from simres.api import find_workload
from simres.errors import AnswerIsNo, SimresError
from simres.program import TaskKind
from simres.program.record import Cause
from simres.scenario import shipped

PAPER_PS = {"ddr": 5_557_844_000, "matrix": 324_403_200, "host": 16_220_160_000}
"""The sheet's totals: `paper-sheet.md`, recomputed from its 19 rows in docs/paper.md."""


def test_the_sheet_is_reproduced_to_the_picosecond():
    result = simres.simulate("paper")
    assert result.makespan_ps == 22_102_407_200 == sum(PAPER_PS.values())
    assert {name: result.record.engines[name].working_ps for name in PAPER_PS} == PAPER_PS
    assert len(result.layers) == 19
    assert result.met
    assert len(result.expectations) == 5


def test_with_a_binary_megabyte_the_five_spills_vanish():
    decimal = simres.simulate("paper")
    binary = simres.simulate("paper", overrides={"hardware.sram.capacity": "1 MiB"})
    assert decimal.program.bytes_read - binary.program.bytes_read == 5 * 1024 * 1024
    assert binary.makespan_ps == decimal.makespan_ps - 5 * 1024 * 1024 * 1000
    assert not binary.expectations, "expect: is for the unchanged scenario"


def test_every_microsecond_of_resnet20_is_explained():
    """Compulsory bytes, multiply-accumulates and vector operations, one after the other, and nothing else."""
    result = simres.simulate("resnet20")
    workload = result.workload
    # Weights of convolutions and classifier, batch norms as scale and shift, the classifier's bias, the
    # image and the logits.
    assert workload.compulsory_bytes == 1_073_344 + 2 * 4 * 688 + 40 + 12_288 + 40
    assert workload.macs == 40_551_040
    assert workload.vector_ops == 376_832 + 188_416 + 86_016 + 4_096 + 10
    assert result.makespan_ps == (
        workload.compulsory_bytes * 1000 + 2 * workload.macs + workload.vector_ops * 100
    )
    assert abs(result.makespan_ps / 1.235e9 - 1) < 0.01
    for engine in result.record.engines.values():
        assert engine.accounted_ps == result.makespan_ps


def test_folding_batch_norm_gives_the_designs_bytes_and_host_time():
    result = simres.simulate("resnet20", overrides={"passes": "[fold_batch_norm]"})
    assert result.program.bytes_read + result.program.bytes_written == 1_088_464
    assert result.record.engines["host"].working_ps == (188_416 + 86_016 + 4_096 + 10) * 100
    assert result.bounds.engines["ddr"] == 1_088_464_000


def test_resnet18_counts_are_the_designs():
    workload = find_workload("torchvision:resnet18")
    conv_fc = sum(
        workload.tensors[op.inputs[1]].nbytes for op in workload.ops if op.kind in {"conv", "linear"}
    )
    by_kind: dict[str, int] = {}
    for op in workload.ops:
        by_kind[op.kind] = by_kind.get(op.kind, 0) + op.vector_ops
    assert (workload.macs, conv_fc, workload.parameters) == (1_814_073_344, 46_715_648, 11_689_512)
    pools = by_kind["max_pool"] + by_kind["avg_pool"]
    assert (by_kind["batch_norm"], by_kind["relu"], by_kind["add"], pools) == (
        4_967_424,
        2_308_096,
        752_640,
        1_831_424,
    )


def test_what_does_not_fit_is_cut_into_tiles():
    """64 KiB are less than the first convolution's tensors; it takes more bytes, not another network."""
    whole, tiled = (
        simres.simulate("resnet20", overrides={"hardware.sram.capacity": capacity})
        for capacity in ("1 MiB", "64 KiB")
    )
    assert tiled.record.memories["sram"].peak <= 65536
    assert tiled.program.bytes_read > whole.program.bytes_read
    assert sum(task.work.macs for task in tiled.program.tasks) == 40_551_040


def test_what_does_not_fit_at_all_says_what_would_do():
    with pytest.raises(AnswerIsNo, match=r"does not fit: .* short by") as caught:
        simres.simulate("resnet20", overrides={"hardware.sram.capacity": "64 B"})
    least = caught.value.hint.split('"')[1]
    assert int(least.removesuffix(" B")) > 64


def test_any_number_of_each_component():
    """A second, faster matrix unit gets all the work of a serial schedule; the bound shares it out."""
    result = simres.simulate("resnet20", overrides={"hardware.turbo": '{kind: matrix, rate: "3 TFLOP/s"}'})
    engines = result.record.engines
    assert engines["matrix"].tasks == 0
    assert engines["turbo"].tasks == 20
    assert result.bounds.engines["matrix+turbo"] == -(-2 * 40_551_040 // 4)


def test_latency_and_bursts_are_paid():
    plain = simres.simulate("resnet20")
    slow = simres.simulate("resnet20", overrides={"hardware.ddr.latency": "100 ns"})
    transfers = sum(task.kind in (TaskKind.LOAD, TaskKind.STORE) for task in plain.program.tasks)
    assert slow.makespan_ps - plain.makespan_ps == transfers * 100_000
    assert slow.record.engines["ddr"].waiting_ps[Cause.LATENCY] == transfers * 100_000


def test_a_result_survives_its_file_and_runs_again(tmp_path):
    for name in ("paper", "resnet20"):
        result = simres.simulate(name)
        path = result.save(tmp_path / name)
        loaded = simres.load(tmp_path / name)
        assert loaded.to_document() == result.to_document()
        assert loaded.record == result.record
        before, again = simres.rerun(path)
        assert again.record == before.record == result.record


def test_the_same_scenario_twice_gives_the_same_document():
    assert simres.simulate("resnet20").to_json() == simres.simulate("resnet20").to_json()


def test_the_json_form_has_its_public_keys():
    document = json.loads(simres.simulate("resnet20").to_json())
    assert document["schema_version"] == 1
    assert document["makespan_ps"] == 1_237_855_080
    for engine in document["engines"].values():
        assert {"data", "bus", "space", "latency"} <= set(engine["waiting_ps"])
        total = engine["busy_ps"] + sum(engine["waiting_ps"].values()) + engine["idle_ps"]
        assert total == document["makespan_ps"]
    assert {"name", "kind", "start_ps", "end_ps"} <= set(document["layers"][0])
    assert document["traffic_bytes"] == {"read": 1_091_176, "write": 40}
    assert set(document["bounds_ps"]) == {"ddr", "matrix", "host", "dependency", "makespan"}
    assert set(document["origin"]) == {"chip", "scenario", "workload_digest", "versions", "seed"}


def test_a_network_on_a_preset_needs_no_file():
    result = simres.simulate("torchvision:resnet50", chip="tpu-like")
    assert result.name == "torchvision:resnet50 on tpu-like"
    assert result.workload.macs == 4_089_184_256


@pytest.mark.parametrize("call", [simres.simulate, api.schedule])
def test_a_workload_is_no_name(call):
    with pytest.raises(SimresError, match=r"must be a Workload, .* got `resnet18`") as error:
        call("resnet20", workload="resnet18")
    assert "chip=" in error.value.hint


def test_a_traced_workload_on_a_chip():
    workload = find_workload("resnet18")
    made, named = (simres.simulate(given, chip="edge-npu") for given in (workload, "resnet18"))
    assert made.name == f"{workload.name} on edge-npu"
    assert made.makespan_ps == named.makespan_ps
    assert made.record == named.record
    assert api.schedule(workload, chip="edge-npu").program == made.program


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (["workload"], {}, "is no scenario"),
        (["workload"], {"chip": "paper", "workload": "workload"}, "is no scenario"),
        ([object()], {}, "not a object"),
        ([None], {}, "not a NoneType"),
        (["resnet20"], {"overrides": "hardware.ddr.bandwidth=4 GB/s"}, "`overrides` must be a mapping"),
        (["resnet20"], {"record": "ful"}, "unknown level `ful` of `record`; known: full, aggregate, none"),
    ],
)
def test_wrong_arguments_are_told_plainly(arguments, options, said):
    workload = find_workload("resnet20")
    put = {"workload": workload}
    arguments = [put.get(one, one) if isinstance(one, str) else one for one in arguments]
    options = {key: workload if key == "workload" else value for key, value in options.items()}
    with pytest.raises(SimresError, match=said):
        simres.simulate(*arguments, **options)


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("resnet2", "did you mean `resnet20`?"),
        ("Papr", "did you mean `paper`?"),
        ("resnet18", "for a network, name a chip too: `resnet18 --chip paper`"),
        ("resnet34", "for a network, name a chip too"),
    ],
)
def test_a_name_that_is_none_says_what_may_have_been_meant(named, hint):
    for find in (api.find_scenario, api.find_result):
        with pytest.raises(SimresError, match=f"no scenario `{named}`") as error:
            find(named)
        assert error.value.hint.startswith(hint)
    assert "no folder with a result by that name" in error.value.message


def test_a_folder_to_start_from_is_no_finished_run(tmp_path):
    (tmp_path / "scenario.yaml").touch()
    with pytest.raises(SimresError, match="is a folder, not a scenario file") as error:
        api.find_result(tmp_path)
    assert "scenario.yaml" in error.value.hint


def test_a_ledger_and_a_graph_are_not_mixed_up():
    with pytest.raises(SimresError, match=r"takes a graph, and `.*` is a ledger"):
        simres.simulate("paper", overrides={"scheduler": "serial"})
    with pytest.raises(SimresError, match=r"takes a ledger, and `.*` is a graph"):
        simres.simulate("resnet20", overrides={"scheduler": "paper"})
    with pytest.raises(SimresError, match="needs a traced network"):
        simres.simulate("paper", overrides={"passes": "[fold_batch_norm]"})


def test_a_chip_without_a_host_is_an_error_that_says_so(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "workload: resnet20\n"
        "hardware:\n"
        "  ddr: {kind: ddr, bandwidth: 1 GB/s}\n"
        "  sram: {kind: sram, capacity: 1 MB}\n"
        "  matrix: {kind: matrix, rate: 1 TFLOP/s}\n"
    )
    with pytest.raises(SimresError, match="no host component"):
        simres.simulate(file)


def test_a_missed_expectation_is_a_result_that_says_so(tmp_path):
    text = shipped.scenario("paper").read_text()
    file = tmp_path / "mine.yaml"
    file.write_text(
        text.replace("22102407200 ps", "22102407201 ps").replace(
            "workloads/paper.json", str(shipped.workload("paper"))
        )
    )
    result = simres.simulate(file)
    assert [item.path for item in result.expectations if not item.met] == ["makespan"]


def mutated(draw, text: str) -> str:
    """`text` with a few characters, words or lines changed, dropped or doubled."""
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["character", "value", "line", "double"]))
        lines = text.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        if kind == "character":
            place = draw(st.integers(0, max(0, len(text) - 1)))
            text = text[:place] + draw(st.text(max_size=2)) + text[place + 1 :]
            continue
        if kind == "value" and ":" in lines[at]:
            value = draw(
                st.sampled_from(
                    [
                        "0",
                        "-1",
                        "1e30 GB/s",
                        "1e-9 B",
                        "null",
                        "[]",
                        "{}",
                        "yes",
                        "1 B",
                        "9 EB",
                        "1 ps",
                        "&a x",
                    ]
                )
                | st.text(max_size=8)
            )
            lines[at] = lines[at].split(":")[0] + ": " + value
        elif kind == "line":
            del lines[at]
        else:
            lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
        text = "\n".join(lines)
    return text


def check_mutations(draw, folder) -> None:
    name = draw(st.sampled_from(sorted(shipped.scenarios())))
    path = shipped.scenario(name)
    file = folder / "mutated.yaml"
    text = mutated(draw, path.read_text().replace("workloads/", f"{path.parent}/workloads/"))
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        makespan = simres.simulate(file).makespan_ps
    except SimresError as error:
        said = (error.message, error.exit_code)
        assert said[0]
        assert said[1] in (1, 2)
    else:
        assert makespan >= 0


relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@settings(relaxed, max_examples=150)
@given(st.data())
def test_mutated_scenarios_answer_or_explain(tmp_path, data):
    check_mutations(data.draw, tmp_path)


@pytest.mark.exhaustive
@settings(relaxed, max_examples=2000)
@given(st.data())
def test_two_thousand_mutated_scenarios_answer_or_explain(tmp_path, data):
    check_mutations(data.draw, tmp_path)


def test_a_result_shows_itself_in_one_line():
    assert repr(simres.simulate("paper")) == "<Result paper: 22.10 ms, 19 layers>"
