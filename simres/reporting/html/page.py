"""The HTML report of a result: one page that loads nothing."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template

from simres.analysis.critical_path import Stretch, blame, critical_path
from simres.analysis.explanation import Explanation
from simres.program.record import RecordLevel
from simres.reporting import lexicon
from simres.reporting.html import sections
from simres.reporting.html.floor_plan import floor
from simres.reporting.html.markup import escaped
from simres.reporting.html.timeline_data import document
from simres.reporting.text import brief
from simres.result import Result

SCRIPT = "result.mjs"
"""The entry module in `script/` of the page."""
_TITLES = {
    "summary": "Summary",
    "timeline": "Timeline",
    "path": "Critical path",
    "memory": "Memory",
    "layers": "Layers",
    "roofline": "Roofline",
    "energy": "Energy",
    "area": "Area",
    "origin": "Origin",
}


def html(result: Result) -> str:
    """Returns the page of `result` as one self-contained HTML document.

    The script is allowed by digest (Content Security Policy, level 3), so text from the result could not
    run even if it were not escaped. Without a full record the page has no timeline and says so.
    """
    path: Sequence[Stretch] = ()
    data = "null"
    if result.record.level is RecordLevel.FULL and result.record.rows and result.makespan_ps:
        path = critical_path(result.program, result.record)
        data = document(result, path)
    parts = {
        "summary": sections.summary(result, Explanation(result.program, tuple(path)) if path else None),
        "timeline": sections.timeline(result),
        "path": sections.critical_path(result, blame(tuple(path))),
        "memory": sections.memory(result),
        "layers": sections.layers(result),
        "roofline": sections.roofline(result),
        "energy": sections.energy(result),
        "area": floor(result),
        "origin": sections.origin(result),
    }
    return made(
        title=result.name,
        description=brief.ran(result),
        parts={_TITLES[name]: (name, part) for name, part in parts.items()},
        version=result.origin.versions.get("simres", ""),
        data=data,
    )


def made(
    *,
    title: str,
    description: str,
    parts: Mapping[str, tuple[str, str]],
    version: str,
    data: str,
    script: str = SCRIPT,
    styles: Sequence[str] = ("page.css",),
) -> str:
    """Returns a page of `parts`: title to element name and markup; parts with empty markup are left out.

    `data` is JSON that is safe in a script element; `script` is a module in `script/`; `styles` are files
    in this folder.
    """
    whole = bundled(script)
    digest = b64encode(sha256(whole.encode()).digest()).decode()
    links = "".join(
        f'<a href="#{name}">{escaped(said)}</a>' for said, (name, markup) in parts.items() if markup
    )
    return Template(_part("page.html")).substitute(
        title=escaped(f"{title}: simres"),
        description=escaped(description),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        style=lexicon.style_sheet() + "".join(map(_part, styles)),
        links=links,
        main="".join(markup for _, markup in parts.values()),
        version=escaped(version),
        data=data,
        script=whole,
    )


def json_of(data: object) -> str:
    """Returns JSON that is safe in a script element, where only the element's end tag has a meaning."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


@cache
def bundled(entry: str) -> str:
    """Bundles a module of `script/` and its imports into one script: each module once, after its imports.

    The modules share one scope, so top-level names must be unique across them. Imports must be by name and
    at the start of a line: `import { one, other } from "./file.mjs";`.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        source = _part(f"script/{name}")
        parts[name] = ""  # marked as seen, so that a cycle of imports ends here
        for needed in _IMPORT.findall(source):
            if needed not in parts:
                add(needed)
        del parts[name]
        parts[name] = _EXPORT.sub("", _IMPORT.sub("", source))

    add(entry)
    return "\n" + "\n".join(parts.values())


_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)


@cache
def _part(name: str) -> str:
    """Reads a file in this folder or below it."""
    return files("simres.reporting.html").joinpath(name).read_text(encoding="utf-8")
