"""Fronts and heat maps drawn: as pictures, and as pages in which nothing comes alive."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from simres.errors import SimresError
from simres.exploration.fronts import Front, Heat, front_of, heat_of
from simres.exploration.objectives import OBJECTIVES, objectives_of
from simres.exploration.point_figures import FIGURES, FigureRow
from simres.exploration.space import Knob
from simres.reporting.html.design_pages import SCRIPT, STYLES, front_page, heat_page
from simres.reporting.pictures import files, front_picture, heat_picture
from tests.reporting.test_html import HOSTILE, Page, data_of

Simres = Callable[..., tuple[int, str, str]]
BANDWIDTH = Knob("hardware.ddr.bandwidth", ("500 MB/s", "1 GB/s", "2 GB/s", "4 GB/s"))
NETWORKS = Knob("workload", HOSTILE[:4])
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def rows(networks: Knob = NETWORKS) -> list[FigureRow]:
    """Each network faster with more bandwidth, and better where it is slower; one design failed."""
    found: list[FigureRow] = []
    for better, network in enumerate(networks.values):
        for place, bandwidth in enumerate(BANDWIDTH.numbers or ()):
            row: FigureRow = {"key": f"{better} {place}", "workload": network, BANDWIDTH.key: bandwidth}
            row |= dict.fromkeys(figure.name for figure in FIGURES)
            latency = (better + 1) * 10**18 // int(bandwidth)
            row |= {
                "program": "serial",
                "bound": HOSTILE[1],
                "makespan_ps": latency,
                "image_ps": latency,
                "image_fj": (better + 1) * 10**9 + place * 10**8,
                "moved_bytes": 10**6,
                "bandwidth_bytes_per_s": bandwidth,
                "accuracy": 0.8 + better / 20,
                "error": None,
            }
            found.append(row)
    found[-1] |= {figure.name: None for figure in FIGURES} | {"error": "does not fit"}
    return found


@pytest.fixture(scope="module")
def front() -> Front:
    return front_of(rows(), (NETWORKS, BANDWIDTH), objectives_of("accuracy,latency,energy"))


@pytest.fixture(scope="module")
def heat() -> Heat:
    return heat_of(rows(), (NETWORKS, BANDWIDTH), OBJECTIVES["latency"])


def draw(found: Front | Heat, path: Path) -> None:
    made = front_picture.picture(found) if isinstance(found, Front) else heat_picture.picture(found)
    files.save(made, path)


def page_of(found: Front | Heat) -> str:
    return front_page(found) if isinstance(found, Front) else heat_page(found)


@pytest.mark.parametrize("what", ["front", "heat"])
@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<svg"), (".pdf", b"%PDF")])
def test_pictures_are_drawn(what: str, suffix: str, start: bytes, tmp_path: Path, request) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("vl_convert")
    path = tmp_path / f"a{suffix}"
    draw(request.getfixturevalue(what), path)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_says_what_is_on_its_axes_and_joins_the_front(front: Front) -> None:
    drawn = Page(files.document(front_picture.picture(front)))
    said = [element[2] for element in drawn.all("text")]
    for title in ("accuracy in %", "latency per inference in ms", "energy per inference in µJ"):
        assert title in said
    left, right = front_picture.panels(front)
    assert (left.across.log, left.up.log) == (True, False)
    lines = [element[1]["d"] for element in drawn.all("path", **{"class": "front"})][1:]
    for panel, pair, axis, line in zip((left, right), front.pairs, front.axes[1:], lines, strict=True):
        assert line.startswith(f"M{panel.x(axis.values[pair[0]])} ")
        assert [float(x) for x in re.findall(r"H([\d.]+)", line)] == [
            panel.x(axis.values[at]) for at in pair[1:]
        ]
    block = Page(front_picture.panel_block(front, 0).markup)
    pale = sum(element[1]["d"].count("M") for element in block.all("path") if "pale" in element[1]["class"])
    assert pale + sum("data-design" in element[1] for element in block.all("path")) == len(front.rows) == 15
    letters = [element[2] for element in block.all("text", **{"class": "letter"})]
    assert letters == list("ABCDEFGH"[: len(front.named)])


def test_a_heat_map_has_a_figure_in_every_cell(heat: Heat) -> None:
    drawn = Page(heat_picture.cells(heat).markup)
    figures = [each for each in drawn.all("text") if each[1].get("class") in ("dark", "light")]
    assert len(figures) == len(drawn.all("rect", **{"class": "cell"})) == 15
    assert [each[2] for each in drawn.all("text")].count("×") == 1  # where the design failed
    said = [each[2] for each in drawn.all("text")]
    assert {"0.5", "1", "2", "4", "ddr bandwidth in GB/s"} <= set(said)


@pytest.mark.parametrize("goal", ["accuracy", "energy"])
def test_equal_figures_and_many_cells_are_drawn_too(goal: str, tmp_path: Path) -> None:
    images = Knob("images", tuple(map(str, range(1, 61))))
    many: list[FigureRow] = []
    for row in rows()[:4]:
        many += [row | {"images": number, "accuracy": 0.9} for number in images.numbers or ()]
    found = heat_of(many, (BANDWIDTH, images), OBJECTIVES[goal])
    draw(found, tmp_path / "a.svg")
    assert Page(heat_page(found)).all("rect")
    same = front_of(many[:1], (BANDWIDTH, images), objectives_of("latency,energy"))
    draw(same, tmp_path / "b.svg")
    assert Page(front_page(same)).all("svg")


def test_without_what_converts_there_is_a_way_on(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda _: None)
    for suffix in (".png", ".pdf", ""):
        with pytest.raises(SimresError, match="vl-convert-python is not installed") as error:
            draw(front, tmp_path / f"a{suffix}")
        assert "simres[plot]" in (error.value.hint or "")
    assert files.drawable(tmp_path / "a.png") == tmp_path / "a.svg"
    draw(front, tmp_path / "a.svg")
    assert front_page(front)


def test_what_is_drawn_has_a_colour_in_a_file(front: Front, heat: Heat) -> None:
    style = files.style()
    for made in (front_picture.picture(front), heat_picture.picture(heat)):
        for kind in set(re.findall(r'class="([^"]*)"', made.markup)):
            assert any(f".{name}" in style for name in kind.split()), kind
    assert "var(" not in style


@pytest.mark.parametrize("what", ["front", "heat"])
def test_a_page_asks_for_nothing_and_nothing_in_it_comes_alive(what: str, request) -> None:  # type: ignore[no-untyped-def]
    text = page_of(request.getfixturevalue(what))
    page = Page(text)
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    script = re.search(r'<script type="module">(.*)</script>', text, re.DOTALL)[1]  # type: ignore[index]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy[1]["content"].endswith(f"script-src 'sha256-{digest}'")
    assert [element[1]["type"] for element in page.all("script")] == ["application/json", "module"]
    assert "<!--" not in text
    assert "fetch(" not in script
    for _, attributes, _ in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert {"src", "srcset", "action", "formaction", "background", "ping"}.isdisjoint(attributes)
    ids = [element[1]["id"] for element in page.elements if "id" in element[1]]
    assert len(ids) == len(set(ids))
    sections = [element[1]["id"] for element in page.all("section")]
    assert [link[1]["href"][1:] for link in page.all("a")[1:]] == sections
    for element in page.all("svg"):
        assert element[1].get("aria-label") or element[1].get("aria-hidden")
    assert len(page.all("h1")) == 1


def test_the_page_of_a_front_has_every_design(front: Front) -> None:
    page = Page(front_page(front))
    data = data_of(page)
    assert len(data["designs"]) == 15
    assert data["front"] == list(front.best)
    assert [name for name, *_ in data["designs"]] == [front.said(at) for at in range(15)]
    for panel in data["panels"]:
        assert len(panel["x"]) == len(panel["y"]) == 15
        assert all(0 <= x <= 560 for x in panel["x"])
        assert all(0 <= y <= 400 for y in panel["y"])
    told = dict(map(tuple, data["designs"][0][1:]))
    assert told["latency"] == "2 ms"
    assert told["accuracy"] == "80.00 %"
    assert len(page.all("tbody")[0][2]) > 0
    dots = [each[1]["data-design"] for each in page.all("path") if "data-design" in each[1]]
    assert sorted(dots) == sorted(str(at) for at in front.best for _ in front.pairs)


def test_every_part_of_the_pages_comes_with_the_package() -> None:
    from importlib.resources import files

    for name in (f"script/{SCRIPT}", *STYLES):
        assert files("simres.reporting.html").joinpath(name).is_file()


def table(path: Path) -> Path:
    networks = Knob("workload", ("a", "b", "c", "d"))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(networks)), encoding="utf-8")
    return path


def test_the_commands_draw_from_the_table(simres: Simres, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    table(tmp_path / "sweep.jsonl")
    for command in ("front", "heat"):
        for suffix in ("png", "html"):
            path = tmp_path / f"{command}.{suffix}"
            code, out, _ = simres("plot", command, tmp_path, "-o", path)
            assert (code, out) == (0, f"wrote {path}\n")
            assert path.stat().st_size > 5000
    code, _, _ = simres(
        "plot", "heat", tmp_path / "sweep.jsonl", "--goal", "accuracy", "-o", tmp_path / "b.html"
    )
    assert code == 0
    assert "Accuracy" in (tmp_path / "b.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["front", "nowhere.jsonl"], "no such table: `nowhere.jsonl`"),
        (["front", "."], "there are several tables in `.`"),
        (["front", "t.jsonl", "--goal", "speed,latency"], "unknown goal `speed`"),
        (["front", "t.jsonl", "--goal", "latency"], "two goals or more"),
        (["front", "t.jsonl", "--goal", "latency,power"], "no design has latency, power"),
        (["front", "t.jsonl", "-o", "a.txt"], "cannot draw `a.txt`"),
        (["heat", "t.jsonl", "--goal", "latency,energy"], "a heat map shows one goal"),
        (["heat", "t.jsonl", "--knobs", "workload"], "two knobs"),
        (["heat", "t.jsonl", "--knobs", "workload,bandwith"], "no knob `bandwith`"),
        (["heat", "u.jsonl"], "has no rows yet"),
        (["front", "v.jsonl"], "line 1 is `no table`"),
        (["front", "v.jsonl"], "name the file that `simres sweep` or `simres explore` wrote"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    arguments: list[str], said: str, simres: Simres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("vl_convert")
    monkeypatch.chdir(tmp_path)
    table(Path("t.jsonl"))
    Path("u.jsonl").touch()
    Path("v.jsonl").write_text("no table\n")
    code, _, err = simres("plot", *arguments)
    assert code == 2
    assert said in err
    assert sorted(path.name for path in Path().iterdir()) == ["t.jsonl", "u.jsonl", "v.jsonl"]


def test_a_sweep_draws_when_asked_and_looks_first_whether_it_can(simres: Simres, tmp_path: Path) -> None:
    arguments = (
        "sweep",
        "paper",
        "--vary",
        "hardware.ddr.bandwidth=1,2 GB/s",
        "--workers",
        1,
        "-o",
        tmp_path,
    )
    code, _, err = simres(*arguments, "--plot", tmp_path / "front.html")
    assert code == 0
    assert "front.html" in err
    assert Page((tmp_path / "front.html").read_text()).all("svg")
    (tmp_path / "sweep.jsonl").unlink()
    for wrong, more in (("a.txt", ()), ("a.png", ("--goal", "latency"))):
        code, _, err = simres(*arguments, "--plot", tmp_path / wrong, *more)
        assert code == 2
        assert wrong in err
    assert not (tmp_path / "sweep.jsonl").exists()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_pointing_at_a_design_says_what_it_is(front: Front, heat: Heat, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    wrong: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        for found, name in ((front, "front"), (heat, "heat")):
            (tmp_path / f"{name}.html").write_text(page_of(found), encoding="utf-8")
        page.goto((tmp_path / "front.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        tip = page.locator("#tip")
        assert not tip.is_visible()
        last = front.best[-1]
        page.locator(f'[data-panel="0"] [data-design="{last}"]').hover()
        assert tip.locator("strong").text_content() == front.said(last)
        assert page.locator(".ring:visible").count() == 2
        page.locator('[data-panel="1"]').focus()
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowRight")
        assert tip.locator("strong").text_content() == front.said(front.best[0])
        page.keyboard.press("Escape")
        assert not tip.is_visible()
        page.locator("#designs tbody button").nth(1).click()
        assert tip.locator("strong").text_content() == front.said(front.best[1])
        page.goto((tmp_path / "heat.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        page.locator(".cell").nth(2).hover()
        assert page.locator("#tip strong").text_content() == heat.said(heat.cells[0][2] or 0)
        browser.close()
    assert wrong == []
