"""The conformance kit that authors of plugins test with.

A contract test takes three lines:

    from simres.testing import check_component

    def test_contract() -> None:
        check_component("npu", rows=8, columns=8, clock="1 GHz")

and there is one for every sort of part; `check_plugin` holds all that a plugin declares against theirs.
Each runs the part on random workloads and raises `ContractBroken`, an `AssertionError`, for what does not
hold. The other names here are what such tests are made of: chips, random workloads, and `prove`, which
runs a Program and holds every moment of it against the Program.

Needs hypothesis (`pip install 'simres[testing]'`); only blocks and operators need torch.
"""

from simres.testing.blocks import check_block
from simres.testing.components import check_component
from simres.testing.contract import ContractBroken, registry_with
from simres.testing.graphs import graphs
from simres.testing.importers import check_importer
from simres.testing.operators import check_operator
from simres.testing.passes import check_pass
from simres.testing.plugin import Outcome, check_plugin, outcomes
from simres.testing.random_workloads import behaviours, chip, ledgers, nests, paper_chip, prove, workloads
from simres.testing.reporters import check_reporter
from simres.testing.schedulers import check_scheduler

__all__ = [
    "ContractBroken",
    "Outcome",
    "behaviours",
    "check_block",
    "check_component",
    "check_importer",
    "check_operator",
    "check_pass",
    "check_plugin",
    "check_reporter",
    "check_scheduler",
    "chip",
    "graphs",
    "ledgers",
    "nests",
    "outcomes",
    "paper_chip",
    "prove",
    "registry_with",
    "workloads",
]
