"""The command line: one file a command, each a thin layer over the Python API.

Nothing heavy is imported here: `simres --help` needs neither simpy nor torch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from simres import __version__
from simres.commands import choices
from simres.commands.examples import examples
from simres.commands.guard import guard, guarded
from simres.commands.init import init
from simres.commands.plugins import plugins
from simres.commands.rerun import rerun
from simres.commands.schema import schema
from simres.commands.simulate import simulate
from simres.commands.timeline import timeline
from simres.commands.trace import trace
from simres.commands.validate import validate
from simres.commands.workload import show
from simres.errors import ExitCode

app = typer.Typer(
    name="simres",
    help="How long will my network take on this chip, and why?",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"simres {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Use the built-in parts only.")] = False,
) -> None:
    choices.plugins = not no_plugins


def _add(to: typer.Typer, command: Callable[..., Any], name: str | None = None) -> None:
    to.command(name or command.__name__)(guarded(command))


workload = typer.Typer(no_args_is_help=True, help="Look into a traced network.", rich_markup_mode=None)
_add(workload, show)

for command in (simulate, timeline, trace):
    _add(app, command)
app.add_typer(workload, name="workload")
for command in (rerun, validate, schema, init, examples, plugins):
    _add(app, command)


def main() -> None:
    """The entry point of `simres`: runs a command and exits with its code."""
    sys.exit(guard(_main))


def _main() -> int:
    usage_error: type[Exception] = typer.BadParameter.__mro__[2]  # click's ClickException, vendored or not
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except usage_error as error:
        error.show()  # type: ignore[attr-defined]
        return ExitCode.BAD_INPUT
    return int(code or 0)
