"""What is said of the hosts that run operators, and what is refused."""

from __future__ import annotations

import pytest

import simres
from simres.errors import SimresError
from simres.verification.verify import verify

SFU = {"kind": "host", "rate": "5 GOP/s", "runs": ["batch_norm", "relu"]}
KINDS = ("serial", "overlapped")


def of(result, kind):
    """The engines that do an operator."""
    layers, tasks = result.program.layers, result.program.tasks
    return {task.engine for task in tasks if task.work.op is not None and layers[task.layer].kind == kind}


@pytest.mark.parametrize("scheduler", KINDS)
@pytest.mark.parametrize("passes", ["[]", "[fuse_epilogues]"])
def test_operators_on_different_hosts(scheduler, passes):
    overrides = {"hardware.sfu": SFU, "scheduler": scheduler, "passes": passes}
    result = simres.simulate("resnet20", overrides=overrides)
    assert of(result, "relu") == of(result, "batch_norm") == {"sfu"}
    assert of(result, "add") == {"host"}
    assert result.program.decisions["hosts"] == "add, avg_pool, bias on host; batch_norm, relu on sfu"
    assert all(finding.holds for finding in verify(result))
    host, sfu = (result.bounds.engines[name] for name in ("host", "sfu"))
    assert sfu == 565_248 * 200  # 376,832 + 188,416 operations at 5 GOP/s
    assert host == (86_016 + 4096 + 10) * 100
    assert {"work on host", "work on sfu"} <= {term.name for term in result.bounds.lower.terms}


def test_a_stack_of_operators_is_shared_out():
    """Fused into a convolution, batch norm and ReLU still go to one host and the addition to the other."""
    alone = simres.simulate(
        "resnet20", overrides={"scheduler": "overlapped", "hardware.host.rate": "1 GOP/s"}
    )
    overrides = {"scheduler": "overlapped", "hardware.host.rate": "1 GOP/s"}
    sfu = {**SFU, "rate": "1 GOP/s"}
    both = simres.simulate("resnet20", overrides={**overrides, "hardware.sfu": sfu})
    assert both.bounds.lower.makespan_ps <= both.makespan_ps < alone.makespan_ps


@pytest.mark.parametrize("scheduler", KINDS)
def test_an_operator_that_no_host_runs(scheduler):
    overrides = {"hardware.host.runs": ["relu", "add"], "scheduler": scheduler}
    with pytest.raises(
        SimresError, match=r"no host runs `batch_norm`, an operator of .*resnet20 \(`bn`\)"
    ) as error:
        simres.simulate("resnet20", overrides=overrides)
    assert "`hardware.host.runs`" in str(error.value.hint)
    folded = {**overrides, "hardware.host.runs": ["relu", "add", "bias", "avg_pool"]}
    simres.simulate("resnet20", overrides={**folded, "passes": "[fold_batch_norm]"}, record="none")


def test_a_ledger_says_nothing_of_its_operators():
    with pytest.raises(SimresError, match="does not say which operators it has"):
        simres.simulate("paper", overrides={"hardware.host.runs": "[relu]"})
    before = simres.simulate("paper")
    sfu = {"kind": "host", "rate": "900 GOP/s", "runs": ["relu"]}
    after = simres.simulate("paper", overrides={"hardware.sfu": sfu})
    assert after.makespan_ps == before.makespan_ps


def test_a_rate_is_needed_only_for_what_a_host_runs():
    sfu = {"kind": "host", "rate": {"fp16": "5 TFLOP/s"}, "runs": ["softmax"]}
    simres.simulate("resnet20", overrides={"hardware.sfu": sfu}, record="none")
    with pytest.raises(SimresError, match="sfu` has no rate for fp32"):
        simres.simulate("resnet20", overrides={"hardware.sfu": {**sfu, "runs": ["relu"]}})


def test_validate_says_who_runs_what(simres, tmp_path):
    path = tmp_path / "mine.yaml"
    text = (
        "workload: resnet20\nchip: paper\nhardware:\n  sfu: {kind: host, rate: 5 GOP/s, runs: [relu, add]}\n"
    )
    path.write_text(text)
    code, out, err = simres("validate", path)
    assert (code, err) == (0, "")
    assert out == f"ok  {path}: a scenario, `resnet20` by the scheduler `serial`; sfu runs add, relu\n"


def test_validate_names_the_place_of_what_nobody_runs(simres, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("workload: resnet20\nchip: paper\nhardware:\n  host: {runs: [relu, add]}\n")
    code, out, err = simres("validate", path)
    assert (code, out) == (2, "")
    assert (
        "  4:16  hardware.host.runs: no host runs `batch_norm`, an operator of cifar:resnet20 (`bn`), " in err
    )
    assert "\nhint: add it to `hardware.host.runs`, or have a host without `runs`: it takes all others" in err
