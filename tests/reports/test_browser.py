"""The page in a real browser: nothing on the console, filters and sorting work, images show; skipped without one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from byzbounds.reports import report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

#: Uses the page as a reader would, and leaves what it saw in an element that the dump of the document holds.
READER = """
<script>addEventListener("load", async () => {
  const seen = {};
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  seen.broken = [...document.images].filter((image) => !(image.complete && image.naturalWidth > 0)).length;
  seen.images = document.images.length;
  const rows = () => [...document.querySelectorAll("#claims-table tbody tr")];
  const visible = () => rows().filter((row) => row.offsetParent !== null).length;
  const tools = document.querySelector('[data-items^="#claims-table"]');
  const set = (element, value, event) => { element.value = value; element.dispatchEvent(new Event(event)); };
  seen.all = visible();
  set(tools.querySelector("select[name=outcome]"), "DOES NOT HOLD", "change");
  seen.failing = visible();
  seen.failingRows = rows().filter((row) => row.dataset.outcome === "DOES NOT HOLD").length;
  set(tools.querySelector("select[name=outcome]"), "", "change");
  set(tools.querySelector("input"), "falls-with-d literal", "input");
  seen.named = visible();
  seen.count = tools.querySelector("output").textContent;
  set(tools.querySelector("input"), "", "input");
  const header = [...document.querySelectorAll("#claims-table th button")].find((b) => b.textContent === "Effect");
  const effects = () => rows().map((row) => Number.parseFloat(row.cells[3].textContent));
  header.click();
  seen.up = effects();
  header.click();
  seen.down = effects();
  const before = getComputedStyle(document.body).backgroundColor;
  document.getElementById("theme").click();
  seen.theme = before !== getComputedStyle(document.body).backgroundColor;
  seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth + 1;
  const inner = [...document.querySelectorAll('a[href^="#"]')];
  seen.links = inner.filter((link) => !document.getElementById(link.hash.slice(1))).length;
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
});</script>
"""


def chromium(profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --enable-logging=stderr --hide-scrollbars"
    words = [BROWSER, *flags.split(), *more.split(), f"--user-data-dir={profile}", *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page")
    return report.build("quick", out, figures=["lad.fig2", "lad.fig3"], statements=False)


@pytest.fixture(scope="module", params=["1200,900", "390,800"], ids=["desktop", "phone"])
def seen(request: pytest.FixtureRequest, page: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read(page.read_text("utf-8"), tmp_path_factory.mktemp("read"), request.param)


def read(text: str, folder: Path, size: str) -> dict[str, Any]:
    """What a reader sees of a page's text in a window of a size."""
    copy = folder / "read.html"
    copy.write_text(text.replace("</body>", READER + "</body>"), "utf-8")
    options = (f"--window-size={size}", "--virtual-time-budget=20000", "--dump-dom", copy.as_uri())
    done = chromium(folder / "profile", *options)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout)
    assert found, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return {**json.loads(found.group(1).replace("&lt;", "<").replace("&amp;", "&")), "console": console}


def test_nothing_is_logged_and_images_show(seen: dict[str, Any]) -> None:
    assert seen["console"] == []
    assert seen["images"] == 4
    assert seen["broken"] == 0


def test_filters_and_sorting_work(seen: dict[str, Any]) -> None:
    assert 0 < seen["failing"] == seen["failingRows"] < seen["all"]
    assert seen["named"] == 1
    assert seen["count"].startswith("1 of ")
    assert seen["up"] == sorted(seen["up"])
    assert seen["down"] == sorted(seen["down"], reverse=True)


def test_page_fits_its_window_and_changes_its_theme(seen: dict[str, Any]) -> None:
    assert not seen["wide"]
    assert seen["theme"]
    assert seen["links"] == 0


def test_the_reader_notices_what_is_planted(page: Path, tmp_path: Path) -> None:
    planted = '<img src="data:image/png;base64,AAAA" alt=""><a href="#nowhere">x</a><script>console.error(1)</script>'
    seen = read(page.read_text("utf-8").replace("</main>", planted + "</main>"), tmp_path, "1200,900")
    assert len(seen["console"]) == 1
    assert seen["broken"] == 1
    assert seen["links"] == 1


def test_screenshot_is_no_blank_sheet(page: Path, tmp_path: Path) -> None:
    import matplotlib.image
    import numpy as np

    picture = tmp_path / "page.png"
    chromium(tmp_path / "profile", "--window-size=1000,1400", f"--screenshot={picture}", page.as_uri())
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[:2] == (1400, 1000)
    assert len(np.unique((pixels[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 50
