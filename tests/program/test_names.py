"""Names of engines: as text and back, in order, and as chips and tenants give them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.hardware.specs import BusSpec
from simres.program import EngineName
from simres.program.tenants import view_name
from simres.scenario.assignment import NAME
from simres.testing import chip, paper_chip

WORDS = st.from_regex(NAME, fullmatch=True)
"""What a scenario lets components and tenants be called."""
NAMES = st.builds(
    EngineName,
    WORDS,
    st.none() | st.integers(0, 999_999_999),
    st.just("") | WORDS,
)


@given(NAMES)
def test_a_name_is_read_back_from_its_text(name):
    assert EngineName.parse(str(name)) == name
    assert hash(EngineName.parse(str(name))) == hash(name)


@given(st.text() | st.from_regex(r"[a-z0-9_.]{0,12}", fullmatch=True))
def test_text_spells_one_name_or_none(text):
    try:
        name = EngineName.parse(text)
    except SimresError:
        assert not text or "." in text
    else:
        assert str(name) == text


@settings(deadline=None)
@given(st.lists(NAMES, max_size=5))
def test_names_are_in_order_of_component_channel_and_tenant(names):
    def key(name):
        return (name.component, -1 if name.channel is None else name.channel, name.tenant)

    assert sorted(names) == sorted(names, key=key)


@settings(deadline=None)
@given(WORDS, st.integers(1, 64), WORDS)
def test_engines_of_a_chip_and_the_views_that_tenants_have_of_them(bus, channels, tenant):
    spec = BusSpec.model_validate({"kind": "ddr", "bandwidth": "1 GB/s", "channels": channels})
    machine = chip({**paper_chip().components, bus: spec})
    for engine in machine.engines:
        name = EngineName.parse(engine)
        assert name.component == machine.component_of(engine)
        view = EngineName.parse(view_name(engine, tenant))
        assert (view.shared, view.tenant, view.component) == (name, tenant, name.component)
        assert view_name(engine, "") == engine
    numbers = [EngineName.parse(lane).channel for lane in spec.lanes(bus)]
    assert numbers == ([None] if channels == 1 else list(range(channels)))


@pytest.mark.parametrize("lanes", [("other",), ("odd.read", "odd.write"), ("odd.0.left",), ("odd.00",)])
def test_a_kind_that_names_its_engines_otherwise_is_refused(lanes):
    class Odd(BusSpec):
        def lanes(self, name):
            return lanes

    spec = Odd.model_validate({"kind": "odd", "bandwidth": "1 GB/s"})
    with pytest.raises(SimresError, match="engine"):
        chip({**paper_chip().components, "odd": spec})
