"""What a result stores as it is: a field that is declared is written, and read back."""

from __future__ import annotations

from dataclasses import fields, replace

import simres
from simres.analysis.breakdown import LayerTotals
from simres.result.data import EngineDescription, StoredRun, StoredTenancy, as_stored


def test_every_stored_field_of_a_run_is_written_and_read_back(resnet20, tmp_path):
    result = replace(resnet20, warnings=("one", "two"), capacity_per_ks=7, repeats=1)
    assert {own.name for own in fields(StoredRun)} <= result.to_document().keys()
    loaded = simres.load(result.save(tmp_path))
    assert as_stored(StoredRun, loaded) == as_stored(StoredRun, result)


def test_and_of_a_tenant(tmp_path):
    result = simres.simulate("two-tenants")
    written = result.to_document()["tenants"]
    loaded = simres.load(result.save(tmp_path))
    for name, tenant in result.tenants.items():
        stored = as_stored(StoredTenancy, tenant)
        assert stored.keys() <= written[name].keys()
        assert as_stored(StoredTenancy, loaded.tenants[name]) == stored


def test_layers_and_engines_have_all_that_is_known_of_them(resnet20):
    document = resnet20.to_document()
    assert {own.name for own in fields(LayerTotals)} <= document["layers"][0].keys()
    assert {own.name for own in fields(EngineDescription)} <= document["engines"]["ddr"].keys()
    assert document["layers"][0]["busy_ps"] == dict(resnet20.layers[0].busy_ps)
