"""The command line: one thin file a command.

Nothing heavy is imported here, and of the commands only the one that was asked for: `simres --help`
needs neither simpy nor torch, and a command more costs the others no time.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from io import StringIO, TextIOWrapper
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from simres import __version__
from simres.commands.errors_to_exit_codes import guard, guarded
from simres.commands.session import Session, for_typer
from simres.errors import ExitCode
from simres.text import printable_lines

COMMANDS = (
    "simulate",
    "explain",
    "schedule",
    "timeline",
    "whatif",
    "ladder",
    "view",
    "compare",
    "roofline",
    "report",
    "sweep",
    "explore",
    "saturate",
    "calibrate",
    "trace",
    "import",
    "train",
    "evaluate",
    "models",
    "skip",
    "prune",
    "plot front",
    "plot heat",
    "plot curves",
    "plot depth",
    "plot responses",
    "plot features",
    "workload show",
    "rerun",
    "verify",
    "validate",
    "schema",
    "init",
    "examples",
    "plugins",
    "plugins new",
    "plugins check",
)
"""Every command, in the order of `--help`. `a b` is the function `b` of `simres.commands.a`; for a Python
keyword such as `import`, module and function end in `_`. With both `a` and `a b`, `a` is the command
without a second word."""

GROUPS = {
    "workload": "Inspect a traced network.",
    "plot": "Draw swept designs, training runs and trained networks.",
}
"""What the commands of two words have in common, by their first."""


class _Group(TyperGroup):
    """Commands with the whole first sentence of each: what click shows ends where the line does."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in found.items() if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"simres {__version__}")
        raise typer.Exit


def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Use the built-in parts only.")] = False,
) -> None:
    """How long will my network take on this chip, and why?"""
    context.obj = Session(plugins=not no_plugins)


def build(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="simres",
        cls=_Group,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    groups: dict[str, typer.Typer] = {}
    for name in names:
        first, _, second = name.partition(" ")
        module = f"{first}_" if iskeyword(first) else first
        command = for_typer(guarded(getattr(import_module(f"simres.commands.{module}"), second or module)))
        if second:
            if first not in groups:
                groups[first] = typer.Typer(
                    cls=_Group, no_args_is_help=True, help=GROUPS[first], rich_markup_mode=None
                )
                app.add_typer(groups[first], name=first)
            groups[first].command(second)(command)
        elif any(other.startswith(f"{first} ") for other in names):
            groups[first] = typer.Typer(cls=_Group, invoke_without_command=True, rich_markup_mode=None)
            groups[first].callback()(command)
            app.add_typer(groups[first], name=first)
        else:
            app.command(first)(command)
    return app


def main() -> None:
    """The entry point of `simres`: runs a command and exits with its code."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # from here on, Ctrl-C is a message
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # simres has no use for pydantic's own plugins, for which it would search every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Python has no stream where the shell closed one (`>&-`): what is written there goes nowhere. Names of
    # files may be no text in any encoding.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = guard(_main)
    gc.disable()  # the process ends here: no last search for garbage
    sys.exit(code)


def _main() -> int:
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    names = [name for name in COMMANDS if name.partition(" ")[0] == asked]
    usage_error: type[Exception] = typer.BadParameter.__mro__[2]  # click's ClickException, vendored or not
    try:
        code = build(names or COMMANDS)(prog_name="simres", standalone_mode=False)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except usage_error as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            shown = StringIO()
            error.show(file=shown)  # type: ignore[attr-defined]
            sys.stderr.write(printable_lines(shown.getvalue()))
            return ExitCode.BAD_INPUT
        from simres.commands import usage_errors

        raise usage_errors.usage_error(error) from None
    return int(code or 0)


def __getattr__(name: str) -> typer.Typer:
    """`app`, with all commands, for tools that document or complete it."""
    if name == "app":
        return build()
    raise AttributeError(name)
