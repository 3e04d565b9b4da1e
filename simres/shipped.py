"""The scenarios, chips and workloads that come with simres.

In an installed wheel they lie in the package, in a checkout in the top-level `scenarios/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from simres.errors import SimresError


@dataclass(frozen=True, slots=True)
class Shipped:
    """One of them: its name, its file and a line that says what it is."""

    name: str
    path: Path
    description: str


@cache
def root() -> Path:
    """The folder they are in: `*.yaml` are scenarios, `chips/*.yaml` chips, `workloads/*.json` workloads.

    Raises `SimresError` when this installation has none.
    """
    package = Path(__file__).parent
    for folder in (package / "shipped", package.parent / "scenarios"):
        if (folder / "chips").is_dir():
            return folder
    raise SimresError(
        f"the scenarios that come with simres are missing beside `{package}`", "install it again"
    )


def scenario(name: str) -> Path:
    """The file of a shipped scenario. Raises `SimresError`, with the list, when there is none."""
    return _named("scenario", name, scenario_files())


def chip(name: str) -> Path:
    """The file of a shipped chip. Raises `SimresError`, with the list, when there is none."""
    return _named("chip", name, chip_files())


def workload(name: str) -> Path:
    """The file of a shipped workload. Raises `SimresError`, with the list, when there is none."""
    return _named("workload", name, workload_files())


def find_scenario(reference: str | Path) -> Path:
    """The file that `reference` names: a path, or a shipped scenario's name where no such file is."""
    return _find("scenario", reference)


def find_chip(reference: str | Path) -> Path:
    """The file that `reference` names: a path, or a shipped chip's name where no such file is."""
    return _find("chip", reference)


def name_of(path: Path) -> str | None:
    """The name of the shipped workload that `path` is, None if it is none."""
    try:
        own = path.suffix == ".json" and path.resolve().parent == (root() / "workloads").resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return path.stem if own else None


def scenario_files() -> dict[str, Path]:
    """The shipped scenarios by name."""
    return _files("*.yaml")


def chip_files() -> dict[str, Path]:
    """The shipped chips by name."""
    return _files("chips/*.yaml")


def workload_files() -> dict[str, Path]:
    """The shipped workloads by name."""
    return _files("workloads/*.json")


def scenarios() -> list[Shipped]:
    """The shipped scenarios, described."""
    return [Shipped(name, path, _described(path)) for name, path in scenario_files().items()]


def chips() -> list[Shipped]:
    """The shipped chips, described."""
    return [Shipped(name, path, _described(path)) for name, path in chip_files().items()]


def workloads() -> list[Shipped]:
    """The shipped workloads, described by what they hold."""
    from simres import units
    from simres.workload import Ledger
    from simres.workload_json import read

    listed = []
    for name, path in workload_files().items():
        found = read(path)
        if isinstance(found, Ledger):
            size = f"a ledger of {len(found.rows)} rows"
        else:
            size = f"{len(found.ops)} ops, {units.format_count(found.parameters)} parameters"
        listed.append(Shipped(name, path, f"{size}, {units.format_count(found.macs)} MACs"))
    return listed


def _files(pattern: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted(root().glob(pattern))}


def _described(path: Path) -> str:
    from simres.scenario.source import read

    return str(read(path).data.get("description", ""))


def _find(what: str, reference: str | Path) -> Path:
    path, text = Path(reference), str(reference)
    if isinstance(reference, Path) or path.suffix or "/" in text or "\\" in text or path.is_file():
        return path
    return _named(what, text, scenario_files() if what == "scenario" else chip_files())


def _named(what: str, name: str, files: dict[str, Path]) -> Path:
    if name in files:
        return files[name]
    known = ", ".join(files)
    close = get_close_matches(name, files, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "`simres examples` lists what comes with simres"
    raise SimresError(f"no file and no shipped {what} is called `{name}`; there are {known}", hint)
