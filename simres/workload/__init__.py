"""The Workload: operators in execution order, and tensors as the edges between them.

The types that other packages use are here; `graph` and `operators` define them, `json` reads and writes their
files, and `rules` checks them. `kinds` is the table of operators. `reaches` has the rules of what an operator
reads for a part of its output, `reading` gives them by kind, `views` follows views, and `footprint` answers
for a graph; `axes` says how an output can be cut, and `boxes` has the arithmetic of parts.
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
