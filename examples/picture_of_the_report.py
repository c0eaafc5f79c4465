"""Take a picture of the report: stages, a clip card and two models, in a headless Chromium.

Run after ``make demo browser``: ``.venv/bin/python examples/picture_of_the_report.py docs/images/report.png``
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPORT = Path("processed/report.html")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH_PX = 1180


def picture(page: Page, first: str, last: str) -> Image.Image:
    """Screenshot from the top of one element to the bottom of another."""
    boxes = [page.locator(selector).first.bounding_box() for selector in (first, last)]
    if None in boxes:
        raise SystemExit(f"{REPORT}: {first} or {last} is missing; rebuild the report")
    top, bottom = boxes[0]["y"] - 8, boxes[1]["y"] + boxes[1]["height"] + 8
    clip = {"x": 0, "y": top, "width": WIDTH_PX, "height": bottom - top}
    return Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))


def take(target: Path) -> None:
    """Join screenshots of parts of the page into one picture."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or not REPORT.is_file():
        raise SystemExit(f"no browser or no {REPORT}; run: make demo browser")
    with sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page(
            viewport={"width": WIDTH_PX, "height": 900}, device_scale_factor=1.25
        )
        page.goto(REPORT.resolve().as_uri())
        card, charts = "details.card[open]", "#models .charts figure:nth-child({})"
        parts = [
            picture(page, "#summary .numbers", "#summary figure"),
            picture(page, card, f"{card} figure"),
            picture(page, charts.format(1), charts.format(3)),
        ]
    whole = Image.new("RGB", (parts[0].width, sum(part.height for part in parts)), "white")
    for index, part in enumerate(parts):
        whole.paste(part, (0, sum(above.height for above in parts[:index])))
    target.parent.mkdir(parents=True, exist_ok=True)
    whole.save(target, optimize=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images/report.png"))
