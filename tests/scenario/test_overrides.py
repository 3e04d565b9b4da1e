"""What a scenario takes from a chip, and what is set from outside."""

from __future__ import annotations

import pytest

from simres.errors import InvalidFile, SimresError
from simres.plugins.registry import Registry
from simres.scenario.loader import from_document, load, load_chip

BUILT_IN = Registry(external=False)

GOOD = """\
name: mine
workload: resnet20
hardware:
  ddr: {kind: ddr, bandwidth: 1 GB/s}
  sram: {kind: sram, capacity: 1 MB}
  matrix: {kind: matrix, rate: 1 TFLOP/s}
  host: {kind: host, rate: 10 GFLOP/s}
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


class TestChips:
    def test_a_preset_alone(self, write):
        scenario = load(write("workload: resnet20\nchip: paper\n"), registry=BUILT_IN)
        assert scenario.hardware == load("paper", registry=BUILT_IN).hardware

    def test_a_preset_and_what_differs(self, write):
        text = "workload: resnet20\nchip: paper\nhardware:\n  sram: {capacity: 2 MB}\n"
        text += "  npu: {kind: matrix, rate: 1 GOP/s}\n  host: {kind: matrix, rate: 1 GOP/s}\n"
        hardware = load(write(text), registry=BUILT_IN).hardware
        assert list(hardware) == ["ddr", "sram", "matrix", "host", "npu"]
        assert hardware["sram"].capacity == 2_000_000
        assert hardware["host"].kind == "matrix"

    def test_a_file_of_ones_own(self, write):
        write("hardware:\n  ddr: {kind: ddr, bandwidth: 3 GB/s}\n", "chip.yaml")
        scenario = load(write("workload: resnet20\nchip: chip.yaml\n"), registry=BUILT_IN)
        assert scenario.hardware["ddr"].bandwidth == 3 * 10**9

    def test_a_wrong_file_is_named(self, write):
        write("hardware:\n  ddr: {kind: ddr}\n", "chip.yaml")
        with pytest.raises(
            InvalidFile, match=r"Invalid chip `.*chip\.yaml`\n  2:8  hardware\.ddr: `bandwidth`"
        ):
            load(write("workload: resnet20\nchip: chip.yaml\n"), registry=BUILT_IN)

    @pytest.mark.parametrize("text", ["hardware: {}\n", "description: x\n", "workload: x\nhardware: {}\n"])
    def test_what_is_no_chip(self, write, text):
        with pytest.raises(InvalidFile, match="Invalid chip"):
            load_chip(write(text), registry=BUILT_IN)

    @pytest.mark.parametrize("key", ["workload: resnet20", "tenants: {}"])
    def test_a_scenario_is_no_chip_and_says_what_to_do_with_it(self, write, key):
        text = GOOD.replace("workload: resnet20", key)
        with pytest.raises(InvalidFile, match=r"\n  2:1  \w+: this is a scenario") as error:
            load_chip(write(text), registry=BUILT_IN)
        assert len(error.value.problems) == 1
        assert "--set workload=NETWORK" in error.value.hint

    def test_what_differs_is_checked_in_the_scenario(self, write):
        text = (
            "workload: resnet20\nchip: paper\nhardware:\n  sram: {capacity: 0 MB}\n  new: {rate: 1 GOP/s}\n"
        )
        with pytest.raises(InvalidFile) as error:
            load(write(text), registry=BUILT_IN)
        assert [(p.line, p.column) for p in error.value.problems] == [(4, 20), (5, 8)]


class TestOverrides:
    def test_values_of_all_sorts(self, write):
        path = write(GOOD + "expect: {makespan: 1 us}\n")
        scenario = load(
            path,
            registry=BUILT_IN,
            overrides={
                "hardware.ddr.bandwidth": "2 GB/s",
                "hardware.ddr.latency": "1 ns",
                "hardware.npu": "{kind: matrix, rate: 1 GOP/s}",
                "passes": ["fold_batch_norm"],
                "seed": "3",
            },
        )
        assert scenario.hardware["ddr"].bandwidth == 2 * 10**9
        assert scenario.hardware["ddr"].latency == 1000
        assert "npu" in scenario.hardware
        assert (scenario.seed, scenario.passes) == (3, ("fold_batch_norm",))
        assert scenario.overridden

    def test_a_chip_may_be_chosen(self, write):
        path = write("workload: resnet20\nchip: paper\n")
        overrides = {"chip": "tpu-like", "hardware.sram.capacity": "1 MiB"}
        hardware = load(path, registry=BUILT_IN, overrides=overrides).hardware
        assert hardware["ddr"].bandwidth == 34 * 10**9
        assert hardware["sram"].capacity == 2**20

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ("hardware.dd.bandwidth", "1 GB/s", "no `dd`; components: ddr, sram, matrix, host"),
            (
                "hardware.ddr.bandwith",
                "1 GB/s",
                "--set hardware.ddr.bandwith: unknown key; did you mean `bandwidth`?",
            ),
            (
                "hardware.ddr.bandwidth",
                "5",
                "--set hardware.ddr.bandwidth: needs a unit, such as `1 GB/s`, got `5`",
            ),
            ("hardware.ddr.bandwidth", "[1", "--set hardware.ddr.bandwidth: not YAML"),
            ("hardware.ddr.bandwidth.x", "1", "`hardware.ddr.bandwidth` has no keys; set it as a whole"),
            ("ddr.bandwidth", "1", "--set ddr.bandwidth: no `ddr`; did you mean `hardware.ddr.bandwidth`?"),
            ("hardwre.ddr", "1", "--set hardwre.ddr: no `hardwre`; did you mean `hardware`?"),
            ("seed", "on", "--set seed: `on` is true or false to some"),
            ("expect.makespan", "1 us", "`expect` is not checked when something is set"),
            ("scheduler", "seriel", "--set scheduler: unknown scheduler `seriel`"),
            ("workload", "gone.json", "--set workload: no such file: `gone.json`"),
            ("", "1", "--set : no ``"),
            ("hardware..x", "1", "no ``"),
            ("passes.0", "x", "has no keys"),
        ],
    )
    def test_what_is_wrong_with_them(self, write, path, value, message):
        with pytest.raises(SimresError) as error:
            load(write(GOOD + "passes: []\n"), registry=BUILT_IN, overrides={path: value})
        assert message in error.value.message

    def test_the_callers_values_are_left_alone(self):
        document = {"workload": "resnet20", "chip": "paper", "hardware": {}}
        entry = {"kind": "matrix", "rate": "1 GOP/s"}
        from_document(
            document, registry=BUILT_IN, overrides={"hardware.npu": entry, "hardware.npu.launch": "1 ns"}
        )
        assert document == {"workload": "resnet20", "chip": "paper", "hardware": {}}
        assert entry == {"kind": "matrix", "rate": "1 GOP/s"}


class TestEqualUnits:
    def test_a_count_is_a_number_from_1_to_256(self, write):
        for count, said in ((0, "at least 1, got `0`"), (257, "at most 256"), ("two", "a whole number")):
            text = GOOD.replace("rate: 1 TFLOP/s", f"rate: 1 TFLOP/s, count: {count}")
            with pytest.raises(InvalidFile) as error:
                load(write(text), registry=BUILT_IN)
            (problem,) = error.value.problems
            assert problem.line == 6
            assert problem.message.startswith(f"hardware.matrix.count: must be {said}")

    def test_only_what_computes_has_a_count(self, write):
        text = GOOD.replace("capacity: 1 MB", "capacity: 1 MB, count: 2")
        with pytest.raises(InvalidFile) as error:
            load(write(text), registry=BUILT_IN)
        assert "hardware.sram.count: unknown key" in str(error.value)
