"""Writes the pages under docs/reference/ from the code; `--check` only says which ones differ from it.

The command line's page comes from its commands, the hooks' from `simres.plugins.hooks`, the scenario's from
its JSON Schema, the picture and the table of rooms from the imports. Installed plugins do not show: the pages
are the same on every machine. Pictures of matrix arrays need the package `simres-systolic`, and stay as they
are without it. In the README and in pages with a comment such as `whole output` the text below a `$ command`
is what the command prints, as far as the comment says; the commands of a page run one after the other in an
empty folder.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

import rooms
import typer

from simres.commands import app
from simres.errors import ExitCode
from simres.plugins import hooks as hookspecs
from simres.plugins.catalogue import Catalogue
from simres.plugins.registry import Registry
from simres.scenario.schema import scenario_schema
from simres.units import QUANTITIES

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
SHOWN = re.compile(
    r"<!-- (whole output|(?:first|last) paragraph|paragraph of \w+|paragraphs \d+ to \d+) -->\n"
    r"```console\n\$ simres (.+)\n(?:.*\n)*?```\n"
)
ROOMS = re.compile(r"(?<=<!-- rooms -->\n).*?(?=\n\n)", re.DOTALL)
COLUMNS = "78"
NOTE = "<!-- Made by docs/generate.py; change the code, not this page. -->\n\n"


def pages() -> dict[Path, str]:
    """Every generated page, and the README and all pages that show output, with it as it is now."""
    found = pages_of_code()
    found[ROOT / "README.md"] = _with_output(ROOT / "README.md", ROOT)
    for page in sorted((ROOT / "docs").glob("*.md")):
        if SHOWN.search(page.read_text(encoding="utf-8")):
            with tempfile.TemporaryDirectory() as folder:
                found[page] = _with_output(page, Path(folder))
    return found


def pages_of_code() -> dict[Path, str]:
    """The generated pages for which no command has to run."""
    made = {"cli.md": command_line(), "hooks.md": hooks(), "scenario.md": scenario()}
    found = {FOLDER / name: NOTE + text for name, text in made.items()}
    found[ROOT / "docs" / "rooms.svg"] = rooms.picture()
    if find_spec("simres_systolic"):
        pictures = import_module("array_pictures").pictures()
        found |= {ROOT / "docs" / "images" / name: text for name, text in pictures.items()}
    page = ROOT / "docs" / "architecture.md"
    found[page] = ROOMS.sub(lambda _: rooms.table().rstrip(), page.read_text(encoding="utf-8"))
    return found


def _with_output(page: Path, folder: Path) -> str:
    """A page whose commands ran in `folder`, with what they print."""
    return SHOWN.sub(lambda block: _output(block, folder), page.read_text(encoding="utf-8"))


def _output(block: re.Match[str], folder: Path) -> str:
    """A block again, with what its command prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *shlex.split(block[2])],
        cwd=folder,
        env=os.environ | {"COLUMNS": COLUMNS, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return with_printed(block, done.stdout)


def with_printed(block: re.Match[str], printed: str) -> str:
    """A block of a page again, with as much of what its command printed as its comment says."""
    which, command = block.groups()
    paragraphs = re.split(r"\n\s*\n", printed.strip("\n"))
    first, last = 1, len(paragraphs)
    if which == "first paragraph":
        last = 1
    elif which == "last paragraph":
        first = last
    elif which.startswith("paragraph of "):
        title = which.removeprefix("paragraph of ")
        first = last = next(n for n, text in enumerate(paragraphs, start=1) if text.startswith(title))
    elif which != "whole output":
        first, last = map(int, re.findall(r"\d+", which))
    text = "\n".join(line.rstrip() for line in "\n\n".join(paragraphs[first - 1 : last]).splitlines())
    return f"<!-- {which} -->\n```console\n$ simres {command}\n{text}\n```\n"


def command_line() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    lines = ["# Command line", "", f"{root.help}", "", *_options(root), ""]
    lines += ["`simres --install-completion` teaches your shell to complete all of this.", ""]
    lines += ["## Exit codes", "", "| | |", "|---|---|"]
    lines += [
        f"| {code.value} | {_cell(said)} |" for code, said in zip(ExitCode, _below(ExitCode), strict=True)
    ]
    lines.append("")
    for name, command in _commands(root, "simres"):
        usage = " ".join(["[OPTIONS]", *(_spelled(item) for item in _of("argument", command))])
        lines += [
            f"## {name}",
            "",
            "```",
            f"{name} {usage}",
            "```",
            "",
            inspect.cleandoc(command.help or ""),
            "",
        ]
        lines += [*_options(command), ""]
    return "\n".join(lines).rstrip() + "\n"


def _below(owner: type[Enum]) -> Iterator[str]:
    """The docstring below each member of an enum, in its order."""
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(body, ast.ClassDef)
    for member, said in pairwise(body.body):
        if isinstance(member, ast.Assign):
            assert isinstance(said, ast.Expr)
            assert isinstance(said.value, ast.Constant)
            yield str(said.value.value)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield f"{path} {name}", command
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _of(sort: str, command: Any) -> list[Any]:
    """Arguments or options, but for those that Typer adds by itself."""
    own = (item for item in command.params if not item.hidden and not item.name.endswith("_completion"))
    return [item for item in own if item.param_type_name == sort]


def _options(command: Any) -> list[str]:
    rows = [
        f"| `{_spelled(item)}` | {_said(item)} |"
        for sort in ("argument", "option")
        for item in _of(sort, command)
    ]
    return ["| | |", "|---|---|", *rows] if rows else []


def _spelled(item: Any) -> str:
    name = item.metavar or item.name.upper()
    if item.param_type_name == "option":
        return ", ".join(item.opts) + ("" if item.is_flag else f" {name}")
    return (name if item.required else f"[{name}]") + ("..." if item.nargs != 1 else "")


def _said(item: Any) -> str:
    default = item.default.value if isinstance(item.default, Enum) else item.default
    more = [] if default in (None, False, ()) or callable(default) else [f"default: `{default}`"]
    if item.param_type_name == "option" and item.multiple:
        more.append("may be repeated")
    return _cell(item.help + (f" ({'; '.join(more)})" if more else ""))


def hooks() -> str:
    """Every hook: what it is for, an example, and the declaration that it yields."""
    lines = ["# Hooks", "", _with_code(hookspecs.__doc__ or ""), ""]
    for catalogue in Registry(external=False).catalogues:
        lines += [f"## {catalogue.hook}", "", *_hook(catalogue)]
    return "\n".join(lines).rstrip() + "\n"


def _hook(catalogue: Catalogue[Any]) -> Iterator[str]:
    said = inspect.cleandoc(getattr(hookspecs, catalogue.hook).__doc__)
    text, _, example = said.partition("\nExample:\n")
    form = catalogue.form
    yield from [text.strip(), "", "```python", inspect.cleandoc(example), "```", ""]
    yield from [f"### {form.__name__}", "", inspect.cleandoc(form.__doc__ or ""), ""]
    yield from ["| field | type | default |", "|---|---|---|"]
    hints = get_type_hints(form)
    for item in fields(form):
        default = "" if item.default is MISSING else f"`{item.default!r}`"
        yield f"| `{item.name}` | `{hints[item.name].__name__}` | {default} |"
    yield ""
    for choices in {hint for hint in hints.values() if issubclass(hint, Enum)}:
        yield from (f"- `{choices.__name__}.{choice.name}`: `{choice.value}`" for choice in choices)
        yield ""


def _with_code(docstring: str) -> str:
    """A docstring whose indented parts become code blocks."""
    made, inside = [], False
    for line in inspect.cleandoc(docstring).splitlines():
        if line and line.startswith("    ") != inside:
            made.append("```" if inside else "```toml")
            inside = not inside
        made.append(line.removeprefix("    "))
    return "\n".join([*made, *(["```"] if inside else [])])


def scenario() -> str:
    """Every key of a scenario, and those of every built-in kind."""
    registry = Registry(external=False)
    schema = scenario_schema(registry)
    required = {
        choice["if"]["properties"]["kind"]["const"]: choice["then"]["allOf"][1]["required"]
        for choice in schema["$defs"]["component"]["allOf"]
    }
    lines = [
        "# Scenario",
        "",
        schema["description"],
        "",
        *_keys(schema["properties"], schema.get("required", [])),
        "",
    ]
    lines += [
        "An editor that reads `# yaml-language-server: $schema=schema.json` knows all of this;",
        "`simres schema -o schema.json` writes it with the kinds of your plugins.",
        "",
        "## hardware",
        "",
    ]
    for kind, component in registry.components().items():
        entry = schema["$defs"][kind]
        lines += [f"### {kind}", "", f"{entry['description']} Role: {component.role.value}.", ""]
        lines += [*_keys(entry["properties"], required[kind]), ""]
    parameters = {
        choice["if"]["properties"]["name"]["const"]: choice["then"]
        for choice in schema["properties"]["scheduler"]["anyOf"][1]["allOf"]
    }
    lines += _named("scheduler", registry.schedulers())
    for name, taken in parameters.items():
        settable = {key: entry for key, entry in taken["properties"].items() if key != "name"}
        if settable:
            lines += [f"### {name}", "", *_keys(settable, taken.get("required", [])), ""]
    lines += _named("passes", registry.passes())
    tenant = schema["properties"]["tenants"]["additionalProperties"]
    lines += [
        "## tenants",
        "",
        tenant["description"],
        "",
        *_keys(tenant["properties"], tenant["required"]),
        "",
    ]
    for name in ("load", "protocol", "sweep"):
        part = schema["properties"][name]
        lines += [f"## {name}", "", " ".join(part["description"].split()), ""]
        lines += [*_keys(part["properties"], part.get("required", [])), ""]
    lines += ["## Units", "", "A bare number where a unit belongs is an error.", ""]
    lines += ["| quantity | units | example |", "|---|---|---|"]
    for quantity in QUANTITIES:
        units = ", ".join(f"`{unit}`" for unit in quantity.units)
        lines.append(f"| {quantity.name} | {units} | `{quantity.example}` |")
    lines += ["", "`MB` is 10^6 bytes, `MiB` is 2^20; a `MAC` is two operations."]
    return "\n".join(lines).rstrip() + "\n"


def _named(heading: str, parts: Mapping[str, Any]) -> list[str]:
    rows = [f"| `{name}` | {_cell(part.summary)} |" for name, part in parts.items()]
    return [f"## {heading}", "", "| name | what it does |", "|---|---|", *rows, ""]


def _keys(properties: Mapping[str, Any], required: list[str]) -> Iterator[str]:
    yield from ["| key | what it is | value | default |", "|---|---|---|---|"]
    for name, entry in properties.items():
        default = (
            "required"
            if name in required
            else f"`{entry['default']}`"
            if entry.get("default") not in (None, "", {})
            else ""
        )
        yield f"| `{name}` | {_cell(entry.get('description', ''))} | {_value(entry)} | {default} |"


def _value(entry: Mapping[str, Any]) -> str:
    choices = [choice for choice in entry.get("anyOf", [entry]) if choice.get("type") != "null"]
    for choice in choices:
        if "const" in choice:
            return f"`{choice['const']}`"
        if "enum" in choice:
            return ", ".join(f"`{name}`" for name in choice["enum"])
        if "examples" in choice:
            return f"such as `{choice['examples'][0]}`"
        if "type" in choice:
            return {"string": "text", "integer": "whole number", "object": "mapping", "array": "list"}.get(
                choice["type"], choice["type"]
            )
    return ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    """Writes the pages, or with `--check` shows how they differ and fails."""
    drifted = False
    for path, text in pages().items():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif text != before:
            drifted = True
            sys.stderr.writelines(
                difflib.unified_diff(
                    before.splitlines(True), text.splitlines(True), str(path), "from the code", n=0
                )
            )
    if drifted:
        sys.stderr.write("\nthe pages above differ from the code; `make docs` writes them anew\n")
    return int(drifted)


if __name__ == "__main__":
    sys.exit(main())
