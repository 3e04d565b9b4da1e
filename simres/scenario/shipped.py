"""Scenarios, chips and workloads that come with simres.

In an installed wheel they lie in the package, in a checkout in the top-level `scenarios/`.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

from simres.errors import SimresError
from simres.files import STDIO, opened
from simres.text import shorten


@cache
def root() -> Path:
    """The folder of the shipped files: scenarios in `*.yaml`, `chips/*.yaml`, `workloads/*.json`.

    Raises `SimresError` if this installation has none.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "shipped", package.parent / "scenarios"):
        if (folder / "chips").is_dir():
            return folder
    raise SimresError(
        f"the scenarios that ship with simres are missing next to `{package}`", "install it again"
    )


def scenario(name: str) -> Path:
    """The file of a shipped scenario. Raises `SimresError`, with the list, if there is none."""
    return _named("scenario", name, scenarios())


def chip(name: str) -> Path:
    """The file of a shipped chip. Raises `SimresError`, with the list, if there is none."""
    return _named("chip", name, chips())


def workload(name: str) -> Path:
    """The file of a shipped workload. Raises `SimresError`, with the list, if there is none."""
    return _named("workload", name, workloads())


def find_scenario(reference: str | Path) -> Path:
    """The file that `reference` names: a path or, if there is no such file, a shipped scenario."""
    return _find("scenario", reference)


def find_chip(reference: str | Path) -> Path:
    """The file that `reference` names: a path or, if there is no such file, a shipped chip."""
    return _find("chip", reference)


def name_of(path: Path) -> str | None:
    """The name of the shipped workload at `path`, None if it is not shipped."""
    try:
        own = path.suffix == ".json" and path.resolve().parent == (root() / "workloads").resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return path.stem if own else None


def scenarios() -> dict[str, Path]:
    """The shipped scenarios by name."""
    return _files("*.yaml")


def chips() -> dict[str, Path]:
    """The shipped chips by name."""
    return _files("chips/*.yaml")


def workloads() -> dict[str, Path]:
    """The shipped workloads by name."""
    return _files("workloads/*.json")


def checkpoints() -> dict[str, Path]:
    """The shipped trained networks by name."""
    return _files("checkpoints/*.safetensors")


def find_checkpoint(reference: str | Path) -> Path:
    """The file or folder that `reference` names, or a shipped checkpoint. Raises `SimresError`."""
    path = Path(reference)
    if _is_there(path):
        return path
    known = checkpoints()
    if str(reference) not in known:
        raise SimresError(
            f"no such checkpoint: `{shorten(path, 300)}`",
            f"a .safetensors file, the folder of a run, or one that ships with simres: {', '.join(known)}",
        )
    return known[str(reference)]


def description(path: Path) -> str:
    """One line on a shipped file: the description of a scenario or chip, the contents of a workload."""
    if path.suffix == ".yaml":
        from simres.scenario.source import read

        return str(read(path).data.get("description", ""))
    if path.suffix == ".safetensors":
        return _trained(path)
    from simres.units import format_count
    from simres.workload import json as workload_json
    from simres.workload.graph import Ledger

    found = workload_json.read(path)
    macs = f"{format_count(found.macs)} MACs"
    if isinstance(found, Ledger):
        return f"a ledger of {len(found.rows)} rows, {macs}"
    return f"{len(found.ops)} operators, {format_count(found.parameters)} parameters, {macs}"


def known_error(path: Path) -> str:
    """What a chip's file says of its error against silicon; empty where that is not known."""
    from simres.scenario.source import read

    return str(read(path).data.get("validated", ""))


def _trained(path: Path) -> str:
    """A summary of a checkpoint's metadata, read without torch: a length, then JSON, then the weights."""
    import json

    with opened(path, "checkpoint") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    found = header["__metadata__"]
    share = f"{100 * float(found['accuracy']):.2f} %"
    return f"{found['network']} trained for {found['epoch']} epochs, {share} right on the test images"


def _files(pattern: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted(root().glob(pattern))}


def _find(what: str, reference: str | Path) -> Path:
    path, text = Path(reference), str(reference)
    as_path = isinstance(reference, Path) or path.suffix or "/" in text or "\\" in text or path == STDIO
    if as_path or _is_there(path):
        return path
    return _named(what, text, scenarios() if what == "scenario" else chips())


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a file's name, or with a NUL in it
        return False


def _named(what: str, name: str, files: dict[str, Path]) -> Path:
    if name in files:
        return files[name]
    known = ", ".join(files)
    close = get_close_matches(name[:100], files, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "`simres examples` lists what comes with simres"
    raise SimresError(f"no file and no shipped {what} is called `{shorten(name)}`; there are {known}", hint)
