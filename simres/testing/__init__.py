"""The conformance kit that authors of plugins test with.

A contract test takes three lines:

    from simres.testing import check_component

    def test_contract() -> None:
        check_component("npu", rows=8, columns=8, clock="1 GHz")

Every sort of part has such a check; `check_plugin` checks all parts that a plugin declares. Each check runs
the part on random workloads and raises `ContractBroken`, an `AssertionError`, for a violation. The other
names here are the material of such tests: chips, random workloads, and `prove`, which runs a Program and
checks every moment of the run against the Program.

Needs hypothesis (`pip install 'simres[testing]'`); only blocks and operators need torch.
"""

from simres.testing.block_contract import check_block
from simres.testing.component_contract import check_component
from simres.testing.contract import ContractBroken, registry_with
from simres.testing.graphs import graphs, seeded_graph
from simres.testing.importer_contract import check_importer
from simres.testing.operator_contract import check_operator
from simres.testing.pass_contract import check_pass
from simres.testing.plugin_contract import Outcome, check_plugin, outcomes
from simres.testing.random_workloads import behaviours, chip, ledgers, nests, paper_chip, prove, workloads
from simres.testing.reporter_contract import check_reporter
from simres.testing.scheduler_contract import check_scheduler

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
    "seeded_graph",
    "workloads",
]
