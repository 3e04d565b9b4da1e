"""The figures of a result as a JSON document, without workload, Program and Record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from simres.analysis.energy import energy_delay_js, power_uw
from simres.errors import SimresError
from simres.result.data import StoredRun, StoredTenancy, as_stored
from simres.units import PS_PER_S, quantity_of

if TYPE_CHECKING:
    from simres.analysis.bounds import Bounds
    from simres.program.record import StreamTotals
    from simres.result.figures import Figures

SCHEMA_VERSION = 1
"""Version of the JSON form; a file of a newer one is refused."""


def summary(result: Figures) -> dict[str, Any]:
    """The part of the JSON form that people and programs use most."""
    record, spent = result.record, result.energy
    return {
        "schema_version": SCHEMA_VERSION,
        **_plain(as_stored(StoredRun, result)),
        "makespan_ps": record.makespan_ps,
        "images": result.images,
        **({} if result.tenants else _load(result, 0)),
        "pipeline": _plain(result.pipeline),
        "engines": {
            name: {
                **_plain(result.chip[name]),
                "tasks": engine.tasks,
                "busy_ps": engine.working_ps,
                "waiting_ps": {cause.value: ps for cause, ps in engine.waiting_ps.items()},
                "idle_ps": engine.idle_ps,
                "moved_bytes": engine.moved_bytes,
                "dynamic_fj": spent.dynamic_fj[name],
                "static_fj": spent.static_fj[name],
                **({"bus_held_by_ps": dict(engine.bus_held_by)} if engine.bus_held_by else {}),
            }
            for name, engine in record.engines.items()
        },
        "memories": {
            name: {"capacity_bytes": memory.capacity, "peak_bytes": memory.peak, **_fullest(result, name)}
            for name, memory in record.memories.items()
        },
        "unused": dict(result.unused),
        "layers": [
            {
                **_plain(layer),
                "energy_fj": layer_fj,
                "average_power_uw": power_uw(layer_fj, layer.end_ps - layer.start_ps),
                "energy_delay_js": energy_delay_js(layer_fj, layer.end_ps - layer.start_ps),
            }
            for layer, layer_fj in zip(result.layers, spent.layers_fj, strict=True)
        ],
        "tenants": {
            name: {
                "network": tenant.workload.name,
                "workload_digest": tenant.workload.digest,
                **_plain(as_stored(StoredTenancy, tenant)),
                "images": tenant.images,
                "latency_ps": tenant.latency_ps,
                "slowdown": tenant.slowdown,
                "bounds_ps": _bounds(tenant.bounds),
                "lower_bound": _lower_bound(tenant.bounds),
                **_load(result, number),
            }
            for number, (name, tenant) in enumerate(result.tenants.items())
        },
        "traffic_bytes": {
            "read": sum(layer.read_bytes for layer in result.layers),
            "write": sum(layer.written_bytes for layer in result.layers),
        },
        "tensor_bytes": dict(zip(("read", "write"), result.tensor_bytes, strict=True)),
        "bounds_ps": _bounds(result.bounds),
        "lower_bound": _lower_bound(result.bounds),
        "above_lower_bound": result.above_lower_bound,
        "references": {
            item.name: {
                "ps": item.ps,
                **({} if item.nbytes is None else {"bytes": item.nbytes}),
                "proven": item.proven,
                "makespan_is_times": item.times(record.makespan_ps),
            }
            for item in result.references
        },
        "evictions": {
            "written_bytes": sum(item.written_bytes for item in result.evictions),
            "read_bytes": sum(item.read_bytes for item in result.evictions),
            "bus_ps": sum(item.bus_ps for item in result.evictions),
            "tensors": {
                item.tensor: {
                    "role": item.role.value,
                    "written_bytes": item.written_bytes,
                    "read_bytes": item.read_bytes,
                    "bus_ps": item.bus_ps,
                }
                for item in result.evictions
            },
        },
        "estimate": _plain(result.estimate),
        "energy": {
            "total_fj": spent.total_fj,
            "dynamic_fj": sum(spent.dynamic_fj.values()),
            "static_fj": sum(spent.static_fj.values()),
            "average_power_uw": spent.average_power_uw,
            "energy_delay_js": spent.energy_delay_js,
        },
        "area": _area(result),
        "decisions": dict(result.program.decisions),
        "expectations": [{**_plain(item), "met": item.met} for item in result.expectations],
    }


def _plain(value: Any) -> Any:
    """The value with its data classes as mappings by field."""
    if is_dataclass(value):
        return {own.name: _plain(getattr(value, own.name)) for own in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _area(result: Figures) -> dict[str, Any] | None:
    """The chip's area and cost, with their sums."""
    if result.area is None:
        return None
    return {**_plain(result.area), "total_um2": result.area.um2, "cost_uusd": result.area.uusd}


_UNITS = {"ps": "ps", "bytes": "B", "fj": "fJ", "uw": "uW", "per_ks": "/ks", "um2": "um2", "uusd": "uUSD"}
"""Base units of figures, by the ending of their keys."""


def figure_at(document: Mapping[str, Any], path: str, unit: str = "") -> int | float:
    """The number at a dotted path of the JSON form, whose keys may end in their unit (`_ps`, `_bytes`).

    Raises `SimresError` if there is none, or if its key has another base unit than `unit`.
    """
    at: Any = document
    own = ""
    parts = path.split(".")
    while parts:
        part = parts.pop(0)
        while parts and isinstance(at, dict) and part not in at and any(_goes_on(key, part) for key in at):
            part = f"{part}.{parts.pop(0)}"  # a key with dots, such as one channel of a bus
        named = (part, *(f"{part}_{ending}" for ending in _UNITS))
        keys = [key for key in named if isinstance(at, dict) and key in at]
        if not keys:
            known = sorted(at) if isinstance(at, dict) else []
            more = f"; known there: {', '.join(known)}" if known else ""
            raise SimresError(f"expect.{path}: a result has no `{part}` there{more}")
        at = at[keys[0]]
        own = next((_UNITS[end] for end in _UNITS if f"_{keys[0]}".endswith(f"_{end}")), own)
    if not isinstance(at, int | float) or isinstance(at, bool):
        raise SimresError(f"expect.{path}: is not a number in a result")
    if unit and own and unit != own:
        names = quantity_of(own).name, quantity_of(unit).name
        raise SimresError(f"expect.{path}: its unit is one of {names[0]}, not of {names[1]}")
    return at


def _goes_on(key: object, part: str) -> bool:
    return isinstance(key, str) and key.startswith(f"{part}.")


def load_document(stream: StreamTotals) -> dict[str, Any]:
    """The figures of a stream of requests; for queues, the mean over time from the first that counts."""
    took = stream.until_ps - stream.from_ps
    launches = sum(one.launches for one in stream.served)
    return {
        "requests": stream.arrived,
        "warmup": stream.warmup,
        "counted": stream.counted,
        **{f"{name}_ps": ps for name, ps in stream.latency_ps.items()},
        "mean_ps": stream.counted_latency_ps // stream.counted if stream.counted else 0,
        "one_in": stream.one_in,
        "wait": {
            **{f"{name}_ps": ps for name, ps in stream.wait_ps.items()},
            "mean_ps": stream.counted_wait_ps // stream.counted if stream.counted else 0,
        },
        "throughput_per_ks": stream.counted * 1000 * PS_PER_S // took if took else 0,
        "present": {
            "mean": stream.counted_present_ps / took if took else 0.0,
            "most": stream.most_present,
        },
        "queue": {
            "mean": stream.counted_waiting_ps / took if took else 0.0,
            "most": stream.most_waiting,
        },
        "deadline_ps": stream.deadline_ps,
        "missed": stream.missed,
        "missed_share": stream.missed / stream.counted if stream.counted else 0.0,
        "launches": launches,
        "batch": stream.arrived / launches if launches else 0.0,
    }


def _load(result: Figures, tenant: int) -> dict[str, Any]:
    """The figures of a tenant's stream, if it has one."""
    found = next((stream for stream in result.record.streams if stream.tenant == tenant), None)
    return {} if found is None else {"load": load_document(found)}


def _bounds(bounds: Bounds) -> dict[str, int]:
    return {**bounds.engines, "dependency": bounds.dependency, "makespan": bounds.makespan}


def _fullest(result: Figures, memory: str) -> dict[str, Any]:
    """The time at which a memory was fullest, and its tensors; empty unless the Record is full."""
    if not result.program.buffers:
        return {}
    from simres.analysis.occupancy import peak

    found = peak(result.stays, memory)
    return (
        {} if found is None else {"fullest_at_ps": found.at_ps, "held_at_fullest_bytes": dict(found.holders)}
    )


def _lower_bound(bounds: Bounds) -> dict[str, Any]:
    """What no schedule can beat, and every reason for it."""
    return {"makespan_ps": bounds.makespan, "terms": _plain(bounds.lower.terms)}


def stays_document(result: Figures) -> list[dict[str, Any]]:
    """On-chip memory by tensor over time: the bytes of each buffer, its memory, and its times."""
    return [
        {
            "memory": stay.memory,
            "tensor": stay.tensor,
            "bytes": stay.nbytes,
            "start_ps": stay.start_ps,
            "end_ps": stay.end_ps,
        }
        for stay in result.stays
    ]
