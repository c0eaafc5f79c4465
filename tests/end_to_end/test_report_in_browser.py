"""The page in a real headless Chromium: figures, filters, names, three widths, both themes."""

import os
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.reported import reported_project

__all__ = ["reported_project"]

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; run: make browser")

WIDTHS_PX = {"phone": 375, "tablet": 820, "wide": 1600}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Contrast that WCAG 2.2 AA asks of text.
_MIN_CONTRAST = 4.5


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("TRIPTYCH_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(_NAMES)} is installed; run: make browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory) -> Path:
    folder = Path(os.environ.get("TRIPTYCH_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def opened(browser, reported_project):
    """Open the page and record its console messages and requests."""
    pages = []

    def open_page(width: str = "wide", theme: str = "light"):
        size = {"width": WIDTHS_PX[width], "height": 1000}
        page = browser.new_page(viewport=size, color_scheme=theme, reduced_motion="reduce")
        page.messages, page.requests = [], []
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto((reported_project.processed / "report.html").as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()


_FIGURES = """() => [...document.querySelectorAll("figure svg, .card img")].map((one) => {
  const box = one.getBoundingClientRect();
  return {name: one.getAttribute("aria-label") || one.alt, width: box.width, height: box.height,
          whole: one.tagName !== "IMG" || one.naturalWidth > 0};
})"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS_PX)
def test_the_page_is_quiet_and_whole(opened, screenshots, width, theme):
    page = opened(width, theme)
    page.screenshot(path=screenshots / f"{width}-{theme}.png", full_page=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    figures = page.evaluate(_FIGURES)
    assert len(figures) > 30
    assert all(one["width"] > 60 and one["height"] > 30 and one["whole"] for one in figures)
    assert all(one["name"] for one in figures)
    # Wide tables and figures scroll within themselves, the page does not.
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS_PX[width]
    assert page.messages == []
    assert {url.partition(":")[0] for url in page.requests} <= {"file", "data"}
    assert page.title() == "Triptych report"


def test_a_filter_narrows_its_table_and_says_how_far(opened):
    page = opened()
    field = page.get_by_label("Filter Quarantine of demo")
    rows = page.locator("#dataset-demo-3 tbody tr:visible")
    assert rows.count() == 3
    field.fill("PICTURE decoded")
    assert rows.count() == 1
    assert "the picture cannot be decoded" in rows.inner_text()
    assert page.locator("#dataset-demo-3-status").inner_text() == "1 of 3"
    field.fill("")
    assert rows.count() == 3


def test_cards_are_found_by_their_transcript(opened):
    page = opened()
    page.get_by_label("Filter clips by id").fill("<b>bold")
    cards = page.locator("details.card:visible")
    assert cards.count() <= 1
    page.get_by_label("Filter clips by id").fill("test sample")
    assert cards.count() >= 1


def test_a_column_sorts_by_number_up_and_down(opened):
    page = opened()
    table = page.get_by_role("table", name="Test scores")
    for expected in (["good", "good@text_alone", "poor"], ["poor", "good@text_alone", "good"]):
        table.get_by_role("button", name="MAE").click()
        assert table.locator("tbody th").all_inner_texts() == expected


def test_the_theme_can_be_chosen_with_the_keyboard(opened):
    page = opened(theme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_label("system", exact=True).focus()
    page.keyboard.press("ArrowLeft")  # wraps round to the last choice
    assert page.get_by_label("dark", exact=True).is_checked()
    assert page.evaluate(paper) != light


def test_a_listener_finds_landmarks_headings_and_names(opened):
    page = opened()
    for role in ("main", "navigation", "banner", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    nameless = page.eval_on_selector_all(
        "input, button, summary, [role=group], [tabindex='0']",
        """all => all.filter((one) => !(one.ariaLabel || one.textContent.trim()
            || (one.labels && one.labels.length))).map((one) => one.outerHTML.slice(0, 90))""",
    )
    assert nameless == []


_CONTRASTS = """() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = (color) => (Math.max(light(color), paper) + 0.05) / (Math.min(light(color), paper) + 0.05);
  const texts = [...document.querySelectorAll("p, th, td, figcaption, a, h2, dt, dd")]
    .map((one) => getComputedStyle(one).color);
  const drawn = [...document.querySelectorAll("figure svg text")].map((one) => getComputedStyle(one).fill);
  return Math.min(...new Set([...texts, ...drawn].map(ratio)));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_the_paper(opened, theme):
    assert opened(theme=theme).evaluate(_CONTRASTS) >= _MIN_CONTRAST


def test_print_shows_every_card_on_white(opened, screenshots):
    page = opened(theme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details.card:not([open])").count() == 0
    page.pdf(path=screenshots / "report.pdf")
    assert (screenshots / "report.pdf").stat().st_size > 50_000
