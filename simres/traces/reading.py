"""Reads the events of Kineto (torch.profiler), of XProf, and of other writers of Chrome traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from simres.errors import SimresError
from simres.traces.events import (
    Columns,
    Events,
    Flow,
    Frame,
    Lane,
    LaneKind,
    Moment,
    StreamWait,
    stream_number,
)

_PS_PER_US = 1_000_000
_EXACT_US = 1 << 33
_MOST_US = 1 << 60
_FARTHEST_PS = 1 << 62
"""An event further from the first than this, 53 days, has no time that means anything."""
_OVERLAYS = frozenset(("Trace", "gpu_user_annotation", "cuda_profiler_range", "overhead", "gpu_pm_counter"))
"""Categories of Kineto whose slices overlay others and take no time."""
_DEVICE = frozenset(("kernel", "concurrent_kernel", "mtia_ccp_events", "gpu_memcpy", "gpu_memset"))
_COPIES = frozenset(("gpu_memcpy", "gpu_memset"))
_LAUNCH_FLOWS = frozenset(("ac2g", "async_cpu_to_gpu", "async_gpu"))
"""Flows of Kineto from a launch to its kernel: the correlation says the same."""
_XPROF_DEVICE = "/device:"
_XPROF_OVERLAYS = (
    "Steps",
    "XLA Modules",
    "XLA TraceMe",
    "TensorFlow",
    "Framework",
    "Source",
    "Launch Stats",
)
"""How the names of XProf's lanes begin that show the time of others once more."""
_FRAMES = {"user_annotation": Frame.NOTE, "python_function": Frame.PYTHON}
MODULE = "nn.Module: "

_Key = tuple[Any, Any, bool]


def read_events(events: Iterable[Mapping[str, Any]], path: str) -> Events:
    """Reads all events of the file `path`. Raises `SimresError` where there is nothing in it."""
    reader = _Reader()
    for event in events:
        reader.take(event)
    return reader.events(path)


class _Open(NamedTuple):
    """The beginning of a slice, or of a flow."""

    lane: int
    ps: int
    name: str
    hint: str
    frame: Frame


class _Reader:
    def __init__(self) -> None:
        self.columns = Columns()
        self.lanes: list[Lane] = []
        self.numbers: dict[_Key, int] = {}
        self.named: dict[tuple[str, Any, Any], str] = {}
        self.left_out: Counter[str] = Counter()
        self.waits: list[StreamWait] = []
        self.base: int | None = None
        self._open: dict[int, list[_Open]] = {}
        self._flows: dict[tuple[str, Any], list[tuple[bool, str, Moment]]] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Takes one event."""
        phase = event.get("ph")
        if phase == "X":
            self._slice(event)
            return
        match phase:
            case "M":
                self._metadata(event)
            case "B":
                if opened := self._begun(event):
                    self._open.setdefault(opened.lane, []).append(opened)
            case "E":
                self._ended(event)
            case "s" | "t" | "f":
                self._flow(event, phase)
            case "b" | "n" | "e" | "S" | "T" | "p" | "F":
                self.left_out["asynchronous events, which belong to no lane"] += 1
            case _:
                pass  # counters and marks have no length

    def _metadata(self, event: Mapping[str, Any]) -> None:
        args, what = event.get("args"), event.get("name")
        if what in ("process_name", "thread_name") and isinstance(args, dict):
            thread = _plain(event.get("tid")) if what == "thread_name" else None
            key = (str(what), _plain(event.get("pid")), thread)
            self.named[key] = str(args.get("name", "")).strip()
        elif what == "process_labels" and isinstance(args, dict):
            self.named["label", _plain(event.get("pid")), None] = str(args.get("labels", ""))

    def _moment(self, value: Any) -> int | None:
        """Picoseconds of a time stamp since the first event; None, and counted, if it is invalid."""
        ps = _ps(value)
        if ps is not None:
            if self.base is None:
                self.base = ps
            ps -= self.base
            if -_FARTHEST_PS < ps < _FARTHEST_PS:
                return ps
        self.left_out["events without a time"] += 1
        return None

    def _lane(self, event: Mapping[str, Any], copies: bool = False) -> int:
        process, thread = event.get("pid"), event.get("tid")
        if type(process) is not int or type(thread) is not int:
            process, thread = _plain(process), _plain(thread)
        key = process, thread, copies
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.lanes)
            kind = LaneKind.COPIES if copies else LaneKind.THREAD
            self.lanes.append(Lane(str(key[0]), str(key[1]), kind))
        return found

    def _begun(self, event: Mapping[str, Any]) -> _Open | None:
        category = event.get("cat")
        if isinstance(category, list | dict) or category in _OVERLAYS:
            return None
        start = self._moment(event.get("ts"))
        if start is None:
            return None
        name, hint = str(event.get("name", "")) or "unnamed", ""
        frame = Frame.OPERATOR
        if category != "cpu_op" and isinstance(category, str):
            if category in _DEVICE:
                frame = Frame.DEVICE
            elif category.endswith(("_runtime", "_driver")):
                frame = Frame.CALL
            else:
                frame = _FRAMES.get(category, Frame.OPERATOR)
                if frame is Frame.PYTHON and name.startswith(MODULE):
                    frame = Frame.MODULE
        args = event.get("args")
        if isinstance(args, dict) and isinstance(said := args.get("hlo_category"), str):
            hint = said
        lane = self._lane(event, frame is Frame.DEVICE and category in _COPIES)
        if frame is Frame.DEVICE and self.lanes[lane].kind is LaneKind.THREAD:
            self.lanes[lane].kind = LaneKind.STREAM
        return _Open(lane, start, name, hint, frame)

    def _slice(self, event: Mapping[str, Any]) -> None:
        if event.get("cat") == "cuda_sync":
            self._wait(event.get("args"))
            return
        opened = self._begun(event)
        if opened is None:
            return
        lasted = event.get("dur", 0)
        lasted_ps = _ps(lasted)
        if lasted_ps is None or not 0 <= lasted_ps < _FARTHEST_PS:
            self.left_out["slices without a length"] += 1
            return
        self._add(opened, opened.ps + lasted_ps, event)

    def _ended(self, event: Mapping[str, Any]) -> None:
        end, opened = self._moment(event.get("ts")), self._open.get(self._lane(event))
        if end is None or not opened:
            self.left_out["ends of slices that never began"] += 1
            return
        self._add(opened.pop(), end, event)

    def _add(self, opened: _Open, end: int, event: Mapping[str, Any]) -> None:
        at = self.columns.add(
            opened.lane, opened.ps, max(opened.ps, end), opened.name, opened.hint, opened.frame
        )
        args = event.get("args")
        if isinstance(args, dict):
            found = args.get("correlation") or args.get("correlation_id")
            if isinstance(found, int) and 0 < found < 1 << 62:
                self.columns.correlation[at] = found
            if opened.frame is Frame.DEVICE and isinstance(nbytes := args.get("bytes"), int):
                self.columns.nbytes[at] = min(max(0, nbytes), 1 << 62)
        if "bind_id" in event:
            key = ("", _plain(event["bind_id"]))
            if event.get("flow_out"):
                self._flows.setdefault(key, []).append((True, "flow", Moment(opened.lane, end)))
            if event.get("flow_in"):
                self._flows.setdefault(key, []).append((False, "flow", Moment(opened.lane, opened.ps)))

    def _wait(self, args: object) -> None:
        if isinstance(args, dict):
            keys = ("correlation", "wait_on_cuda_event_record_corr_id", "wait_on_stream", "stream", "device")
            whole = [number if isinstance(number := args.get(key), int) else -1 for key in keys]
            call, record, on, stream, device = whole
            kind = str(args.get("cuda_sync_kind", ""))
            on, stream = stream_number(device, on), stream_number(device, stream)
            self.waits.append(StreamWait(kind, call, record, on, stream))

    def _flow(self, event: Mapping[str, Any], phase: str) -> None:
        category = str(event.get("cat"))
        if category in _LAUNCH_FLOWS:
            return
        ps = self._moment(event.get("ts"))
        if ps is None:
            return
        moment = Moment(self._lane(event), ps)
        key = (category, _plain(event.get("id")))
        parts = self._flows.setdefault(key, [])
        if phase != "s":
            parts.append((False, category, moment))
        if phase != "f":
            parts.append((True, category, moment))

    def events(self, path: str) -> Events:
        """All that was taken."""
        if not len(self.columns):
            raise SimresError(f"`{path}` has no slices: there is nothing to explain")
        if unclosed := sum(len(opened) for opened in self._open.values()):
            self.left_out["beginnings of slices that never end"] += unclosed
        self._name_lanes()
        flows = []
        for parts in self._flows.values():
            source: Moment | None = None
            for starts, category, moment in sorted(parts, key=lambda part: (part[2].ps, not part[0])):
                if starts:
                    source = moment
                elif source is not None:
                    flows.append(Flow(category, source, moment))
        return Events(self.lanes, self.columns, flows, self.waits, dict(self.left_out))

    def _name_lanes(self) -> None:
        """Names lanes as the file does; XProf's lanes of devices become streams, or are left out."""
        devices = {str(key[0]) for key in self.numbers if self.lanes[self.numbers[key]].kind != "thread"}
        streams = {lane.process for lane in self.lanes if lane.kind is not LaneKind.THREAD}
        for (process, thread, _), number in self.numbers.items():
            lane = self.lanes[number]
            of = self.named.get(("process_name", process, None), "")
            name = self.named.get(("thread_name", process, thread)) or f"{thread}"
            if of.startswith(_XPROF_DEVICE):
                short = of.removeprefix(_XPROF_DEVICE)
                if name.startswith(_XPROF_OVERLAYS):
                    lane.name = ""
                    continue
                lane.kind, name = LaneKind.STREAM, f"{short} {name}"
            elif lane.kind is LaneKind.THREAD:
                name = f"thread {name}" if name.lstrip("-").isdigit() else name
            else:
                name = name if name.startswith("stream") else f"stream {name}"
                if len(devices & streams) > 1:
                    name = f"{self.named.get(('label', process, None)) or process} {name}"
                if lane.kind is LaneKind.COPIES:
                    name += " copies"
            lane.name = name
            if lane.kind is not LaneKind.THREAD:
                device, stream = (one if isinstance(one, int) else -1 for one in (process, thread))
                lane.stream = stream_number(device, stream)
        taken: Counter[str] = Counter()
        for lane in self.lanes:
            if lane.name:
                lane.name = lane.name.replace(".", "_")
                taken[lane.name] += 1
                if taken[lane.name] > 1:
                    lane.name += f" ({taken[lane.name]})"


def _ps(us: object) -> int | None:
    """Picoseconds of a number of microseconds, None for anything else.

    A double has room for the picoseconds of two and a half hours. Of larger numbers, such as Kineto's, which
    count from a fixed date, only the nanoseconds that their writer knew are taken.
    """
    if type(us) is float:
        if -_EXACT_US < us < _EXACT_US:
            return round(us * 1e6)
        return round(us * 1e3) * 1000 if -_MOST_US < us < _MOST_US else None
    return us * _PS_PER_US if type(us) is int and -_MOST_US < us < _MOST_US else None


def _plain(value: Any) -> Any:
    """A key of a dictionary: text as it is, numbers by value, anything else as text."""
    return value if isinstance(value, str | int) else str(value)
