"""What becomes of a folder of SCALE-Sim topologies: `python benchmarks/scalesim.py FOLDER [--details]`.

For example the folder `topologies` of github.com/scalesim-project/SCALE-Sim. Each file is imported, or
refused for a reason; `--details` lists what is left out of one. Exit code 1 where one fails in any other way.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from simres_systolic.importing import read

from simres.errors import SimresError


def main() -> int:
    """Prints a line a file and the sum."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--details", action="store_true", help="what is left out of a file")
    asked = parser.parse_args()
    outcomes: Counter[str] = Counter()
    for path in sorted(asked.folder.rglob("*.csv")):
        name = path.relative_to(asked.folder)
        try:
            found = read([path])
        except SimresError as error:
            outcomes["refused"] += 1
            print(f"{name}: {' '.join(error.message.split())}")
            continue
        except Exception as error:
            outcomes["failed"] += 1
            print(f"{name}: {type(error).__name__}: {error}")
            continue
        outcomes["imported"] += 1
        layers = f"{len(found.workload.ops)} layers" if hasattr(found.workload, "ops") else "a ledger"
        print(f"{name}: {layers}, {found.workload.macs:,} MACs")
        for line in found.left_out if asked.details else ():
            print(f"    {line}")
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "no topology")
    return int(outcomes["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
