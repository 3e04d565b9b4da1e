"""On-chip memory by tensor over time: the fullest moment, and whose bytes these were."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.occupancy import occupancy, peak


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_fullest_moment_is_what_the_run_counted(random_results, data):
    result = data.draw(random_results)
    found = peak(result.stays, "sram")
    assert found is not None
    series = occupancy(result.stays, "sram")
    assert found.nbytes == max(held for _, held in series) <= result.record.memories["sram"].peak
    assert found.nbytes == sum(found.holders.values())
    assert (found.at_ps, found.nbytes) in series
    assert series[-1][1] == result.record.memories["sram"].left
    by_hand = {}
    for stay in result.stays:
        if stay.start_ps <= found.at_ps < stay.end_ps:
            by_hand[stay.tensor] = by_hand.get(stay.tensor, 0) + stay.nbytes
    assert found.holders == by_hand


def test_resnet20_fills_exactly_what_the_run_counted(resnet20):
    found = peak(resnet20.stays, "sram")
    assert found.nbytes == resnet20.record.memories["sram"].peak == 208 * 1024
    document = json.loads(resnet20.to_json())
    memory = document["memories"]["sram"]
    assert memory["fullest_at_ps"] == found.at_ps
    assert list(memory["held_at_fullest_bytes"]) == list(found.holders)
    held = sum(
        stay["bytes"] for stay in document["stays"] if stay["start_ps"] <= found.at_ps < stay["end_ps"]
    )
    assert held == found.nbytes
    assert peak(resnet20.stays, "nowhere") is None
