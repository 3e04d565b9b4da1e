"""Settings of schedulers as simres 0.1 had them: understood, with a warning that says what to write."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from simres import api
from simres.errors import InvalidFile, RenamedWarning
from simres.plugins.registry import Registry
from simres.scenario.loader import from_document, load, resolved
from simres.scenario.model import Scenario

BUILT_IN = Registry(external=False)
DOCUMENT = {"workload": "resnet20", "chip": "paper"}
FUSED = "scheduler: `fused` is part of `overlapped` now; write `overlapped`, without `share` and `stack`; "
SHARE = (
    "scheduler.share: has no effect: costs decide how large tiles are; leave it out; "
    "from 0.3 on this is an error"
)


def of(scheduler: Any) -> Scenario:
    return from_document({**DOCUMENT, "scheduler": scheduler}, registry=BUILT_IN)


@pytest.mark.parametrize(
    "given",
    [
        "fused",
        {"name": "fused"},
        {"name": "fused", "share": 64, "stack": 8},
        {"name": "fused", "share": None},
    ],
    ids=str,
)
def test_fused_is_overlapped(given: Any) -> None:
    with pytest.warns(RenamedWarning, match=f"^{FUSED}") as warned:
        found = of(given)
    assert len(warned) == 1
    assert found == of("overlapped")


def test_share_of_overlapped_is_left_out() -> None:
    with pytest.warns(RenamedWarning, match=f"^{SHARE}") as warned:
        found = of({"name": "overlapped", "share": 32, "weights": "kept"})
    assert len(warned) == 1
    assert found == of({"name": "overlapped", "weights": "kept"})


def test_what_a_stored_result_says_without_having_been_told_is_no_matter() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert of({"name": "overlapped", "share": None, "weights": "streamed"}) == of("overlapped")
    assert "share" not in resolved(of("overlapped"))["scheduler"]


@pytest.mark.parametrize("key", ["stak", "stack"])
def test_other_keys_are_unknown_still(key: str) -> None:
    with pytest.raises(InvalidFile, match=f"scheduler.{key}: unknown key; known: weights"):
        of({"name": "overlapped", key: 8})


def test_a_misspelt_key_of_the_old_name_is_unknown_too() -> None:
    with (
        pytest.warns(RenamedWarning, match=FUSED),
        pytest.raises(InvalidFile, match=r"scheduler\.stak: unknown key; known: weights"),
    ):
        of({"name": "fused", "stak": 8})


def test_its_place_is_told(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("workload: resnet20\nchip: paper\nscheduler: fused\n")
    with pytest.warns(RenamedWarning, match=rf"old\.yaml:3: {FUSED}"):
        load(path, registry=BUILT_IN)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"scheduler": "fused"}, FUSED),
        ({"scheduler": "{name: fused, stack: 4}"}, FUSED),
        ({"scheduler": "overlapped", "scheduler.share": "64"}, SHARE),
    ],
)
def test_it_may_be_set(overrides: dict[str, str], said: str) -> None:
    with pytest.warns(RenamedWarning, match=f"^{said}"):
        found = api.find_scenario("resnet20", overrides=overrides, registry=BUILT_IN)
    assert found == api.find_scenario("resnet20", overrides={"scheduler": "overlapped"}, registry=BUILT_IN)


def test_a_tenant_may_have_it() -> None:
    tenants = {"a": {"workload": "resnet20", "scheduler": "fused"}, "b": {"workload": "resnet20"}}
    with pytest.warns(RenamedWarning, match=rf"^tenants\.a\.{FUSED}"):
        found = from_document({"tenants": tenants, "chip": "paper"}, registry=BUILT_IN)
    assert {name: tenant.scheduler for name, tenant in found.tenants.items()} == {
        "a": "overlapped",
        "b": "serial",
    }


def test_a_stored_result_that_has_it_runs_again(tmp_path: Path) -> None:
    overrides = {"scheduler": "overlapped"}
    path = api.simulate("resnet20", overrides=overrides, registry=BUILT_IN).save(tmp_path)
    document = json.loads(path.read_text())
    assert document["origin"]["scenario"]["scheduler"] == {"name": "overlapped", "weights": "streamed"}
    document["origin"]["scenario"]["scheduler"] = {"name": "fused", "share": None, "stack": 64}
    path.write_text(json.dumps(document))
    with pytest.warns(RenamedWarning, match=FUSED):
        before, again = api.rerun(path, registry=BUILT_IN)
    assert again.record == before.record
