"""That every block can be trained, traced and simulated, and what each is by its paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import simres_blocks

import simres
from simres.api import find_workload
from simres.testing import check_block, registry_with
from simres.units import format_count, format_duration
from simres.workload import Workload

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = r"^\| `(\w+)` \| (\d+) \| (.+) \| (.+) \| (.+) \| (.+) \|$"
NAMES = tuple(simres_blocks.SUMMARIES)
REGISTRY = registry_with(simres_blocks)


def traced(name: str) -> Workload:
    found = find_workload(
        "resnet20" if name == "basic" else ROOT / "scenarios/workloads" / f"resnet20-{name}.json"
    )
    assert isinstance(found, Workload)
    return found


@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_every_block_keeps_the_contract(name: str) -> None:
    check_block(REGISTRY.block(name))


@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_workload_is_what_is_traced_today(name: str) -> None:
    from simres.networks.build import build_variant
    from simres.networks.variant import Variant

    network = build_variant(Variant("cifar:resnet20", block=name), REGISTRY)
    now = simres.trace(network.module, (3, 32, 32))
    shipped = traced(name)
    assert (now.digest, now.parameters) == (shipped.digest, shipped.parameters)


@pytest.mark.parametrize("row", re.findall(ROW, README, re.MULTILINE), ids=lambda row: row[0])
def test_the_readme_says_what_comes_out(row: tuple[str, ...]) -> None:
    name, parameters, macs, vector_ops, bus, host = row
    workload = traced(name)
    result = simres.simulate(
        "paper", workload=workload, overrides={"scheduler": "overlapped", "chip": "paper"}
    )
    assert workload.parameters == int(parameters)
    assert (format_count(workload.macs), format_count(workload.vector_ops)) == (macs, vector_ops)
    worked = (format_duration(result.record.engines[engine].working_ps) for engine in ("ddr", "host"))
    assert tuple(worked) == (bus, host)


def test_the_readme_has_every_block() -> None:
    assert [row[0] for row in re.findall(ROW, README, re.MULTILINE)] == ["basic", *NAMES]


@pytest.mark.parametrize("scenario", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_scenarios_run(scenario: Path) -> None:
    assert simres.simulate(scenario).makespan_ps > 0


def test_stochastic_depth_costs_nothing_in_use() -> None:
    assert traced("stochastic_depth").digest == traced("basic").unmeasured.digest


@pytest.mark.torch
def test_squeeze_weighs_channels_between_nothing_and_all() -> None:
    import torch
    from simres_blocks.residual import Squeeze

    block = Squeeze(16, 16, 1).eval()
    x = torch.randn(2, 16, 8, 8)
    with torch.no_grad():
        branch = block.bn2(block.conv2(block.relu1(block.bn1(block.conv1(x)))))
        block.excite.weight.zero_()
        block.excite.bias.fill_(-100)
        assert torch.allclose(block(x), x.relu())
        block.excite.bias.fill_(100)
        assert torch.allclose(block(x), (branch + x).relu(), atol=1e-6)


@pytest.mark.torch
def test_attention_is_that_of_its_formula() -> None:
    import torch
    from simres_blocks.residual import Attention

    block = Attention(32, 32, 1).eval()
    x = torch.randn(1, 32, 8, 8)
    with torch.no_grad():
        y = block.relu1(block.bn1(block.conv(x)))
        parts = []
        for head in range(2):
            channels = slice(16 * head, 16 * head + 16)
            q, k, v = (made(y)[0, channels].flatten(1).T for made in (block.query, block.key, block.value))
            parts.append((torch.softmax(q @ k.T / 16**0.5, dim=1) @ v).T)
        found = torch.cat(parts).reshape(1, 32, 8, 8)
        expected = (block.bn2(block.project(found)) + x).relu()
        assert torch.allclose(block(x), expected, atol=1e-5)


@pytest.mark.torch
def test_stochastic_depth_survives_as_often_as_its_rule_says() -> None:
    import torch
    from simres_blocks.residual import Stochastic

    from simres.networks.cifar import CifarNet

    network = CifarNet(3, Stochastic)
    survives = [block.survives for block in network.layers]  # type: ignore[union-attr]
    assert survives == pytest.approx([1 - number / 18 for number in range(1, 10)])

    torch.manual_seed(0)
    block = Stochastic(4, 4, 1)
    x = torch.randn(2, 4, 4, 4)
    left_out = sum(torch.equal(block(x), x.relu()) for _ in range(400))
    assert 150 < left_out < 250  # half of 400: five standard deviations are 50
    assert torch.equal(block.eval()(x), block(x))


@pytest.mark.torch
def test_groups_and_widths_are_those_of_the_papers() -> None:
    from simres_blocks.residual import Aggregated, Wide

    block = Aggregated(64, 128, 2)
    assert (block.conv2.groups, block.conv2.in_channels, block.conv2.stride) == (8, 64, (2, 2))
    # WRN-16-4 has 2.7 million parameters (arXiv:1605.07146, table 4 counts 2.8 M with 100 classes).
    from simres.networks.cifar import CifarNet

    count = sum(parameter.numel() for parameter in CifarNet(2, Wide).parameters())
    assert round(count / 1e6, 1) == 2.7
