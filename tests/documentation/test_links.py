"""Every link of README and the pages to a place of this repository leads there, also to a heading."""

import pytest
from tests.documentation.pages import PAGES, ROOT, Link, headings, links

GENERATED = "docs/site/generated/"  # made by `make docs`, which checks links to them


def problem(link: Link) -> str | None:
    """What is wrong with a link."""
    path, _, heading = link.target.partition("#")
    file = (ROOT / link.page).parent / path if path else ROOT / link.page
    place = file.resolve()
    if not place.is_relative_to(ROOT):
        return "leaves the repository"
    relative = str(place.relative_to(ROOT))
    if relative.startswith(GENERATED):
        return None
    if not place.is_file():
        return "is no file"
    if heading and heading not in headings(relative):
        return f"{relative} has no heading of that name"
    return None


def test_the_pages_are_found():
    assert {"README.md", "CONTRIBUTING.md", "docs/graph.md", "docs/site/start.md"} <= set(PAGES)
    assert len(links("README.md")) > 10


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    problems = {link.place: problem(link) for link in links(page)}
    assert {place: what for place, what in problems.items() if what} == {}


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("docs/nothing.md", "is no file"),
        ("docs", "is no file"),
        ("../elsewhere.md", "leaves the repository"),
        ("docs/graph.md#no-such", "docs/graph.md has no heading of that name"),
        ("docs/graph.md#1-the-graph", None),
        ("#as-a-library", None),
    ],
)
def test_a_link_that_leads_nowhere_is_told(target, what):
    assert problem(Link("README.md", 1, target)) == what
