"""Writes measurements as the YAML of a chip."""

from __future__ import annotations

from collections.abc import Iterator

from simres.calibration.measure import Measurements
from simres.calibration.timing import Timing
from simres.units import (
    BANDWIDTH,
    DURATION,
    PS_PER_S,
    RATE,
    SIZE,
    format_bandwidth,
    format_duration,
    format_rate,
)


def chip_yaml(found: Measurements) -> str:
    """Returns a chip file: a bus as fast as memory, an SRAM as large as the last cache, and rates by shape.

    A convolution was measured with its weights in memory. The bus is charged the time of their transfer and
    the matrix unit the rest, so that a schedule without overlap takes the measured time.
    """
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Measurements) -> Iterator[str]:
    here = found.machine
    bandwidth = _three_digits(max(found.copy_rate, found.read_rate))
    yield "schema_version: 1"
    yield f"description: {_quoted(str(here))}"
    yield "source: measured by `simres calibrate`; one operator at a time, so simulate it with `serial`"
    yield ""
    yield "hardware:"
    yield "  ddr:"
    yield "    kind: ddr"
    copied, alone = format_bandwidth(found.copy_rate), format_bandwidth(found.copy_rate_one_thread)
    yield f"    # Copies of large arrays, read and written: {copied}; with one thread {alone}."
    yield f"    # Reading alone: {format_bandwidth(found.read_rate)}."
    yield f"    bandwidth: {BANDWIDTH.spell(bandwidth)}"
    yield "  sram:"
    yield "    kind: sram"
    known = "as far as it is this machine's" if here.cache_known else "assumed: the system does not say"
    yield f"    # The last cache, {known}."
    yield f"    capacity: {SIZE.spell(here.cache)}"
    yield "    # Copies that stay in the caches."
    yield f"    port_bandwidth: {BANDWIDTH.spell(_three_digits(found.on_chip_rate))}"
    yield from _matrix(found, bandwidth)
    yield from _host(found)


def _matrix(found: Measurements, bandwidth: int) -> Iterator[str]:
    taken = {shape: _beyond(timing, found.matrix_call) for shape, timing in found.matrix.items()}
    bus = {shape: 4 * shape.weight_elements * PS_PER_S // bandwidth for shape in taken}
    # Where the bus takes most of the time, the rest is noise and does not determine a rate.
    alone = {shape: max(ps - bus[shape], ps // 2) for shape, ps in taken.items()}
    rate = _three_digits(max(2 * shape.macs * PS_PER_S // ps for shape, ps in alone.items()))
    yield "  matrix:"
    yield "    kind: matrix"
    yield f"    # The fastest shape that was measured: {format_rate(rate)}."
    yield f"    rate: {RATE.spell(rate)}"
    yield "    # A linear layer of one number, called as a module."
    yield f"    launch: {DURATION.spell(found.matrix_launch.ps)}"
    if found.small_input is not None:
        yield "    # torch does convolutions up to this size in a way of its own."
        yield f"    small_input: {found.small_input}"
    yield "    # operator, groups, stride, kernel, c, m, pixels, share of the rate; behind it what it took"
    yield "    efficiency:"
    for shape, ps in taken.items():
        share = min(1.0, 2 * shape.macs * PS_PER_S / (rate * max(1, ps - bus[shape])))
        row = (
            found.kind(shape),
            shape.groups,
            shape.stride,
            shape.kernel**2,
            shape.c,
            shape.m,
            shape.pixels,
            _share(share),
        )
        timing = found.matrix[shape]
        said = f"{format_duration(timing.ps)}, spread {timing.spread:.0%}"
        yield f"      - [{', '.join(map(str, row))}]  # {said}"


def _host(found: Measurements) -> Iterator[str]:
    taken = {shape: _beyond(timing, found.host_call) for shape, timing in found.host.items()}
    fastest = max(taken, key=lambda shape: found.vector_ops[shape] / taken[shape])
    rate = _three_digits(found.vector_ops[fastest] * PS_PER_S // taken[fastest])
    yield "  host:"
    yield "    kind: host"
    yield f"    # The fastest operator that was measured, {fastest.operator}."
    yield f"    rate: {RATE.spell(rate)}"
    yield "    # ReLU of one number, called as a module."
    yield f"    launch: {DURATION.spell(found.host_launch.ps)}"
    yield "    # operator, vector operations, share of the rate; `any` is `add`, for operators without a row"
    yield "    efficiency:"
    for shape, ps in taken.items():
        operations, timing = found.vector_ops[shape], found.host[shape]
        share = _share(min(1.0, operations * PS_PER_S / (rate * ps)))
        said = f"{format_duration(timing.ps)}, spread {timing.spread:.0%}"
        for kind in (shape.operator, *(["any"] if shape.operator == "add" else [])):
            yield f"      - [{kind}, {operations}, {share}]  # {said}"


def _beyond(timing: Timing, call: Timing) -> int:
    """Returns the picoseconds beyond those of the call itself, with a minimum at the level of noise."""
    return max(timing.ps - call.ps, timing.ps // 10, 1)


def _three_digits(value: int) -> int:
    """Rounds a value up to three digits: no measurement is more precise, and no share exceeds 1."""
    step = 10 ** max(0, len(str(value)) - 3)
    return int(-(-value // step) * step)


def _share(share: float) -> str:
    """Spells four digits without an exponent, which YAML reads as a number."""
    text = f"{max(share, 1e-6):.4g}"
    return f"{float(text):.10f}".rstrip("0") if "e" in text else text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'
