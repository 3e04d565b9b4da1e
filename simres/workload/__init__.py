"""The Workload: operators in execution order, and tensors as the edges between them.

The types that other packages use are here; `graph` defines them, `json` reads and writes their files, `rules`
checks them, and `kinds` is the table of operators.
"""

from simres.workload.graph import (
    BITS,
    SCHEMA_VERSION,
    STRICT,
    Attribute,
    Ledger,
    Loops,
    Op,
    Role,
    Row,
    Tensor,
    Unit,
    Window,
    Workload,
    canonical,
    to_document,
)

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
