"""`simres examples`: what comes with simres, and how to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands.session import Session
from simres.files import read_text


def examples(
    session: Session,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the scenarios, chips, workloads and checkpoints that ship with simres."""
    from simres.scenario import shipped

    kinds = {
        "scenario": (shipped.scenarios(), "simres simulate {}"),
        "chip": (shipped.chips(), "simres simulate resnet20 --chip {}"),
        "workload": (shipped.workloads(), "simres workload show {}"),
        "checkpoint": (shipped.checkpoints(), "simres skip {} --scenario resnet20 --data DATA"),
    }
    if json:
        _print_json(kinds)
        return
    from simres.reporting.text.columns import Column

    page = session.page
    for kind, (files, command) in kinds.items():
        said = [shipped.description(path) for path in files.values()]
        if kind == "chip":
            errors = [shipped.known_error(path) or "not known" for path in files.values()]
            said = [f"{text}\nerror against silicon: {one}" for text, one in zip(said, errors, strict=True)]
        seen = [_to_see(path, command).format(name) for name, path in files.items()]
        columns = [
            Column("name", list(files), right=False),
            Column("what it is", said, right=False, folds=True),
            Column("to see it", seen, right=False),
        ]
        session.output.print_lines([*page.titled(f"{kind.capitalize()}s"), *page.table(columns)])


def _to_see(path: Path, command: str) -> str:
    """The command for a file; a scenario that says what varies is there to be swept."""
    swept = path.suffix == ".yaml" and "\nsweep:" in read_text(path, "scenario")
    return "simres sweep {}" if swept else command


def _print_json(kinds: dict[str, tuple[dict[str, Path], str]]) -> None:
    from simres.reporting.emit import VERSIONS, emit
    from simres.scenario import shipped

    document = {
        f"{kind}s": [
            {
                "name": name,
                "path": str(path),
                "description": shipped.description(path),
                "command": _to_see(path, command).format(name),
            }
            | ({"validated": shipped.known_error(path)} if kind == "chip" else {})
            for name, path in files.items()
        ]
        for kind, (files, command) in kinds.items()
    }
    emit({"schema_version": VERSIONS["examples"], **document})
