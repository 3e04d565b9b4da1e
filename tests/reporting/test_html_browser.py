"""The page in headless Chromium: it draws, zooms, and can be used with keys, mouse and fingers alone."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import pytest

import simres.api
from simres.analysis.critical_path import critical_path
from simres.reporting import lexicon
from simres.reporting.html.page import html
from tests.reporting.test_html import HOSTILE, Page, hostile

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


@pytest.fixture(scope="module")
def browser():
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if root else [])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """`with opened(result) as page`: fails if the page logs an error or asks for anything but itself."""

    @contextmanager
    def open_page(result, context=DESKTOP, **options):
        file = tmp_path / "page.html"
        file.write_text(html(result), encoding="utf-8")
        made = browser.new_context(**context, **options)
        wrong, asked = [], []

        def route(asking):
            url = asking.request.url
            asked.append(url)
            asking.continue_() if url == file.as_uri() else asking.abort()

        made.route("**/*", route)
        page = made.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=20_000)
        try:
            yield page
            settle(page)
        finally:
            made.close()
        assert wrong == []
        assert asked == [file.as_uri()]

    return open_page


def settle(page):
    """Waits until what was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def window(page):
    """From when to when the timeline shows, in picoseconds."""
    settle(page)
    shown = page.locator("#lanes").evaluate("(canvas) => [canvas.dataset.from, canvas.dataset.to]")
    return tuple(map(float, shown))


def colours(page):
    """How many different colours the timeline has."""
    return page.locator("#lanes").evaluate(
        "(canvas) => new Set(new Uint32Array("
        "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
    )


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("context", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["resnet20", "two-tenants", "paper"])
def test_it_draws_and_fits(opened, name, context, scheme):
    with opened(simres.api.simulate(name), context, color_scheme=scheme) as page:
        assert colours(page) > 8
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        red, green, blue = (int(part) for part in background(page)[4:-1].split(","))
        assert (red + green + blue < 3 * 128) == (scheme == "dark")


def test_without_times_it_is_still_a_page(opened):
    with opened(simres.api.simulate("resnet20", record="aggregate")) as page:
        assert page.locator("#lanes").count() == 0
        page.get_by_role("button", name="MACs").click()
        assert page.locator("#layers tbody tr").count() == 71


def test_many_images_are_drawn(opened):
    with opened(simres.api.simulate("pipeline", overrides={"images": 8})) as page:
        assert colours(page) > 8


def test_the_theme_can_be_chosen(opened, resnet20):
    with opened(resnet20, color_scheme="light") as page:
        before = background(page)
        button = page.get_by_role("button", name="Dark")
        assert button.get_attribute("aria-pressed") == "false"
        button.click()
        assert background(page) != before
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        assert background(page) == before


def test_keys_zoom_and_pan(opened, resnet20):
    with opened(resnet20) as page:
        whole = (0, resnet20.makespan_ps)
        assert window(page) == whole
        lanes = page.locator("#lanes")
        lanes.press("+")
        since, until = window(page)
        assert until - since == pytest.approx(whole[1] / 1.6)
        assert since == pytest.approx(whole[1] - until)
        lanes.press("ArrowRight")
        assert window(page)[0] == pytest.approx(since + 0.15 * (until - since))
        lanes.press("ArrowLeft")
        assert window(page) == pytest.approx((since, until))
        lanes.press("-")
        assert window(page) == pytest.approx(whole)
        for _ in range(60):
            lanes.press("+")
        since, until = window(page)
        assert until - since == pytest.approx(100)
        lanes.press("0")
        assert window(page) == whole


def test_the_wheel_zooms_where_the_pointer_is_and_only_when_it_should(opened, resnet20):
    with opened(resnet20) as page:
        lanes = page.locator("#lanes")
        lanes.scroll_into_view_if_needed()
        box = lanes.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 60)
        page.mouse.wheel(0, 30)
        assert window(page) == (0, resnet20.makespan_ps), "the page scrolls"
        lanes.focus()
        box = lanes.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 60)
        page.mouse.wheel(0, -200)
        since, until = window(page)
        assert until - since < resnet20.makespan_ps
        quarter = resnet20.makespan_ps / 4
        assert (quarter - since) / (until - since) == pytest.approx(0.25, abs=0.01)
        page.mouse.wheel(0, 200)
        assert window(page) == pytest.approx((0, resnet20.makespan_ps), abs=10)


def test_buttons_and_dragging_move_the_window(opened, resnet20):
    with opened(resnet20) as page:
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_role("button", name="Zoom in").click()
        since, until = window(page)
        lanes = page.locator("#lanes")
        lanes.scroll_into_view_if_needed()
        box = lanes.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + 60
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 100, y, steps=5)
        page.mouse.up()
        moved = 100 / box["width"] * (until - since)
        assert window(page) == pytest.approx((since + moved, until + moved))
        page.keyboard.down("Shift")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 50, y, steps=5)
        page.mouse.up()
        page.keyboard.up("Shift")
        low, high = window(page)
        assert high - low == pytest.approx(50 / box["width"] * (until - since))
        page.get_by_role("button", name="All").click()
        assert window(page) == (0, resnet20.makespan_ps)


def test_two_fingers_zoom_and_one_selects(opened, resnet20):
    with opened(resnet20, PHONE) as page:
        lanes = page.locator("#lanes")
        lanes.scroll_into_view_if_needed()
        box = lanes.bounding_box()
        middle, y = box["x"] + box["width"] / 2, box["y"] + 60
        touches = page.context.new_cdp_session(page)

        def send(kind, apart):
            points = [{"x": middle - apart, "y": y, "id": 0}, {"x": middle + apart, "y": y, "id": 1}]
            points = points if kind != "touchEnd" else []
            touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        send("touchStart", 30)
        for apart in range(35, 95, 5):
            send("touchMove", apart)
        send("touchEnd", 0)
        since, until = window(page)
        assert (until - since) / resnet20.makespan_ps == pytest.approx(30 / 90, rel=0.1)
        assert page.locator("#details h3").count() == 0
        page.touchscreen.tap(middle, y)
        assert page.locator("#details h3").count() == 1


def test_a_task_says_what_it_waited_for_and_what_it_held(opened, resnet20):
    with opened(resnet20) as page:
        lanes = page.locator("#lanes")
        details = page.locator("#details")
        lanes.press(".")
        lanes.press("Home")
        first = details.inner_text()
        lanes.press(".")
        assert details.inner_text() != first
        lanes.press(",")
        assert details.inner_text() == first
        page.locator("#search").fill("layers.6.conv2")
        page.locator("#search").press("Enter")
        for key in ["ArrowUp"] * 4 + ["ArrowDown"] * 2 + ["."] * 40:
            lanes.press(key)
            if details.inner_text().startswith("layers.6.conv2"):
                break
        said = details.inner_text()
        assert "on the result of" in said
        assert "Needs" in said
        details.get_by_role("button", name="load layers.6.conv2.weight").first.click()
        assert "Holds from its start" in details.inner_text()
        assert "layers.6.conv2.weight: 144 KiB" in details.inner_text()


def test_the_critical_path_is_walked_from_end_to_end(opened, resnet20):
    path = critical_path(resnet20.program, resnet20.record)
    with opened(resnet20) as page:
        lanes, details = page.locator("#lanes"), page.locator("#details")
        lanes.press("]")
        for _ in path:
            lanes.press("[")
        for number, part in enumerate(path[:20], 1):
            layer = resnet20.program.layers[part.layer].name
            said = f"stretch {number} of {len(path)}: {part.engine} {lexicon.word(part.cause)} for {layer}"
            assert said in details.inner_text()
            lanes.press("]")


def test_a_search_zooms_to_the_layer(opened, resnet20):
    layers = [layer for layer in resnet20.layers if "layers.6." in layer.name]
    with opened(resnet20) as page:
        page.locator("#lanes").press("/")
        page.keyboard.type("layers.6.")
        assert page.locator("#found").inner_text() == f"{len(layers)} layers"
        page.keyboard.press("Enter")
        since, until = window(page)
        first, last = min(layer.start_ps for layer in layers), max(layer.end_ps for layer in layers)
        assert 0 < first - since < 0.11 * (last - first) + 200
        assert 0 < until - last < 0.11 * (last - first) + 200
        page.locator("#layers").get_by_role("button", name="layers.2.conv1").click()
        layer = next(layer for layer in resnet20.layers if layer.name == "layers.2.conv1")
        since, until = window(page)
        assert since <= layer.start_ps < layer.end_ps <= until < first


def test_tables_sort_and_filter(opened, resnet20):
    with opened(resnet20) as page:
        table = page.locator("#layers")
        head = table.locator("th", has=page.get_by_role("button", name="time us", exact=True))
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        cells = [
            float(text.replace("-", "0"))
            for text in table.locator("tbody td:nth-of-type(4)").all_inner_texts()
        ]
        longest = sorted((layer.end_ps - layer.start_ps for layer in resnet20.layers), reverse=True)
        assert cells == pytest.approx([ps / 1e6 for ps in longest], abs=6e-4)
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        page.locator("#filter").fill("conv2")
        shown = [layer for layer in resnet20.layers if "conv2" in layer.name]
        assert table.locator("tbody tr:visible").count() == len(shown)
        assert page.locator("#filtered").inner_text() == f"{len(shown)} layers"


def test_the_tab_key_reaches_everything(opened, paper):
    with opened(paper) as page:
        for summary in page.locator("summary").all():
            summary.click()
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        wanted = page.evaluate(
            "() => { const all = [...document.querySelectorAll("
            "'a, button, input, summary, [tabindex=\"0\"]')].filter((one) => one.checkVisibility());"
            "all.forEach((one, n) => (one.dataset.stop = n)); return all.length }"
        )
        reached = set()
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.dataset.stop"))
        assert {str(number) for number in range(wanted)} <= reached


def test_hostile_names_are_only_text(opened, make_result):
    result = hostile(make_result)
    with opened(result) as page:
        assert page.locator("h1").inner_text() == HOSTILE[0]
        lanes, details = page.locator("#lanes"), page.locator("#details")
        seen = ""
        for _ in HOSTILE:
            lanes.press(".")
            seen += details.inner_text()
        assert HOSTILE[1] in seen
        page.locator("#search").fill(HOSTILE[1])
        assert page.locator("#found").inner_text() == "1 layer"
        box = lanes.bounding_box()
        for x in range(10, int(box["width"]), 40):
            lanes.hover(position={"x": x, "y": box["height"] - 40})
        assert page.locator("script").count() == len(Page(html(result)).all("script")) == 2


def test_it_prints_light_and_whole(opened, resnet20):
    with opened(resnet20, color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert background(page) == "rgb(255, 255, 255)"
        assert not page.locator("header").is_visible()
        assert page.locator("#layers tbody tr").last.is_visible()
        assert page.pdf().startswith(b"%PDF")
