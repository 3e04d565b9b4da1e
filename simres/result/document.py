"""Writes the JSON form of a result.

A result holds its scenario, workload, Program and Record, so that it can be shown anywhere and run again
(`simres rerun`); the rest is derived from them. With tenants, `networks` has the workload of each.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from simres.program.record import Record
from simres.program.tasks import Program
from simres.result.figures import Figures
from simres.result.summary import stays_document, summary
from simres.workload.graph import to_document as workload_to_document


def to_document(result: Figures) -> dict[str, Any]:
    """The JSON form as plain data."""
    return summary(result) | {
        **_networks(result),
        "program": program_document(result.program),
        "record": _plain(Record, result.record),
        "stays": stays_document(result),
    }


def _networks(result: Figures) -> dict[str, Any]:
    """The workloads of the JSON form; that of all tenants together is derived from theirs."""
    if result.tenants:
        return {
            "networks": {
                name: {
                    "workload": workload_to_document(tenant.workload),
                    "rewritten": tenant.rewritten and workload_to_document(tenant.rewritten),
                }
                for name, tenant in result.tenants.items()
            }
        }
    return {
        "workload": workload_to_document(result.workload),
        "rewritten": result.rewritten and workload_to_document(result.rewritten),
    }


def program_document(program: Program) -> dict[str, Any]:
    """A Program's JSON form, without the tasks' operators and tensors: the workload describes these."""
    without = {"tasks": {"__all__": {"work": {"op", "tensor"}}}}
    document: dict[str, Any] = _plain(Program, in_tuples(program), without)
    return document


def in_tuples(program: Program) -> Program:
    """The Program with its tasks and buffers in plain tuples."""
    return replace(program, tasks=tuple(program.tasks), buffers=tuple(program.buffers))


@cache
def adapter(form: Any) -> Any:
    """The pydantic adapter of a type, cached."""
    from pydantic import TypeAdapter

    return TypeAdapter(form)


def _plain(form: Any, value: object, without: Any = None) -> Any:
    return adapter(form).dump_python(value, mode="json", exclude_defaults=True, exclude=without)
