"""The contract of a pass: a workload in, a workload out that can be scheduled."""

from __future__ import annotations

from hypothesis import strategies as st

from simres.plugins.hooks import Pass
from simres.plugins.registry import default_registry
from simres.scheduling import serial
from simres.scheduling.parameters import NoParameters
from simres.testing.contract import described, for_all, hold, load_target, same
from simres.testing.random_workloads import paper_chip, prove, workloads
from simres.workload import Workload
from simres.workload.json import dumps, loads
from simres.workload.rules import problems_of_workload


def check_pass(rewrite: str | Pass) -> None:
    """Checks a pass, by name or as declared, against the contract of passes.

    On random networks, its result obeys every rule of workloads, survives storage in a file, has as many
    outputs as before, and can be scheduled and run; equal inputs give equal results, and the input is not
    changed.

    Raises `ContractBroken`, or the invariant that was broken.
    """
    if isinstance(rewrite, str):
        rewrite = default_registry().pass_(rewrite)
    described(rewrite)
    numbered = rewrite.numbered
    hold(numbered == rewrite.name.endswith("_N"), "`numbered` and a name that ends in `_N` go together")
    function = load_target(rewrite)
    system = paper_chip(capacity="64 MiB")

    @for_all(workloads(), st.integers(1, 3))
    def _(workload: Workload, number: int) -> None:
        arguments = (workload, number) if numbered else (workload,)
        digest = workload.digest
        found = function(*arguments)
        hold(isinstance(found, Workload), f"it returns {type(found).__name__}, which is no Workload")
        problems = list(problems_of_workload(found))
        hold(not problems, f"what it makes is no workload: {'; '.join(problems)}")
        same(loads(dumps(found)), found, "what it makes, read back from its file,")
        hold(len(found.outputs) == len(workload.outputs), "it changes how many outputs there are")
        same(found, function(*arguments), "what it makes")
        same(digest, workload.digest, "the workload that it was given")
        prove(serial.schedule(found, system, NoParameters()), system, found)
