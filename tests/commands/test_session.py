"""Commands as Typer takes them, and the options that several share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from simres.commands.options import ScenarioOptions, pairs
from simres.commands.session import Session, for_typer
from simres.errors import SimresError


@dataclass(frozen=True, kw_only=True)
class Sizes:
    wide: Annotated[int, typer.Option("--wide", min=1)]
    high: Annotated[int, typer.Option("--high")] = 2


def ran(*arguments: str, plugins: bool = True) -> tuple[int, list[object]]:
    """The exit code, and what the command was called with."""
    called: list[object] = []
    app = typer.Typer()

    @app.callback()
    def _options(context: typer.Context) -> None:
        context.obj = Session(plugins=plugins)

    def command(session: Session, *, first: bool = False, sizes: Sizes, last: str = "") -> None:
        called.extend((session, first, sizes, last))

    app.command("command")(for_typer(command))
    return CliRunner().invoke(app, ["command", *arguments]).exit_code, called


def test_a_data_class_of_options_comes_filled_with_the_session_in_front():
    assert ran("--wide", "3", "--last", "z") == (0, [Session(), False, Sizes(wide=3, high=2), "z"])
    assert ran("--first", "--wide", "1", "--high", "5", plugins=False) == (
        0,
        [Session(plugins=False), True, Sizes(wide=1, high=5), ""],
    )


@pytest.mark.parametrize("arguments", [(), ("--wide", "0"), ("--wide", "x")])
def test_its_fields_are_required_and_checked_like_any_option(arguments):
    assert ran(*arguments) == (2, [])


def test_its_fields_stand_in_its_place_in_the_help():
    def command(session: Session, *, first: bool = False, sizes: Sizes, last: str = "") -> None:
        """Does nothing."""

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(for_typer(command))
    said = CliRunner().invoke(app, ["--help"]).stdout
    places = [said.index(name) for name in ("--first", "--wide", "--high", "--last")]
    assert places == sorted(places)
    assert "session" not in said


def test_settings_are_split_the_last_of_a_path_counts():
    asked = ScenarioOptions(scenario="paper", settings=["a.b = 1 GB/s", "c=d=e", "a.b=2 GB/s"])
    assert asked.overrides("paper") == {"a.b": "2 GB/s", "c": "d=e"}
    assert ScenarioOptions(scenario="paper").overrides("paper") == {}


@pytest.mark.parametrize("text", ["", "a", "=b", " =b"])
def test_what_has_no_two_sides_is_refused(text):
    with pytest.raises(SimresError, match=r"is not of the form --report NAME=FILE"):
        pairs([text], "--report NAME=FILE")


def test_a_session_makes_one_registry():
    session = Session(plugins=False)
    assert session.registry is session.registry
