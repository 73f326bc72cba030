"""The site in a real browser: every page fits a phone and a desk, complains of nothing and asks nobody else for anything."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser import CHROMIUM, MISSING, Browser, browser
from tests.documentation.pages import ROOT

EXAMPLES_FOLDER = ROOT / "examples"
EXAMPLES = sorted(path for path in EXAMPLES_FOLDER.glob("*.py") if path.name != "fair_snip.py")

pytestmark = [
    pytest.mark.middle,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built as `make docs` does, with the folders that hold it and what it is made from."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "-c", "docs/site", ".", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def visit(tab: Browser, page: Path, address: str = "") -> None:
    tab.open(page.as_uri() + address)
    tab.wait_for(
        f"location.pathname.endsWith({page.name!r}) && document.readyState == 'complete' && document.body != null"
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_and_is_complete_in_itself(site, tab, width):
    tab.resize(width, 844)
    pages = [page for page in sorted(site.rglob("*.html")) if page != site / "index.html"]
    assert len(pages) > 30
    faults = {}
    for page in pages:
        visit(tab, page)
        wider = tab.evaluate("document.documentElement.scrollWidth") - width
        broken = tab.evaluate("[...document.images].filter(each => !each.naturalWidth).map(each => each.src)")  # fmt: skip
        elsewhere = [address for address in tab.requests if address.startswith("http")]
        if wider > 0 or broken or elsewhere or tab.problems:
            faults[page.name] = (wider, broken, elsewhere, list(tab.problems))
    assert faults == {}


@pytest.mark.parametrize("script", [path.stem for path in EXAMPLES])
def test_an_example_is_shown_with_its_figures_and_what_it_printed(site, tab, script):
    visit(tab, site / f"examples/{script}.html")
    shown = (EXAMPLES_FOLDER / f"{script}.py").read_text(encoding="utf-8")
    drawn = shown.count("plt.show()") + shown.count("commands.draw(model, mask")
    assert tab.evaluate("document.querySelectorAll('.cell_output img').length") == drawn > 0
    printed = tab.evaluate("[...document.querySelectorAll('.cell_output pre')].map(each => each.innerText)")  # fmt: skip
    assert len(printed) >= 2
    assert not [text for text in printed if "<Figure" in text or "Warning" in text]
    assert max(text.count("\n") for text in printed) < 60


def test_the_first_page_leads_to_the_start(site, tab):
    tab.open((site / "index.html").as_uri())
    tab.wait_for(
        "location.pathname.endsWith('docs/site/index.html') && document.readyState == 'complete' && document.body != null"
    )
    assert "two commands, ten minutes" in tab.evaluate("document.body.innerText")


def test_the_search_finds_a_metric_without_a_server(site, tab):
    visit(tab, site / "search.html", "?q=motif4")
    tab.wait_for("document.querySelectorAll('ul.search li').length > 0")
    assert tab.problems == []
