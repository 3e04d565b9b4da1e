"""The HTML report of a result: one page that loads nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template

from simres.analysis.critical_path import Stretch, blame, critical_path
from simres.program.record import RecordLevel
from simres.reporting.html import sections
from simres.reporting.html.markup import escaped
from simres.reporting.html.timeline_data import document
from simres.reporting.text import headline
from simres.result.data import Result

SCRIPTS = ("model.js", "lanes.js", "memory.js", "details.js", "controls.js", "timeline.js", "page.js")
"""Parts of the page's one script, in order."""
_TITLES = {
    "summary": "Summary",
    "timeline": "Timeline",
    "path": "Critical path",
    "memory": "Memory",
    "layers": "Layers",
    "roofline": "Roofline",
    "energy": "Energy",
    "origin": "Origin",
}


def html(result: Result) -> str:
    """The page of `result` as one HTML document that asks for nothing else.

    Its script is allowed by digest (Content Security Policy, level 3), so nothing that comes from the
    result could run even if it were not escaped. A result without a full record has no timeline and says so.
    """
    path: Sequence[Stretch] = ()
    data = "null"
    if result.record.level is RecordLevel.FULL and result.record.rows and result.makespan_ps:
        path = critical_path(result.program, result.record)
        data = document(result, path)
    parts = {
        "summary": sections.summary(result),
        "timeline": sections.timeline(result),
        "path": sections.critical_path(result, blame(tuple(path))),
        "memory": sections.memory(result),
        "layers": sections.layers(result),
        "roofline": sections.roofline(result),
        "energy": sections.energy(result),
        "origin": sections.origin(result),
    }
    return made(
        title=result.name,
        description=headline.headline(result),
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
    scripts: Sequence[str] = SCRIPTS,
    styles: Sequence[str] = ("page.css",),
) -> str:
    """A page of `parts`, each with its title, the name of its element and its markup; empty ones are no part.

    `data` is JSON that may stand in a script element; `scripts` and `styles` are files beside this one.
    """
    script = _script(tuple(scripts))
    digest = b64encode(sha256(script.encode()).digest()).decode()
    links = "".join(
        f'<a href="#{name}">{escaped(said)}</a>' for said, (name, markup) in parts.items() if markup
    )
    return Template(_part("page.html")).substitute(
        title=escaped(f"{title}: simres"),
        description=escaped(description),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        style="".join(map(_part, styles)),
        links=links,
        main="".join(markup for _, markup in parts.values()),
        version=escaped(version),
        data=data,
        script=script,
    )


def json_of(data: object) -> str:
    """Data as JSON that may stand in a script element, where nothing is an escape but the element's end."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


@cache
def _script(names: Sequence[str]) -> str:
    return "\n" + "\n".join(map(_part, names))


@cache
def _part(name: str) -> str:
    """A file that lies beside this one."""
    return files("simres.reporting.html").joinpath(name).read_text(encoding="utf-8")
