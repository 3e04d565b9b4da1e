"""Takes the pictures of the HTML report that the documentation shows, in headless Chromium.

    python docs/report_images.py

Needs Playwright and an installed Chromium. Pictures of one page on two machines differ where fonts do, so
nothing checks them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Locator, sync_playwright

from simres import api
from simres.reporting.html.page import html

FOLDER = Path(__file__).parent / "images"
DESKTOP = {"width": 1120, "height": 900}
PHONE = {"width": 390, "height": 844}


def main() -> int:
    """Writes the pictures under docs/images/."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.stderr.write("no Chromium here: apt-get install chromium\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        file = Path(folder) / "report.html"
        file.write_text(html(api.simulate("resnet18", chip="edge-npu")), encoding="utf-8")
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme, viewport, section in (
            ("light", DESKTOP, "summary"),
            ("light", DESKTOP, "timeline"),
            ("dark", DESKTOP, "timeline"),
            ("dark", PHONE, "timeline"),
        ):
            page = browser.new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            page.goto(file.as_uri())
            page.wait_for_selector("html[data-ready]")
            if section == "timeline":
                walk(page.locator("#lanes"))
            page.evaluate("document.activeElement.blur()")
            page.add_style_tag(content="header { position: static }")
            page.wait_for_timeout(200)
            name = "-".join([section, scheme, *(["phone"] if viewport is PHONE else [])])
            page.locator(f"#{section}").screenshot(path=FOLDER / f"report-{name}.png")
            page.close()
        browser.close()
    return 0


def walk(lanes: Locator) -> None:
    """Zooms to the middle of the run and selects what the matrix unit does there."""
    for key in (*"+++++", "ArrowDown"):
        lanes.press(key)


if __name__ == "__main__":
    sys.exit(main())
