"""What points of a sweep share."""

from __future__ import annotations

from dataclasses import replace

from simres import api
from simres.hardware.specs import SramSpec
from simres.scheduling.tiling_cache import least_walk, taken_apart
from simres.sharing.workbench import Workbench


def test_a_network_that_is_read_again_shares_what_is_known_of_it():
    network, again = api.find_workload("resnet20"), replace(api.find_workload("resnet20"), name="again")
    assert again is not network
    assert again.digest == network.digest
    bench = Workbench()
    memory = SramSpec(kind="sram", capacity="96 KiB")
    assert least_walk(bench, again, "sram", memory) is least_walk(bench, network, "sram", memory)
    assert taken_apart(bench, again) is taken_apart(bench, network)
    another = replace(network, outputs=network.outputs[:-1])
    assert taken_apart(bench, another) is not taken_apart(bench, network)
