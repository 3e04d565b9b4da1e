"""How large the page of a big run is, how soon it can be used, and how fast it redraws.

    python benchmarks/report.py [--rounds 3]

ResNet-152 on the paper's chip with 1 MiB, in tiles; and 100,000 tasks in time, images of ResNet-20 one
after the other. Timed is headless Chromium: from opening the file until the page has drawn its timeline
and listens, and then each redraw as the timeline is zoomed in and dragged along. Needs Playwright and an
installed Chromium, and to trace ResNet-152 torch.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from simres import api
from simres.reporting.html.page import html
from simres.result import Result

LIMIT_MB, LIMIT_S, LIMIT_MS = 10.0, 2.0, 100.0
STEPS = """async () => {
  const canvas = document.getElementById("lanes");
  const press = (key) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key }));
  const took = [];
  const [right, left] = ["ArrowRight", "ArrowLeft"].map((key) => Array(12).fill(key));
  for (const key of [..."++++++", ...right, ..."------", ...left]) {
    press(key);
    const begun = await new Promise(requestAnimationFrame);
    took.push(performance.now() - begun);
  }
  return took;
}"""
"""Callbacks of a frame run in the order in which they were asked for, so the page's drawing is timed."""


def results() -> Iterator[tuple[str, Result]]:
    """What to show."""
    one_mib = {"hardware.sram.capacity": "1 MiB"}
    yield "ResNet-152, tiles", api.simulate("torchvision:resnet152", chip="paper", overrides=one_mib)
    yield "100,000 tasks", api.simulate("pipeline", overrides={"images": 254})


def opened(page: Page, file: Path) -> float:
    """Seconds from opening the file until the page listens."""
    begun = time.perf_counter()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]")
    return time.perf_counter() - begun


def main() -> None:
    """Prints a line a page, with the limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("no Chromium here: apt-get install chromium")
    print(f"{'':20}{'spans':>9}{'written':>10}{'size':>10}{'interactive':>13}{'redraw':>10}{'slowest':>10}")
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, result in results():
            begun = time.perf_counter()
            text = html(result)
            written = time.perf_counter() - begun
            file = Path(folder) / "report.html"
            file.write_text(text, encoding="utf-8")
            page = browser.new_page()
            seconds = min(opened(page, file) for _ in range(rounds))
            frames = page.evaluate(STEPS)
            size = file.stat().st_size / 1e6
            print(
                f"{name:20}{len(result.record.rows):>9}{written:>8.2f} s{size:>7.2f} MB{seconds:>11.2f} s"
                f"{statistics.median(frames):>7.1f} ms{max(frames):>7.1f} ms"
            )
            page.close()
    print(f"{'limits':39}{LIMIT_MB:>7.0f} MB{LIMIT_S:>11.0f} s{'':>10}{LIMIT_MS:>7.0f} ms")


if __name__ == "__main__":
    main()
