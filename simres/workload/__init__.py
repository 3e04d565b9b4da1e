"""The Workload: operators in execution order, and tensors as the edges between them.

The types that other packages use are here; `graph` and `operators` define them, `json` reads and writes their
files, and `rules` checks them. `kinds` is the table of operators, `reaches` says what each reads for a part of
its result (`reading` by kind, `views` through views), `footprint` of a whole graph, and `axes` how they are cut.
"""

from simres.workload.graph import SCHEMA_VERSION, Ledger, Row, Workload, canonical, to_document
from simres.workload.operators import BITS, STRICT, Attribute, Loops, Op, Role, Tensor, Unit, Window

__all__ = [
    "BITS",
    "SCHEMA_VERSION",
    "STRICT",
    "Attribute",
    "Ledger",
    "Loops",
    "Op",
    "Role",
    "Row",
    "Tensor",
    "Unit",
    "Window",
    "Workload",
    "canonical",
    "to_document",
]
