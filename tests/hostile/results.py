"""Hostile results and tables of sweeps."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from simres import api
from simres.errors import SimresError
from simres.scenario import shipped
from tests.hostile import mutations
from tests.hostile.judging import BUILT_IN, Attempt, check_line, put


def few_layers(count: int) -> bytes:
    """The first operators of ResNet-20."""
    document = json.loads(shipped.workload("resnet20").read_bytes())
    document["ops"] = document["ops"][:count]
    document["outputs"] = document["ops"][-1]["outputs"]
    used = {name for op in document["ops"] for name in (*op["inputs"], *op["outputs"])}
    document["tensors"] = [tensor for tensor in document["tensors"] if tensor["name"] in used]
    return json.dumps(document, indent=1).encode()


@cache
def _results() -> tuple[Any, ...]:
    """Results of several sorts as plain data."""
    small = {"hardware.sram.capacity": "64 KiB", "scheduler": "overlapped"}
    made = [
        api.simulate("paper", registry=BUILT_IN),
        api.simulate("stream", overrides={"load.images": 20}, registry=BUILT_IN),
        api.simulate("resnet20", registry=BUILT_IN),
        api.simulate("pipeline", overrides={"images": 2}, registry=BUILT_IN),
        api.simulate("paper", record="none", registry=BUILT_IN),
    ]
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "few.json"
        path.write_bytes(few_layers(5))
        made.append(api.simulate(str(path), chip="paper", overrides=small, registry=BUILT_IN))
    document = shipped.scenario("two-tenants").read_text(encoding="utf-8")
    assert "tenants" in document
    made.append(api.simulate("two-tenants", registry=BUILT_IN))
    found = [json.loads(result.to_json()) for result in made]
    few = [found[0], found[5]]
    return (*few, *few, *few, *found)


def look(result: Any, rng: Random) -> None:
    """Two of the things that are done with a result."""
    from simres.analysis.explanation import explain
    from simres.exploration.comparison import compare
    from simres.reporting.drawing.timeline_drawing import timeline
    from simres.reporting.files.layer_csv import layer_csv
    from simres.reporting.files.perfetto import perfetto
    from simres.reporting.html.page import html
    from simres.reporting.page import Page
    from simres.reporting.tables import comparison_tables, explanation_tables
    from simres.reporting.tables.run_report import report
    from simres.reporting.text.glyphs import ASCII, BLOCKS
    from simres.reporting.viewer.index import ViewIndex

    glyphs = rng.choice((BLOCKS, ASCII))
    page = Page(rng.choice((40, 80, 200)), glyphs, clip=rng.random() < 0.5, whole=rng.random() < 0.5)
    looks: list[Callable[[], Any]] = [
        lambda: report(result, page),
        lambda: timeline(result, page).plain.splitlines(),
        lambda: explanation_tables.explanation(result, explain(result.program, result.record), page),
        lambda: comparison_tables.report(compare([result, result]), page),
        lambda: html(result),
        lambda: perfetto(result),
        lambda: layer_csv(result),
        lambda: explanation_tables.document(result),
        lambda: ViewIndex(result),
        lambda: result.to_json(),
    ]
    for look in rng.sample(looks, 2):
        with contextlib.suppress(SimresError):
            shown = look()
            for line in shown if not isinstance(shown, str | dict | ViewIndex) else ():
                check_line(getattr(line, "plain", str(line)))


def result(rng: Random, folder: Path) -> Attempt:
    data = mutations.json_of(rng, rng.choice(_results()))
    path = put(folder, "result.json", data)

    def read() -> None:
        result = api.load(path)
        look(result, rng)

    return Attempt(read, (str(path),))


@cache
def _study() -> Any:
    from functools import partial

    from simres.exploration.space import space_of
    from simres.exploration.study import study_of

    knobs = {"hardware.ddr.bandwidth": "1,2,4 GB/s", "hardware.sram.capacity": "64 KiB,1 MiB"}
    return study_of(
        api.find_template("paper"), space_of(knobs), BUILT_IN, partial(api.find_workload, registry=BUILT_IN)
    )


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    from simres.exploration.point_figures import outcomes
    from simres.sharing.workbench import Workbench

    return tuple(outcomes(_study(), range(_study().space.size), BUILT_IN, Workbench()))


def table(rng: Random, folder: Path) -> Attempt:
    rows = list(_rows())
    lines = [json.dumps(row).encode() for row in rows]
    for at in rng.sample(range(len(lines)), rng.choice((0, 1, 2))):
        lines[at] = mutations.json_of(rng, rows[at]).replace(b"\n", b" ")
    data = b"\n".join(lines) + rng.choice((b"\n", b"\n", b"\n", b""))
    if rng.random() < 0.3:
        data = mutations.bytes_changed(rng, data)
    path = put(folder, "sweep.jsonl", data)

    def read() -> None:
        from simres.exploration.objectives import best_of, objectives_of
        from simres.exploration.sweep import sweep
        from simres.exploration.table import rows_in
        from simres.reporting.page import Page
        from simres.reporting.tables.sweep_table import report

        class Quiet:
            def begin(self, points: int, done: int) -> None: ...

            def rows(self, rows: Any) -> None: ...

        study = _study()
        sweep(study, path, lambda _study, points, _count: ([rows[point]] for point in points), Quiet())
        found = list(rows_in(path))
        objectives = objectives_of("latency,energy")
        best = best_of(found, objectives)
        for line in report(found, study.space.knobs, objectives, best, Page(80, whole=True)):
            check_line(line.plain)

    return Attempt(read, (str(path),))


def candidates(rng: Random, folder: Path) -> Attempt:
    """What `simres prune` keeps of a run."""
    one = {"removed": ["layers.0"], "accuracy": 0.5, "time_ps": 5, "energy_fj": 7}
    path = put(folder, "choice.json", mutations.json_of(rng, {"key": "k", "candidates": [one]}))

    def read() -> None:
        from simres.exploration.choice_file import read

        read(path, "k")

    return Attempt(read, (str(path),))
