"""Every command that the documentation shows runs, in its page's order, from a folder like a clone.

Where `docs/generate.py` makes what a page shows of a command's output, that is what the command prints.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from onnx import TensorProto, helper

from simres.commands import build
from tests.hostile.topologies import CONFIGURATION
from tests.traces.traces import on_thread, written

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "plugins").glob("*/README.md"),
    )
    if page.name not in ("CHANGELOG.md", "performance.md")
)

NOT_HERE = {
    r"cifar10|checkpoint\.safetensors|without-|networks\.yaml": "wants data that is not there, or training",
    r"^calibrate": "measures the machine, for minutes",
    r"--cluster": "wants a cluster",
    r"^view": "wants a terminal",
    r"\.\.\.|[A-Z]{4,}|NAME": "stands for several commands",
    r"^train resnet20 --block": "trains for hours",
}
"""What is not run, and why."""

LESS = (
    ("images=1600", "images=160"),
    ("sweep design-space", 'sweep design-space --vary "hardware.sram.capacity=64 KiB"'),
)
"""What commands are given in place of what a page says, where nothing of their output is shown."""

REFUSED = ("sweep mine.yaml",)
"""Commands that show how something wrong is refused."""

MODEL = """\
import torch


def build():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
"""


def commands_in(text: str) -> Iterator[str]:
    """The commands in blocks of a page: after `$`, or a line alone; without comments."""
    for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        if language in ("", "console", "bash", "sh"):
            lines = re.sub(r"\\\n\s*", " ", block).splitlines()
            for line in lines:
                found = re.match(r"\s*(?:\$ )?simres ((?:[a-z]|--).*)", line)
                if found and (language != "console" or line.lstrip().startswith("$")):
                    yield re.sub(r"\s+#.*", "", found[1])


TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
COMMANDS = {page: tuple(commands_in(text)) for page, text in TEXTS.items()}


def runs_elsewhere(page: str, command: str, shown: str) -> bool:
    """Whether a later page has the command too, perhaps with more options, and shows as much of its output.

    What makes a file for the commands that follow runs nevertheless.
    """
    return not re.search(r"^init | -o ", command) and any(
        shown in TEXTS[later]
        if shown
        else any(f"{other} ".startswith(f"{command} ") for other in COMMANDS[later])
        for later in PAGES
        if later > page
    )


def spans_in(text: str) -> Iterator[str]:
    """The commands in the running text of a page."""
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    for found in re.findall(r"`simres ([^`]+)`", outside):
        yield " ".join(found.split())


def materials(folder: Path) -> None:
    """What a page takes for granted: a clone, and files of the reader's own."""
    for name in ("scenarios", "plugins"):
        (folder / name).symlink_to(ROOT / name)
    streams = (ROOT / "docs" / "streams.md").read_text(encoding="utf-8")
    (both,) = [block for block in re.findall(r"```yaml\n(.*?)```", streams, re.DOTALL) if "camera:" in block]
    (folder / "both.yaml").write_text(both)
    topology = ROOT / "plugins" / "simres-systolic" / "tests" / "reference" / "resnet18.csv"
    (folder / "resnet18.csv").write_bytes(topology.read_bytes())
    (folder / "scale.cfg").write_bytes(CONFIGURATION)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", ends[:1], ends[1:])
    (folder / "net.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    names = ("conv2d", "batch_norm", "NativeBatchNormBackward0", "add_")
    written(folder / "step.json", [on_thread(name, 20.0 * at, 18.0) for at, name in enumerate(names)])
    (folder / "mypackage").mkdir()
    (folder / "mypackage" / "models.py").write_text(MODEL)


@pytest.mark.torch
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_and_print_what_it_shows(simres, page, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    materials(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "docs")
    generate = import_module("generate")
    monkeypatch.setenv("COLUMNS", generate.COLUMNS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for split in ("TRAIN", "TEST"):
        monkeypatch.setattr(f"simres.training.generated_shapes.{split}", 256)
    shown = {block[2]: block for block in generate.SHOWN.finditer(TEXTS[page])}
    for command in COMMANDS[page]:
        block = shown.pop(command, None)
        if any(re.search(what, command) for what in NOT_HERE):
            assert block is None
        elif not runs_elsewhere(page, command, "" if block is None else block[0]):
            asked = (
                command
                if block is not None
                else reduce(lambda text, less: text.replace(*less), LESS, command)
            )
            code, out, err = simres(*shlex.split(asked))
            assert code == (2 if command in REFUSED else 0), f"simres {asked}\n{out}{err}"
            if block is not None:
                assert generate.with_printed(block, out) == block[0]
    assert not shown


def test_what_is_not_run_is_little_and_has_its_reason() -> None:
    every = [command for page in PAGES for command in COMMANDS[page]]
    left = [command for command in every if any(re.search(what, command) for what in NOT_HERE)]
    assert len(every) > 70
    assert len(left) < len(every) / 3, left
    assert [what for what in NOT_HERE if not any(re.search(what, command) for command in every)] == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_that_a_page_names_exist(page: str) -> None:
    for command in (*COMMANDS[page], *spans_in(TEXTS[page])):
        words = shlex.split(command)
        found: Any = typer.main.get_command(build())
        known = {option for parameter in found.params for option in parameter.opts}
        while words and hasattr(found, "commands"):
            word = words.pop(0)
            if not word.startswith("-") and word != "...":
                assert word in found.commands, f"simres {command}"
                found = found.commands[word]
                known |= {option for parameter in found.params for option in parameter.opts}
        asked = {word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word)}
        assert asked <= known | {"-h", "--help"}, f"simres {command}"
