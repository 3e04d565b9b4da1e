"""Joules: exact sums, prices by data type, defaults as their sources state them, and overrides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres.api
from simres.analysis.energy import energy
from simres.errors import SimresError
from simres.hardware.energy_costs import MAC_FJ, DataType, EnergyCosts, sram_byte_fj
from simres.program import Work
from simres.reporting.files.layer_csv import layer_csv
from simres.reporting.page import Page
from simres.reporting.tables.run_report import report
from simres.result.json import read_result
from simres.result.summary import summary
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.simulation.run import run_stream
from simres.testing import behaviours, paper_chip, workloads
from simres.units import ENERGY, POWER, format_energy, format_power
from simres.workload import BITS

INT8 = {"passes": ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues"]}


def test_defaults_are_the_sources():
    assert MAC_FJ["fp32"] == 3700 + 900
    assert MAC_FJ["int8"] == 200 + 100
    assert sram_byte_fj(10**6) == 12_500
    for capacity, stated_pj in ((32 * 1024, 20), (8 * 1024, 10)):  # for 64 bits
        assert sram_byte_fj(capacity) * 8 / 1000 == pytest.approx(stated_pj, rel=0.15)
    costs = paper_chip().engines["matrix"].energy_costs()
    assert costs.of(Work(macs=10), "fp32") == 46_000
    assert costs.of(Work(macs=10), "uint8") == costs.of(Work(macs=10), "int8") == 3_000
    assert EnergyCosts().of(Work(macs=5, nbytes=7, vector_ops=3)) == 0


def test_what_resnet20_takes_by_hand():
    result = simres.api.simulate("resnet20", overrides=INT8)
    spent = result.energy
    assert spent.dynamic_fj["ddr"] == 277032 * 160_000
    assert spent.dynamic_fj["matrix"] == 40551040 * 300
    assert spent.dynamic_fj["host"] == 278528 * 70_000
    assert not any(spent.static_fj.values())
    fp32 = simres.api.simulate("resnet20").energy
    assert fp32.dynamic_fj["matrix"] == 40551040 * 4_600
    assert fp32.dynamic_fj["sram"] > 3 * spent.dynamic_fj["sram"]


def test_a_small_network_on_chip_byte_by_byte(make_result):
    """Each load writes, each store reads, each task reads and writes its operands once."""
    result = simres.api.simulate("resnet20")
    each = sram_byte_fj(10**6)
    tensors = result.scheduled.tensors
    first = next(op for op in result.scheduled.ops if op.name == "relu")
    assert result.energy.layers_fj[2] == (
        first.vector_ops * 70_000 + each * (tensors["bn"].nbytes + tensors["relu"].nbytes)
    )
    loaded = tensors["conv.weight"].nbytes + tensors["x"].nbytes
    assert result.energy.layers_fj[0] == (
        loaded * (160_000 + 2 * each) + 442368 * 4_600 + each * tensors["conv"].nbytes
    )


@given(workloads(), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_layers_add_up_to_components(workload, makespan):
    chip = paper_chip()
    program = schedule(workload, chip, NoParameters())
    costs = {name: spec.energy_costs() for name, spec in chip.engines.items()}
    spent = energy(program, workload, costs, makespan)
    assert sum(spent.layers_fj) == sum(spent.dynamic_fj.values()) == spent.total_fj
    assert spent.dynamic_fj["ddr"] == 160_000 * (program.bytes_read + program.bytes_written)
    if makespan:
        assert spent.average_power_uw == spent.total_fj * 1000 // makespan


def test_every_launch_is_charged_and_being_on_once():
    """A stream of images: work as often as the Program was launched, static power for the whole run."""
    result = simres.api.simulate("resnet20", overrides={"hardware.host.static_power": "50 mW"})
    chip, once = paper_chip(), result.energy
    for times in (1, 3):
        starts = [(result.program, number * 10**8) for number in range(times)]
        record, _ = run_stream(starts, chip, behaviours(chip))
        stream = replace(result, record=record)
        spent = stream.energy
        assert spent.dynamic_fj == {name: times * fj for name, fj in once.dynamic_fj.items()}
        assert spent.layers_fj == tuple(times * fj for fj in once.layers_fj)
        assert spent.static_fj["host"] == 50 * record.makespan_ps
        assert spent.average_power_uw == spent.total_fj * 1000 // record.makespan_ps
        again = sum(row.nbytes for row in stream.evictions)
        assert again == (times - 1) * result.workload.weight_bytes  # which the schedule does not keep


def test_static_power_is_for_the_whole_run():
    before = simres.api.simulate("resnet20")
    after = simres.api.simulate("resnet20", overrides={"hardware.host.static_power": "50 mW"})
    assert after.makespan_ps == before.makespan_ps
    assert after.energy.static_fj["host"] == 50 * before.makespan_ps
    assert after.energy.total_fj == before.energy.total_fj + 50 * before.makespan_ps
    extra_uw = after.energy.average_power_uw - before.energy.average_power_uw
    assert extra_uw == pytest.approx(50_000, abs=1)


def test_a_scenario_states_its_own_prices():
    prices = {
        "hardware.ddr.energy_per_byte": "40 pJ",
        "hardware.sram.energy_per_byte": "0 pJ",
        "hardware.matrix.energy_per_mac": {"fp32": "1 pJ"},
        "hardware.host.energy_per_operation": "0.5 nJ",
    }
    spent = simres.api.simulate("resnet20", overrides=prices).energy
    assert spent.dynamic_fj == {
        "ddr": 1091216 * 40_000,
        "sram": 0,
        "matrix": 40551040 * 1_000,
        "host": 655370 * 500_000,
    }
    with pytest.raises(SimresError, match="fp33"):
        simres.api.simulate("resnet20", overrides={"hardware.matrix.energy_per_mac": {"fp33": "1 pJ"}})
    with pytest.raises(SimresError, match="needs a unit"):
        simres.api.simulate("resnet20", overrides={"hardware.ddr.energy_per_byte": 3})


def test_it_is_in_the_json_the_csv_and_the_report_and_comes_back(tmp_path):
    result = simres.api.simulate("resnet20", overrides=INT8)
    document = json.loads(result.to_json())
    assert document["energy"]["total_fj"] == result.energy.total_fj
    assert document["energy"]["energy_delay_js"] == pytest.approx(
        result.energy.total_fj * 1e-15 * result.makespan_ps * 1e-12
    )
    assert sum(layer["energy_fj"] for layer in document["layers"]) == document["energy"]["dynamic_fj"]
    assert summary(read_result(result.save(tmp_path))) == summary(result)
    before, again = simres.api.rerun(tmp_path)
    assert (again.record, again.energy) == (before.record, before.energy) == (result.record, result.energy)
    assert again.rewritten == before.rewritten == result.rewritten
    assert "energy_fj" in layer_csv(result).splitlines()[0]
    for width in (80, 120, 200):
        text = "\n".join(line.plain for line in report(result, Page(width, clip=True, whole=True)))
        assert f"Energy  {format_energy(result.energy.total_fj)}" in text
        assert "An estimate, not a bound" in text
        assert "Passes: fold_batch_norm, fold_bias, quantise_int8, fuse_epilogues." in text


def test_it_can_be_expected(tmp_path):
    path = tmp_path / "mine.yaml"
    lines = [
        "schema_version: 1",
        "workload: resnet20",
        "chip: paper",
        "expect: {energy.total: {value: 500 uJ, within: 50 %}, energy.average_power: 1 mW}",
    ]
    path.write_text("\n".join(lines))
    result = simres.api.simulate(path)
    assert [item.met for item in result.expectations] == [True, False]
    text = "\n".join(line.plain for line in report(result, Page(whole=True)))
    assert "500 uJ" in text
    assert "1 mW" in text


def test_units():
    assert ENERGY.parse("1.2 pJ") == 1200
    assert POWER.parse("50 mW") == 50_000
    assert ENERGY.parse("1 µJ") == 10**9
    assert (format_energy(0), format_power(0)) == ("0 J", "0 W")
    assert (format_energy(111_690_128_000), format_power(289_362)) == ("111.7 uJ", "289.4 mW")
    with pytest.raises(SimresError, match="whole number of femtojoules"):
        ENERGY.parse("0.3 fJ")
    with pytest.raises(SimresError, match="unit of power, not of energy"):
        ENERGY.parse("1 mW")
    with pytest.raises(SimresError, match="must not be negative"):
        POWER.parse("-1 mW")


@given(st.integers(0, 10**18))
def test_spelled_quantities_come_back(value):
    assert ENERGY.parse(ENERGY.spell(value)) == value
    assert POWER.parse(POWER.spell(min(value, 10**12))) == min(value, 10**12)


def test_data_types_are_those_of_workloads():
    like_fp32, like_fp16 = {"bool", "complex64", "complex128"}, {"fp8_e4m3", "fp8_e5m2", "fp8_e8m0"}
    assert set(get_args(DataType)) | like_fp32 | like_fp16 == set(BITS)
    costs = paper_chip().engines["matrix"].energy_costs()
    assert all(costs.of(Work(macs=1), dtype) for dtype in BITS)
    assert {costs.of(Work(macs=1), dtype) for dtype in like_fp16} == {costs.of(Work(macs=1), "fp16")}


def test_what_has_no_price_is_named(resnet20):
    chip = {name: replace(engine, energy=EnergyCosts()) for name, engine in resnet20.chip.items()}
    chip["host"] = resnet20.chip["host"]
    result = replace(resnet20, chip=chip)
    assert "The energy leaves out the DDR bus, the SRAM and the matrix unit" in "\n".join(
        line.plain for line in report(result, Page(200, whole=True))
    )
    assert "leaves out" not in "\n".join(line.plain for line in report(resnet20, Page(200)))
