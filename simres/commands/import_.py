"""`simres import`: another tool's files in, a workload and perhaps a scenario out; of a trace, a result."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.session import Session
from simres.errors import InvalidFile, Problem, SimresError
from simres.files import STDIO

TRACE = "trace"
"""The format that simres reads itself."""

if TYPE_CHECKING:
    from simres.plugins.imported import Imported
    from simres.plugins.registry import Registry


def import_(
    session: Session,
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="The format: `trace`, or an importer that `simres plugins` lists.",
        ),
    ],
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of that format.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write to; created if missing.")
    ] = Path(),
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="For a trace: leave out what is before TIME.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="For a trace: leave out what is after TIME.")
    ] = None,
) -> None:
    """Import another tool's files as a workload, and as a scenario if they describe a chip.

    `trace` imports the trace of a real machine (torch.profiler, XProf, or `--perfetto`) as a result: explain,
    draw and compare it, and ask `whatif`, like a simulated run.

    Examples: `simres import trace trace.json -o run`; with the plugin simres-systolic
    `simres import scalesim resnet18.csv scale.cfg -o mine`.
    """
    if form == TRACE:
        _trace(session, files, output, since, until)
        return
    if since is not None or until is not None:
        raise SimresError("--from and --to are for `simres import trace`")
    from simres.files import write_text
    from simres.plugins.registry import resolve
    from simres.units import format_bytes, format_count
    from simres.workload.graph import Workload
    from simres.workload.json import dumps

    registry, console = session.registry, session.output
    imported = checked(resolve(registry.importer(form).target)(files), str(files[0]))
    workload = imported.workload
    texts = {output / f"{workload.name}.json": dumps(workload)}
    if imported.scenario is not None:
        path = output / f"{workload.name}.yaml"
        texts[path] = scenario_text(imported, path, registry)
    if taken := [path for path in texts if path.exists() or path.is_symlink()]:
        names = ", ".join(f"`{path}`" for path in taken)
        raise SimresError(f"already there: {names}; nothing was written", "name another folder: -o DIR")
    for path, text in texts.items():
        write_text(path, text)
    layers = len(workload.ops if isinstance(workload, Workload) else workload.rows)
    weights = f", {format_bytes(workload.weight_bytes)} of weights" if isinstance(workload, Workload) else ""
    console.print(f"{workload.name}: {layers} layers, {format_count(workload.macs)} MACs{weights}")
    for line in imported.left_out:
        console.print(f"left out: {line}")
    *_, last = texts
    chip = "" if last.suffix == ".yaml" else " --chip paper"
    names = " and ".join(f"`{path}`" for path in texts)
    console.print(f"Wrote {names}. Next:\n\n    simres simulate {shlex.quote(str(last))}{chip}\n")


def _trace(session: Session, files: list[Path], output: Path, since: str | None, until: str | None) -> None:
    """Imports one trace. Raises `SimresError`."""
    from simres.commands.options import moment
    from simres.reporting.text.traced import summary
    from simres.traces.importing import import_trace
    from simres.traces.selection import Window

    if len(files) != 1:
        raise SimresError(f"a trace is one file, not {len(files)}", "import each into a folder of its own")
    path = output / "result.json"
    if path.exists() or path.is_symlink():
        raise SimresError(f"already there: `{path}`; nothing was written", "name another folder: -o DIR")
    window = Window(moment(since or "0", "--from"), None if until is None else moment(until, "--to"))
    result = import_trace(files[0], window)
    result.save(output)
    if output == STDIO:
        return
    console = session.output
    for line in summary(result):
        console.print_lines(session.page.prose(line))
    folder = shlex.quote(str(output))
    console.print(f"Wrote `{path}`. Next:\n\n    simres explain {folder}\n")


def checked(imported: Imported, source: str) -> Imported:
    """What was imported from `source`. Raises `InvalidFile` if its workload is invalid."""
    from simres.workload.graph import Workload
    from simres.workload.rules import problems_of_ledger, problems_of_workload

    workload = imported.workload
    found = problems_of_workload(workload) if isinstance(workload, Workload) else problems_of_ledger(workload)
    if problems := [Problem(0, 0, problem) for problem in found]:
        raise InvalidFile("import of", source, problems)
    return imported


def scenario_text(imported: Imported, path: Path, registry: Registry) -> str:
    """The whole text of the scenario, which loads. Raises `SimresError` where it does not."""
    from json import dumps

    import yaml

    from simres.scenario.loader import from_document

    name = imported.workload.name
    head = f"schema_version: 1\nname: {dumps(name)}\nworkload: {dumps(f'./{name}.json')}\n"
    text = f"{head}\n{imported.scenario}"
    from_document(yaml.safe_load(text), registry=registry, name=str(path))
    return text
