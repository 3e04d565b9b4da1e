"""What comes with simres is found by name, from anywhere, and works."""

from __future__ import annotations

import pytest

from simres.errors import SimresError
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.scenario.loader import load, load_chip, resolved
from simres.workload import json as workload_json

BUILT_IN = Registry(external=False)


@pytest.mark.parametrize("name", shipped.scenarios())
def test_scenarios_load_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(name, registry=BUILT_IN) == load(shipped.scenario(name), registry=BUILT_IN)
    assert shipped.description(shipped.scenario(name))


@pytest.mark.parametrize("name", shipped.scenarios())
def test_a_copy_of_a_scenario_is_as_good(name, tmp_path):
    ours = shipped.scenario(name)
    copy = tmp_path / ours.name
    copy.write_bytes(ours.read_bytes())
    assert resolved(load(copy, registry=BUILT_IN)) == resolved(load(ours, registry=BUILT_IN))


@pytest.mark.parametrize("name", shipped.chips())
def test_chips_load_and_say_where_they_are_from(name):
    chip = load_chip(name, registry=BUILT_IN)
    assert chip.description
    assert chip.source


@pytest.mark.parametrize("name", shipped.workloads())
def test_workloads_load_and_know_their_name(name):
    path = shipped.workload(name)
    assert workload_json.read(path)
    assert shipped.name_of(path) == name
    assert "MACs" in shipped.description(path)


def test_the_networks_and_chips_of_the_pages_are_there():
    assert {"paper", "resnet20"} <= shipped.scenarios().keys()
    assert {"paper", "edge-npu", "tpu-like", "mcu"} <= shipped.chips().keys()
    assert {"paper", "resnet20"} <= shipped.workloads().keys()


@pytest.mark.parametrize("find", [shipped.scenario, shipped.chip, shipped.workload])
def test_an_unknown_name_is_told_what_there_is(find):
    with pytest.raises(SimresError, match=r"there are .*paper") as error:
        find("papr")
    assert error.value.hint == "did you mean `paper`?"


def test_a_file_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.find_scenario("paper") == shipped.scenario("paper")
    (tmp_path / "paper").touch()
    assert str(shipped.find_scenario("paper")) == "paper"
    assert str(shipped.find_scenario("./mine")) == "mine"
    assert str(shipped.find_scenario("mine.yaml")) == "mine.yaml"


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "", "..", "é\udcff"])
def test_odd_names_are_refused_or_paths(name):
    try:
        assert shipped.find_scenario(name)
    except SimresError as refused:
        error = refused
        assert "no file and no shipped scenario" in error.message


def test_a_workload_elsewhere_has_no_shipped_name(tmp_path):
    path = tmp_path / "resnet20.json"
    path.touch()
    assert shipped.name_of(path) is None
    assert shipped.name_of(shipped.root() / "paper.yaml") is None


def test_an_installation_without_them_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "simres" / "scenario" / "shipped.py"))
    shipped.root.cache_clear()
    try:
        with pytest.raises(SimresError, match="missing"):
            shipped.root()
        folder = tmp_path / "simres" / "shipped"
        (folder / "chips").mkdir(parents=True)
        assert shipped.root() == folder
    finally:
        shipped.root.cache_clear()


def test_a_checkpoint_says_what_it_is():
    (path,) = shipped.checkpoints().values()
    assert shipped.find_checkpoint("resnet20") == path
    assert shipped.description(path).startswith("resnet20 trained for 24 epochs, 88.22 % right")


@pytest.mark.torch
def test_a_shipped_checkpoint_is_traced_without_a_data_set(tmp_path):
    import simres.api

    found = simres.api.find_workload(shipped.find_checkpoint("resnet20"))
    assert found.macs == 40_551_040
    assert found.accuracy == pytest.approx(0.8822)


@pytest.mark.torch
def test_the_shipped_workload_was_measured_with_the_shipped_checkpoint():
    import simres.api

    traced = simres.api.find_workload(shipped.find_checkpoint("resnet20"))
    committed = simres.api.find_workload("resnet20")
    stale = "measure it again: CONTRIBUTING.md says how"
    assert (committed.accuracy, committed.weight_digest) == (traced.accuracy, traced.weight_digest), stale
    assert committed.unmeasured.digest == traced.unmeasured.digest, stale
    for name, tensor in committed.tensors.items():
        biased = [op.kind for op in committed.consumers[name]] == ["bias"]  # both are one in the network
        if tensor.role != "activation" or biased:
            assert (tensor.density, tensor.deviation) == (None, None), name
            continue
        assert 0 < tensor.density <= 1, name
        assert tensor.deviation > 0, name
        if committed.producer[name].kind == "relu":
            assert tensor.density < 1, name
