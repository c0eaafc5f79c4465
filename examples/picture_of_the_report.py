"""Take a picture of the report's clip cards and of its models, in a headless Chromium.

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


def picture(page: Page, selector: str, height_px: int) -> Image.Image:
    """The upper part of an element as it is shown."""
    box = page.locator(selector).first.bounding_box()
    if box is None:
        raise SystemExit(f"{REPORT}: nothing is shown as {selector}; make the report anew")
    clip = {"x": 0, "y": box["y"] - 12, "width": WIDTH_PX, "height": min(box["height"] + 24, height_px)}
    return Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))


def take(target: Path) -> None:
    """Put the parts of the page below each other, with a lossy palette to keep the file small."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or not REPORT.is_file():
        raise SystemExit(f"no browser or no {REPORT}; run: make demo browser")
    with sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page(
            viewport={"width": WIDTH_PX, "height": 900}, device_scale_factor=1.5
        )
        page.goto(REPORT.resolve().as_uri())
        parts = [picture(page, "#summary", 330), picture(page, "details.card[open]", 760)]
    whole = Image.new("RGB", (parts[0].width, sum(part.height for part in parts)), "white")
    for index, part in enumerate(parts):
        whole.paste(part, (0, sum(above.height for above in parts[:index])))
    target.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(192).save(target, optimize=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images/report.png"))
