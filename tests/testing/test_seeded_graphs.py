"""Networks of a seed: valid, the same every time, and of many forms."""

from __future__ import annotations

from simres.testing import seeded_graph
from simres.workload.rules import problems_of_workload

SEEDS = range(60)


def test_each_is_valid_and_the_same_every_time():
    for seed in SEEDS:
        workload = seeded_graph(seed)
        assert not list(problems_of_workload(workload))
        assert workload == seeded_graph(seed)
        assert len(workload.ops) <= 2 * 8  # a bias is an operator of its own


def test_there_are_branches_and_most_differ():
    networks = [seeded_graph(seed) for seed in SEEDS]
    assert len({network.digest for network in networks}) > 50
    branching = [
        network for network in networks if any(len(readers) > 1 for readers in network.consumers.values())
    ]
    assert len(branching) > 10


def test_seed_3_is_the_network_that_it_always_was():
    assert seeded_graph(3).digest.startswith("sha256:6d1db10beb9ee357")
