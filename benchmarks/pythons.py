"""The same Record on every Python: runs the shipped scenarios on each interpreter given and compares.

    python benchmarks/pythons.py python3.11 python3.13 ...

Each interpreter gets a fresh environment with simres from this checkout in a temporary folder. Exits 1
when any Record differs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIGESTS = """
import hashlib, platform
import simres
from simres.scenario import shipped
digests = []
for name in sorted(shipped.scenarios()):
    document = simres.simulate(name).to_document()
    text = repr((document["record"], document["layers"], document["bounds_ps"]))
    digests.append(f"{name}:{hashlib.sha256(text.encode()).hexdigest()[:16]}")
print(platform.python_version(), *digests)
"""


def digests(python: str, folder: Path) -> tuple[str, list[str]]:
    """Version of an interpreter and the digests of its Records."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    made = folder / "bin" / "python"
    subprocess.run([made, "-m", "pip", "install", "-q", str(ROOT)], check=True)
    done = subprocess.run([made, "-c", DIGESTS], check=True, capture_output=True, text=True, cwd=folder)
    version, *found = done.stdout.split()
    return version, found


def main() -> None:
    """Prints a line an interpreter."""
    interpreters = sys.argv[1:] or [sys.executable]
    seen: set[tuple[str, ...]] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for number, python in enumerate(interpreters):
            version, found = digests(python, Path(scratch) / str(number))
            print(f"Python {version:10} {'  '.join(found)}")
            seen.add(tuple(found))
    print("identical" if len(seen) == 1 else "DIFFERENT")
    sys.exit(len(seen) != 1)


if __name__ == "__main__":
    main()
