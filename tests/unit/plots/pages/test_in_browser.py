"""The page of a study in a real browser: no errors, every chart drawn, nothing asked of the network, fits a phone."""

import base64
import time

import pytest
from tests.browser import CHROMIUM, MISSING, browser
from tests.unit.plots.pages.made_up_study import STUDIES

from sparsetopo.plots.pages.study import study_page

pytestmark = [pytest.mark.middle, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

DESKTOP, PHONE = (1280, 900), (360, 740)
READY = "['ready', 'failed'].includes(document.body?.dataset.state)"
STATE = "document.body.dataset.state"
# A chart has marks of its own, besides axes and legends.
CHARTS = """Object.fromEntries([...document.querySelectorAll("[data-chart]")].map((chart) => [
  chart.dataset.chart,
  chart.querySelectorAll("svg .role-mark path, svg .role-mark line, svg .role-mark text").length,
]))"""


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, study in STUDIES.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(study_page(study()), encoding="utf-8")
    return found


@pytest.fixture
def shown(chromium, pages):
    def show(name, size=DESKTOP, **options):
        chromium.resize(*size, **options)
        chromium.open(pages[name].as_uri())
        chromium.wait_for(READY)
        return chromium

    return show


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("default", {"drop", "accuracy", "prediction", "importance", "ranking"}),
        ("tiny", {"drop", "accuracy"}),
        ("gappy", {"drop", "accuracy", "importance", "ranking"}),
    ],
)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_chart_is_drawn_without_an_error_or_the_network(shown, pages, name, drawn, size):
    page = shown(name, size)
    assert page.evaluate(STATE) == "ready"
    assert page.problems == []
    charts = page.evaluate(CHARTS)
    assert set(charts) >= drawn
    assert all(charts.values()), charts
    images = "[...document.images].map((image) => [image.complete, image.naturalWidth > 0, image.alt.length > 20])"
    assert page.evaluate(images) == [[True, True, True]] * 2
    asked = [address for address in page.requests if not address.startswith(("data:", "blob:"))]
    assert asked == [pages[name].as_uri()]
    # The page does not scroll sideways; wide tables and figures do so inside.
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate("innerWidth") == size[0]


def test_every_chart_has_a_text_in_its_place(shown):
    page = shown("default")
    labels = page.evaluate(
        "[...document.querySelectorAll('.chart [role=graphics-document]')].map((chart) => chart.ariaLabel)"
    )
    assert len(labels) == 5
    assert all("." in label and len(label) > 60 for label in labels)


def test_the_metric_and_the_networks_can_be_chosen(shown):
    page = shown("default")
    choose = """((name, value) => {
      const list = document.querySelector(`[data-chart=drop] select[name=${name}]`);
      list.value = value;
      list.dispatchEvent(new Event("input", {bubbles: true}));
      list.dispatchEvent(new Event("change", {bubbles: true}));
    })"""
    said = "document.querySelector('[data-chart=drop]').textContent"
    assert "140 networks" in page.evaluate(said)
    page.evaluate(f"{choose}('only_sparsity', '0.9')")
    page.wait_for(f"{said}.includes('28 networks')")
    page.evaluate(f"{choose}('only_algorithm', 'SNIP')")
    page.wait_for(f"{said}.includes('4 networks')")
    page.evaluate(f"{choose}('metric', 'strength_trained')")
    page.wait_for(
        "document.querySelector('[data-chart=drop] .role-title').textContent.includes('trained weights')"
    )
    page.evaluate(f"{choose}('group', 'architecture')")
    page.wait_for(
        "document.querySelector('[data-chart=drop] .role-legend').textContent.includes('Resnet-32')"
    )
    assert page.problems == []


def test_a_mark_says_which_network_it_is(shown):
    page = shown("default")
    page.evaluate("document.querySelector('#drop').scrollIntoView()")
    place = page.evaluate("""(() => {
      const box = document.querySelector("[data-chart=drop] .mark-symbol.role-mark path").getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    })()""")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    page.wait_for("document.querySelector('#vg-tooltip-element.visible') !== null")
    text = page.evaluate("document.querySelector('#vg-tooltip-element').textContent")
    named = ("algorithm", "sparsity", "architecture", "data set", "seed", "accuracy", "value")
    assert all(name in text for name in named), text


def test_tables_are_sorted_by_a_click_on_their_heading(shown):
    page = shown("default")
    column = """((heading) => {
      const place = document.querySelector("[data-table=networks]");
      place.closest("details").open = true;
      const headings = () => [...place.querySelectorAll("th")];
      const at = headings().findIndex((cell) => cell.textContent === heading);
      headings()[at].querySelector("button").click();
      return [headings()[at].ariaSort, [...place.querySelectorAll("tbody tr")].map((row) => row.cells[at].textContent)];
    })"""
    page.evaluate("document.querySelector('[data-table=networks]').closest('details').open = true")
    page.wait_for("document.querySelector('[data-table=networks] tbody') !== null")
    order, rising = page.evaluate(f"{column}('accuracy')")
    values = [float(text) for text in rising]
    assert (order, len(values), values) == ("ascending", 140, sorted(values))
    order, falling = page.evaluate(f"{column}('accuracy')")
    assert (order, [float(text) for text in falling]) == (
        "descending",
        sorted(values, reverse=True),
    )


def test_the_page_opens_as_a_data_uri_in_a_frame_as_in_snakemakes_report(chromium, pages, tmp_path):
    packed = base64.b64encode(pages["default"].read_bytes()).decode()
    report = tmp_path / "report.html"
    report.write_text(f'<iframe src="data:text/html;charset=utf8;base64,{packed}"></iframe>')
    chromium.resize(*DESKTOP)
    chromium.open(report.as_uri())
    end = time.monotonic() + 60
    while not chromium.frames():
        assert time.monotonic() < end, "the frame stays empty"
        time.sleep(0.1)
    (frame,) = chromium.frames()
    chromium.wait_for(READY, frame)
    assert chromium.evaluate(STATE, frame) == "ready"
    assert all(chromium.evaluate(CHARTS, frame).values())
    assert chromium.evaluate("document.querySelectorAll('a.file[href]').length", frame) == 0
    assert chromium.problems == []
