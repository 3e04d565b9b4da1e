"""Names in a host's `runs` are operators of hosts."""

from __future__ import annotations

import pytest

from simres.errors import InvalidFile
from simres.plugins.hooks import Operator, hookimpl
from simres.plugins.registry import Registry
from simres.scenario.loader import from_document
from simres.testing import registry_with

REGISTRY = Registry(external=False)


class WithTarget:
    @hookimpl
    def simres_operators(self):
        yield Operator(source="a.b.c", target="a:b", summary="an operator of any name")


def scenario(runs, registry=REGISTRY):
    sfu = {"kind": "host", "rate": "1 GOP/s", "runs": runs}
    return from_document(
        {"workload": "resnet20", "chip": "paper", "hardware": {"sfu": sfu}}, registry=registry
    )


@pytest.mark.parametrize("runs", [["softmax"], ["relu", "any"], ["conv"]])
def test_operators_that_there_are(runs):
    assert scenario(runs).hardware["sfu"].runs == tuple(runs)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (["relu", "softmx"], "hardware.sfu.runs.1: hosts have no operator `softmx`; did you mean `softmax`?"),
        (["bessel"], "hardware.sfu.runs.0: hosts have no operator `bessel`"),
        (["concat"], "hardware.sfu.runs.0: hosts have no operator `concat`"),
        ([], "hardware.sfu.runs: must name at least one; leave it out for none"),
    ],
)
def test_others_are_refused(runs, said):
    with pytest.raises(InvalidFile) as error:
        scenario(runs)
    assert said in error.value.message


def test_an_operator_of_a_plugin_may_have_any_name():
    registry = registry_with(WithTarget())
    assert scenario(["bessel"], registry).hardware["sfu"].runs == ("bessel",)
    with pytest.raises(InvalidFile, match="did you mean `softmax`"):
        scenario(["softmx"], registry)
