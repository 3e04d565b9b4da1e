"""What points of a sweep share."""

from __future__ import annotations

from dataclasses import replace

from simres import api
from simres.hardware.specs import SramSpec
from simres.scheduling.tiling_cache import least_walk, taken_apart


def test_a_network_that_is_read_again_shares_what_is_known_of_it():
    network, again = api.find_workload("resnet20"), replace(api.find_workload("resnet20"), name="again")
    assert again is not network
    assert again.digest == network.digest
    memory = SramSpec(kind="sram", capacity="96 KiB")
    assert least_walk(again, "sram", memory) is least_walk(network, "sram", memory)
    assert taken_apart(again) is taken_apart(network)
    another = replace(network, outputs=network.outputs[:-1])
    assert taken_apart(another) is not taken_apart(network)
