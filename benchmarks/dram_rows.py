"""The kind `dram` beside two cycle-level simulators, DRAMsim3 and Ramulator 2, row by row.

    python benchmarks/dram_rows.py [FILE ...]

Files have the form of `plugins/simres-dram/tests/dram-groups.json`; without any, the rows of that folder are
printed. The figures are shares of the peak bandwidth. `off` is the distance from the interval between the two
simulators, which differ in what a controller is free to do. Exit code 1: a row is farther off than 2 %, or
5 % where reads and writes mix.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1] / "plugins/simres-dram/tests"
sys.path.insert(0, str(TESTS))

from reference_traffic import (  # type: ignore[import-not-found]  # noqa: E402
    FILES,
    SIMULATORS,
    outside,
    rows,
    run,
    tolerance,
)

COLUMNS = f"{'device':7}{'addresses':10}{'traffic':15}{'group':>6}{'window':>8}"


def compared(files: Sequence[Path]) -> Iterator[tuple[Mapping[str, Any], float, float]]:
    """Each row of the files, its share of the peak here, and the distance from the interval."""
    for row in (row for path in files for row in rows(path)):
        share, _ = run(row)
        yield row, share, outside(share, row)


def main() -> int:
    """Prints a line a row, and how many are near enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, default=list(FILES), metavar="FILE")
    print(COLUMNS + "".join(f"{name:>12}" for name in (*SIMULATORS, "simres", "off")))
    missed = total = 0
    for row, share, off in compared(parser.parse_args().files):
        total += 1
        missed += abs(off) > tolerance(row)
        shares = "".join(
            f"{100 * found:10.1f} %" for found in (*(row[s]["bw_frac"] for s in SIMULATORS), share)
        )
        print(
            f"{row['dram']:7}{row['address_map']:10}{row['pattern']:15}{row.get('group_lines', 1):6}"
            f"{row['read_window'] or '-':>8}{shares}{100 * off:+10.1f} %"
            + ("  missed" if abs(off) > tolerance(row) else "")
        )
    print(f"{total - missed} of {total} rows are within their tolerance.")
    return missed > 0


if __name__ == "__main__":
    raise SystemExit(main())
