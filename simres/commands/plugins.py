"""`simres plugins`: lists parts and their packages, starts a new package, and checks contracts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from warnings import catch_warnings, simplefilter

import typer

from simres.commands.session import Session
from simres.errors import ExitCode, SimresError, SimresWarning, install
from simres.starters import Kind

if TYPE_CHECKING:
    from simres.plugins.catalogue import Provider
    from simres.plugins.registry import Registry


def plugins(
    session: Session, json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False
) -> None:
    """List every part that scenarios can name, its package, and the packages that failed to load."""
    registry = _all(session)
    if json:
        from simres.reporting.emit import emit

        emit(document(registry))
        return
    from simres.reporting.tables.plugin_table import plugin_table

    session.output.print_lines(plugin_table(registry.catalogues, registry.providers, session.page))


def new(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the plugin, such as `my-npu`.")],
    kind: Annotated[Kind, typer.Option("--kind", help="Kind of part to start from.")] = Kind.COMPONENT,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Parent folder of the package.")
    ] = Path(),
) -> None:
    """Write a package for your own part: code, a contract test that passes, and a scenario that uses it.

    Example: `simres plugins new my-npu`, then `cd simres-my-npu` and `pip install -e ".[dev]"`.
    """
    import shlex

    from simres.files import write_text
    from simres.starters import files

    made = files(name, kind)
    project = name.lower().replace("_", "-").removeprefix("simres-")
    folder = output / f"simres-{project}"
    if folder.exists() or folder.is_symlink():
        raise SimresError(f"`{folder}` already exists; nothing was written", "choose another folder: -o DIR")
    for path, text in made.items():
        write_text(folder / path, text)
    console = session.output
    console.print(f"Wrote `{folder}`: {', '.join(map(str, made))}. Next:\n")
    console.print(f"    cd {shlex.quote(str(folder))}")
    console.print(f'    pip install -e ".[dev]"\n    pytest\n    simres plugins check {project}\n')


def check(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Plugin or package.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Check every part of an installed plugin against its contract, on random workloads.

    Also finds names that another package claims. Operators and importers are only loaded: their own tests
    provide input for them. Exit code 1 if a contract is broken.
    """
    registry = _all(session)
    found = [provider for provider in registry.providers if _is_called(provider, name)]
    if not found:
        known = ", ".join(dict.fromkeys(provider.plugin for provider in registry.providers))
        raise SimresError(
            f"no plugin `{name}` is installed; installed: {known}",
            "run `pip install -e FOLDER` in the environment of simres",
        )
    try:
        from simres.testing import Outcome, outcomes
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise SimresError(
            "contracts are checked with hypothesis, which is not installed", install("testing")
        ) from error
    console = session.output
    results = []
    for provider in found:
        if provider.reason:
            results.append(Outcome(f"plugin `{provider.plugin}` ({provider})", provider.reason))
        for outcome in outcomes(registry, provider):
            results.append(outcome)
            if not json:
                console.print(f"{outcome.part}: {'broken' if outcome.broken else 'ok'}")
                console.stream.flush()
    broken = [outcome for outcome in results if outcome.broken]
    if json:
        from simres.reporting.emit import VERSIONS, emit

        listed = [{"part": outcome.part, "broken": outcome.broken} for outcome in results]
        emit({"schema_version": VERSIONS["contracts"], "plugin": name, "parts": listed})
    else:
        for outcome in broken:
            console.print(f"\n{outcome.part}\n  {outcome.broken}")
        console.print(f"{len(results) - len(broken)} of {len(results)} keep their contracts.")
    return ExitCode.ANSWER_IS_NO if broken else ExitCode.OK


def _all(session: Session) -> Registry:
    """All parts. The command itself reports packages that were left out, instead of the usual warnings."""
    registry = session.registry
    with catch_warnings():
        simplefilter("ignore", SimresWarning)
        registry.load_external()
    return registry


def _is_called(provider: Provider, name: str) -> bool:
    """Whether `name` is a plugin or its distribution; dashes, underscores and case do not matter."""
    plain = name.lower().replace("_", "-")
    own = (provider.plugin, provider.distribution)
    return plain in (word.lower().replace("_", "-") for word in own)


def document(registry: Registry) -> dict[str, Any]:
    """The JSON form: `plugins` (with the reason if one was left out) and `parts` by type."""
    from simres.reporting.emit import VERSIONS

    return {
        "schema_version": VERSIONS["plugins"],
        "plugins": [
            {
                "name": provider.plugin,
                "distribution": provider.distribution,
                "version": provider.version,
                "error": provider.reason,
                "import_s": round(provider.import_s, 3),
            }
            for provider in registry.providers
        ],
        "parts": {
            catalogue.what: [
                {"name": name, "summary": declaration.summary, "plugin": provider.plugin}
                for name, (declaration, provider) in catalogue.found.items()
            ]
            for catalogue in registry.catalogues
        },
        "contested": {
            f"{catalogue.what} {name}": [str(claim) for claim in claims]
            for catalogue in registry.catalogues
            for name, claims in catalogue.contested.items()
        },
    }
