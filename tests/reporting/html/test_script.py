"""The scripts of the page: their own tests, run by Node, and what they share with Python."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.reporting.html import design_pages, page
from simres.reporting.html.packed import packed
from simres.units import format_bytes, format_count, format_duration

HERE = Path(__file__).parent
SCRIPTS = Path(str(files("simres.reporting.html"))) / "script"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs Node: apt-get install nodejs")


def node(*arguments: object, given: str = "") -> str:
    """What Node prints; fails with all that it says where it ends with an error."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, *map(str, arguments)], input=given, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def evaluated(module: str, expression: str, value: object) -> object:
    """What an expression of JavaScript over `value` is, with all that a module exports at hand as `m`."""
    program = (
        f"import * as m from {json.dumps((SCRIPTS / module).as_uri())};"
        'import { readFileSync } from "node:fs";'
        'const value = JSON.parse(readFileSync(0, "utf8"));'
        f"process.stdout.write(JSON.stringify({expression}));"
    )
    return json.loads(node("--input-type=module", "--eval", program, given=json.dumps(value)))


@needs_node
def test_the_scripts_pass_their_own_tests() -> None:
    tests = sorted(HERE.glob("*.test.mjs"))
    said = node("--test", "--test-reporter=tap", *tests)
    assert int(re.search(r"^# pass (\d+)", said, re.MULTILINE)[1]) > 50  # type: ignore[index]


@needs_node
@pytest.mark.parametrize("entry", [page.SCRIPT, design_pages.SCRIPT])
def test_a_bundle_is_one_script_in_which_no_name_is_given_twice(entry: str, tmp_path: Path) -> None:
    text = page.bundled(entry)
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)
    file = tmp_path / "bundle.mjs"
    file.write_text(text, encoding="utf-8")
    node("--check", file)


def test_a_bundle_has_every_module_once_after_those_that_it_needs() -> None:
    text = page.bundled(page.SCRIPT)
    heads = {file.name: file.read_text(encoding="utf-8").splitlines()[0] for file in SCRIPTS.glob("*.mjs")}
    place = {name: text.index(head) for name, head in heads.items() if head in text}
    for name, head in heads.items():
        assert text.count(head) == (name in place)
    for name in place:
        for needed in re.findall(r'from "\./(.*)"', (SCRIPTS / name).read_text(encoding="utf-8")):
            assert place[needed] < place[name], f"{name} before {needed}"
    assert place.keys() | {"designs.mjs", "nearest.mjs"} == heads.keys()


COLUMNS = st.lists(st.lists(st.integers(0, 2**51) | st.integers(-5, 5), max_size=20), max_size=20)


@needs_node
@settings(max_examples=5, deadline=None)
@given(COLUMNS)
def test_the_page_reads_the_columns_that_are_written(columns: list[list[int]]) -> None:
    texts = [packed(column) for column in columns]
    assert evaluated("model.mjs", "value.map((text) => [...m.unpacked(text)])", texts) == columns


@needs_node
def test_the_page_spells_numbers_as_the_other_reports_do() -> None:
    numbers = sorted(
        {mantissa * 10**power // 1000 for power in range(15) for mantissa in (1000, 1024, 5557, 9999)}
    )
    numbers += [1024, 3 * 2**20, 10_240_000, 22_102_407_200, 999_960]
    for name, spelled in (("duration", format_duration), ("size", format_bytes), ("times", format_count)):
        assert evaluated("numbers.mjs", f"value.map(m.{name})", numbers) == [spelled(one) for one in numbers]
