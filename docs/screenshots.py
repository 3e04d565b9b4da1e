"""Takes the pictures of the terminal that the documentation shows, as SVG under docs/images/.

    python docs/screenshots.py [NAME...]

Commands that print are in `PRINTED`: their output is captured with its colours and drawn by rich. Walks
through `simres view` are in `WALKED`: keys are pressed, and Textual exports its screen. The same code gives
the same bytes. Whatever fails ends the script, so that no picture is left out unseen.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from simres import api
from simres.files import write_text
from simres.reporting.page import Page
from simres.reporting.viewer.app import Viewer
from simres.reporting.viewer.index import ViewIndex

FOLDER = Path(__file__).parent / "images"
ROOT = Path(__file__).parents[1]
COLUMNS = 100

PRINTED = {
    "simulate": "simulate resnet20",
    "timeline": "simulate resnet18 --chip edge-npu --timeline",
    "compare": "compare paper resnet20",
    "explain": "explain resnet18 --chip edge-npu",
    "whatif": "whatif resnet20 --target 500us",
    "ladder": "ladder paper",
}
"""Pictures by name: what is typed after `simres`."""

_ON_PATH = ("plus",) * 4 + ("right_square_bracket",) * 40
WALKED: dict[str, tuple[tuple[str, ...], bool]] = {
    "view": (("down", "down", *("right",) * 24, *("plus",) * 4, "full_stop"), False),
    "view-help": (("question_mark",), False),
    "view-light": (("slash", *"layer2.0.conv1", "enter", *_ON_PATH), True),
}
"""Pictures by name: keys, and whether in light colours."""


def printed(command: str) -> str:
    """What a command prints, as a picture."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *shlex.split(command)],
        env={name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        | {"COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"simres {command}: {done.stderr}")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ simres {command}", "bold"))
    console.print(Text.from_ansi(done.stdout.rstrip()), soft_wrap=False)
    return console.export_svg(title=f"simres {command}", unique_id="simres")


async def walked(keys: tuple[str, ...], light: bool) -> str:
    """The screen after some keys."""
    app = Viewer(ViewIndex(api.simulate("resnet18", chip="edge-npu")), Page(), light=light)
    async with app.run_test(size=(COLUMNS, 30)) as pilot:
        while app.unknown:
            await pilot.pause(0.05)
        for key in keys:
            await pilot.press(key)
        await pilot.pause(0.2)
        picture = app.export_screenshot(title="simres view")
    # Textual names its classes after a checksum of times and places: one name for all is as good.
    return re.sub(r"terminal-\d+", "terminal-simres", picture)


def main() -> int:
    """Writes the pictures that were asked for by name, or all of them."""
    wanted = sys.argv[1:] or [*PRINTED, *WALKED]
    if unknown := [name for name in wanted if name not in PRINTED | WALKED]:
        sys.stderr.write(f"no picture {', '.join(unknown)}; there are {', '.join(PRINTED | WALKED)}\n")
        return 1
    os.environ.pop("NO_COLOR", None)
    FOLDER.mkdir(exist_ok=True)
    for name in wanted:
        picture = printed(PRINTED[name]) if name in PRINTED else asyncio.run(walked(*WALKED[name]))
        text = "".join(f"{line.rstrip()}\n" for line in picture.splitlines())
        write_text(FOLDER / f"{name}.svg", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
