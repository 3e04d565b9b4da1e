"""The Program that a scheduler makes: tasks, the regions that they read and write, and buffers.

The types that other packages use are here; `tasks` and `names` define them. `draft` writes Programs, `orders`
issues the same tasks in another order, `tenants` puts several Programs side by side, and `record` is the
result of running a Program.
"""

from simres.program.names import EngineName
from simres.program.tasks import SCHEMA_VERSION, Box, Buffer, Layer, Program, Region, Task, TaskKind, Work

__all__ = [
    "SCHEMA_VERSION",
    "Box",
    "Buffer",
    "EngineName",
    "Layer",
    "Program",
    "Region",
    "Task",
    "TaskKind",
    "Work",
]
