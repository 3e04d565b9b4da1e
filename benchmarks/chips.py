"""Networks on chips around the paper's: whatever the memory, the bus and the number of units, it must hold.

    python benchmarks/chips.py [--traces FOLDER] [NETWORK ...]

For each network and chip `overlapped` and `serial` are scheduled, proven, simulated with all invariants
and held against their bounds: bytes moved at least the compulsory ones, makespan at least every bound,
`overlapped` no slower than `serial`, and nothing refused from 512 KiB on. Chips have 64 KiB to 16 MiB,
0.25 to 64 GB/s and one to four matrix units. Every other chip gets the int8 network. What went wrong is
listed at the end, and the exit status says whether anything did.

`--traces` names a folder of traced networks (`simres trace NETWORK -o FOLDER/NETWORK.json`), all of which
are run; else the shipped ones are, or those named, which are traced first.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from simres.api import find_workload
from simres.errors import AnswerIsNo, SimresError
from simres.hardware.chip import Chip
from simres.hardware.specs import MatrixSpec
from simres.passes.application import apply
from simres.plugins.registry import Registry
from simres.program import Program
from simres.program.record import RecordLevel
from simres.scenario import shipped
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.simulation.check import check
from simres.simulation.run import run
from simres.testing import behaviours, chip, paper_chip
from simres.units import PS_PER_S
from simres.workload import Workload

CHIPS = [
    # SRAM, bus in GB/s, matrix units
    ("64 KiB", "1", 1), ("64 KiB", "16", 2), ("64 KiB", "0.25", 4),
    ("128 KiB", "1", 2), ("128 KiB", "64", 1),
    ("256 KiB", "0.25", 1), ("256 KiB", "4", 3), ("256 KiB", "64", 4),
    ("512 KiB", "1", 1), ("512 KiB", "1", 2), ("512 KiB", "16", 4), ("512 KiB", "64", 1),
    ("1 MiB", "0.25", 1), ("1 MiB", "1", 1), ("1 MiB", "4", 2), ("1 MiB", "64", 3),
    ("2 MiB", "1", 4), ("2 MiB", "16", 1),
    ("4 MiB", "0.25", 2), ("4 MiB", "64", 4),
    ("16 MiB", "0.25", 1), ("16 MiB", "4", 1), ("16 MiB", "64", 4),
]  # fmt: skip
MUST_FIT = {"512 KiB", "1 MiB", "2 MiB", "4 MiB", "16 MiB"}
PASSES = ("fold_batch_norm", "fold_bias", "fuse_epilogues")


def machine(capacity: str, bandwidth: str, units: int) -> Chip:
    """The paper's chip with another memory and bus, and more matrix units."""
    plain = paper_chip(capacity, f"{bandwidth} GB/s")
    more = {
        f"matrix{number}": MatrixSpec.model_validate({"kind": "matrix", "rate": "1 TFLOP/s"})
        for number in range(2, units + 1)
    }
    return chip({**plain.components, **more})


def makespan(program: Program, on: Chip, network: Workload, units: int) -> tuple[int, list[str]]:
    """Picoseconds of a proven Program, and what does not hold."""
    check(program, on, network)
    record, chain = run(program, on, behaviours(on), RecordLevel.AGGREGATE)
    moved = program.bytes_read + program.bytes_written
    bus, host = on.engines["ddr"], on.engines["host"]
    bounds = {
        "compulsory bytes": network.compulsory_bytes * PS_PER_S // bus.bandwidth,  # type: ignore[attr-defined]
        "matrix work": 2 * network.macs // units,
        "host work": network.vector_ops * PS_PER_S // host.rate,  # type: ignore[attr-defined]
        "longest chain": chain,
    }
    wrong = [f"faster than its bound of {what}" for what, ps in bounds.items() if record.makespan_ps < ps]
    if moved < network.compulsory_bytes:
        wrong.append(f"moves {moved} B, compulsory are {network.compulsory_bytes} B")
    return record.makespan_ps, wrong


def case(network: Workload, capacity: str, bandwidth: str, units: int) -> tuple[str, list[str]]:
    """One network on one chip: a line about it, and what is wrong."""
    on = machine(capacity, bandwidth, units)
    begun = time.process_time()
    try:
        quick = overlapped.schedule(network, on, overlapped.Parameters())
        slow = serial.schedule(network, on, NoParameters())
    except AnswerIsNo as error:
        wrong = ["refused"] if capacity in MUST_FIT else [] if '"' in (error.hint or "") else ["no hint"]
        return f"does not fit; {error.hint}", wrong
    fast_ps, wrong = makespan(quick, on, network, units)
    slow_ps, more = makespan(slow, on, network, units)
    seconds = time.process_time() - begun
    line = f"{fast_ps / 1e9:10.3f} ms  serial {slow_ps / fast_ps:5.2f} x"
    line += f"  {len(quick.tasks):7d} tasks  {seconds:6.1f} s"
    if slow_ps < fast_ps:  # planning then keeps `serial`
        line += "  (serial is kept)"
    return line, wrong + more


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--traces", type=Path)
    asked = parser.parse_args()
    named = asked.networks or ([] if asked.traces else list(shipped.workloads()))
    if asked.traces:
        named += sorted(map(str, asked.traces.glob("*.json")))
    registry = Registry(external=False)
    failed = []
    for name in named:
        network = find_workload(name)
        assert isinstance(network, Workload)
        forms = [apply(PASSES, network, registry)]
        forms.append(apply(("quantise_int8",), forms[0], registry))
        for number, (capacity, bandwidth, units) in enumerate(CHIPS):
            form = ("fp32", "int8")[number % 2]
            what = f"{network.name:<20} {form}  {capacity:>7}  {bandwidth:>4} GB/s  {units} units"
            try:
                line, wrong = case(forms[number % 2], capacity, bandwidth, units)
            except SimresError as error:
                line, wrong = "", [f"{type(error).__name__}: {error}"]
            print(f"{what}  {line}{'  WRONG: ' if wrong else ''}{'; '.join(wrong)}", flush=True)
            failed += [f"{what}: {item}" for item in wrong]
    print(f"\n{len(named)} networks on {len(CHIPS)} chips: {len(failed)} things wrong", *failed, sep="\n  ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
