"""`simres view`: a result to walk through in the terminal."""

from __future__ import annotations

import gc
import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from simres.commands.options import ResultOptions
from simres.commands.session import Session
from simres.errors import SimresError, install


def view(
    session: Session,
    asked: ResultOptions,
    light: Annotated[
        bool, typer.Option("--light", help="Start in light colours; the key `t` switches.")
    ] = False,
) -> None:
    """Browse a timeline: zoom, search, see stalls and what memory held.

    Needs a terminal and the extra `view`; press `?` for the keys.

    Examples: `simres view out`, `simres view resnet20`, `simres view torchvision:resnet18 --chip tpu-like`.
    """
    _check_terminal()
    if find_spec("textual") is None:
        raise SimresError("`simres view` needs Textual, which is not installed", install("view"))
    found = session.result(asked)

    from simres.reporting.viewer.index import ViewIndex

    index = ViewIndex(found)
    gc.freeze()  # a large result is millions of objects: searching them for garbage would show as a stutter

    from simres.reporting.viewer.app import Viewer

    Viewer(index, session.page, light=light).run()


def _check_terminal() -> None:
    # Python has no stdin where the shell closed it (`<&-`).
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise SimresError(
            "`simres view` needs a terminal, and the output is not one",
            "`simres timeline RESULT` draws a stored result as text, `simres simulate SCENARIO --timeline` "
            "a scenario's",
        )
