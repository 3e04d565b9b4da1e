"""The JSON Schemas are current, say what the loader says, and fit everything that is shipped."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from simres.commands.init import starter
from simres.commands.session import Session
from simres.errors import SimresError
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.scenario.loader import from_document, load, resolved
from simres.scenario.schema import FILES, chip_schema, scenario_schema, text

BUILT_IN = Registry(external=False)
SCENARIO = scenario_schema(BUILT_IN)
CHIP = chip_schema(BUILT_IN)


def fits(document, schema=SCENARIO):
    return jsonschema.Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize(("form", "schema"), [("scenario", SCENARIO), ("chip", CHIP)])
def test_the_files_are_current(form, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    path = shipped.root() / FILES[form]
    wish = f"simres --no-plugins schema {form} -o {path}"
    assert path.read_text() == text(schema), f"write it again: {wish}"


@pytest.mark.parametrize("path", shipped.scenarios().values(), ids=lambda path: path.stem)
def test_shipped_scenarios_fit(path):
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), SCENARIO)
    jsonschema.validate(
        resolved(load(path, registry=BUILT_IN)) | {"hardware": {"x": {"kind": "sram", "capacity": "1 B"}}},
        SCENARIO,
    )


@pytest.mark.parametrize("path", shipped.chips().values(), ids=lambda path: path.stem)
def test_shipped_chips_fit(path):
    assert path.read_text().startswith("# yaml-language-server: $schema=../chip.schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), CHIP)


def test_the_starter_fits():
    for chip in (None, "edge-npu"):
        written = starter(Session(plugins=False), "mine", Path("scenario.yaml"), chip, "resnet20")
        jsonschema.validate(yaml.safe_load(written), SCENARIO)


GOOD = {
    "workload": "resnet20",
    "hardware": {"ddr": {"kind": "ddr", "bandwidth": "1 GB/s"}, "sram": {"kind": "sram", "capacity": "1 MB"}},
}


def changed(trail, value):
    document = copy.deepcopy(GOOD)
    at = document
    for part in trail[:-1]:
        at = at.setdefault(part, {})
    at[trail[-1]] = value
    return document


@pytest.mark.parametrize(
    ("trail", "value"),
    [
        (("seed",), 3),
        (("passes",), ["fold_batch_norm"]),
        (("scheduler",), "paper"),
        (("scheduler",), {"name": "serial"}),
        (("expect",), {"makespan": "1 us", "a.b": 3, "c": {"value": "1 B", "within": "1 %"}}),
        (("hardware", "ddr", "latency"), "5 µs"),
        (("hardware", "ddr", "bandwidth"), "19.2GB/s"),
        (("hardware", "sram", "port_bandwidth"), None),
        (("hardware", "m"), {"kind": "matrix", "rate": "960 MMAC/s"}),
    ],
)
def test_both_take(trail, value):
    document = changed(trail, value)
    assert fits(document)
    from_document(document, registry=BUILT_IN)


@pytest.mark.parametrize(
    ("trail", "value"),
    [
        (("seeds",), 3),
        (("seed",), -1),
        (("seed",), "x"),
        (("workload",), 3),
        (("passes",), ["fold"]),
        (("passes",), "fold_batch_norm"),
        (("scheduler",), "seriel"),
        (("scheduler",), {"name": "serial", "x": 1}),
        (("scheduler",), {}),
        (("expect",), {"makespan": "1 parsec"}),
        (("expect",), {"makespan": {"value": 1, "within": 1}}),
        (("expect",), {"makespan": {"within": "1 %"}}),
        (("hardware",), {}),
        (("hardware", "Ddr"), {"kind": "sram", "capacity": "1 MB"}),
        (("hardware", "ddr"), {"kind": "ddr"}),
        (("hardware", "ddr"), {"bandwidth": "1 GB/s"}),
        (("hardware", "ddr", "kind"), "hbm"),
        (("hardware", "ddr", "bandwidth"), 5),
        (("hardware", "ddr", "bandwidth"), "5"),
        (("hardware", "ddr", "bandwidth"), "1 GBps"),
        (("hardware", "ddr", "bandwidth"), "1 GB"),
        (("hardware", "ddr", "bandwith"), "1 GB/s"),
    ],
)
def test_both_refuse(trail, value):
    document = changed(trail, value)
    assert not fits(document)
    with pytest.raises(SimresError):
        from_document(document, registry=BUILT_IN)


def test_beside_a_chip_parts_of_components_do():
    document = {"workload": "resnet20", "chip": "paper", "hardware": {"sram": {"capacity": "2 MB"}}}
    assert fits(document)
    assert not fits({key: value for key, value in document.items() if key != "chip"})
    assert not fits(document | {"hardware": {"sram": {"kind": "sram", "capasity": "2 MB"}}})


def test_editors_see_what_each_key_means():
    ddr = SCENARIO["$defs"]["ddr"]["properties"]
    assert ddr["bandwidth"]["description"].startswith("Peak rate")
    assert ddr["burst"]["default"] == "64 B"
    for properties in (
        SCENARIO["properties"],
        CHIP["properties"],
        *(SCENARIO["$defs"][k]["properties"] for k in BUILT_IN.components()),
    ):
        assert all(entry.get("description") for entry in properties.values())
    assert '"title": "Bandwidth"' not in json.dumps(SCENARIO)
