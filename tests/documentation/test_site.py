"""The site: what its generated pages must hold, and that its pins are the same everywhere."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from tests.documentation.pages import PAGES, ROOT

import sparsetopo
from sparsetopo.architectures import ARCHITECTURES
from sparsetopo.datasets import DATASETS
from sparsetopo.metrics.registry import METRICS
from sparsetopo.pruning import ALGORITHMS, COMMON_OPTIONS


def module_of(path: str) -> ModuleType:
    """A script of the documentation, which is in no package, as a module."""
    specification = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> dict[str, str]:
    """The pages that are made at build time, by name."""
    reference = module_of("docs/site/reference.py")
    folder = tmp_path_factory.mktemp("site") / "generated"
    reference.write_pages(folder)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_every_key_of_the_schema_has_its_row(generated):
    schema = json.loads((ROOT / "config/schema.json").read_text())
    for section in (schema, *schema["$defs"].values()):
        for key, value in section["properties"].items():
            (row,) = {
                row
                for row in re.findall(rf"^\| `{key}` \|.*\|$", generated["configuration"], re.M)
                if value["description"].split("<")[0].split("*")[0] in row
            }
            assert len(row.split(" | ")) == 4, row


@pytest.mark.parametrize(
    ("page", "entries"),
    [
        ("algorithms", ALGORITHMS),
        ("data-set-options", DATASETS),
        ("architecture-options", ARCHITECTURES),
    ],
)
def test_every_entry_has_its_section_with_its_options(generated, page, entries):
    sections = dict(re.findall(r"^## `(.+)`\n((?:(?!^## ).*\n?)*)", generated[page], re.M))
    assert set(sections) == set(entries)
    for name, entry in entries.items():
        rows = re.findall(r"^\| `(\w+)` \|", sections[name], re.M)
        assert rows == list(entry.options)


def test_options_that_all_algorithms_have_come_first(generated):
    first = generated["algorithms"].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", first, re.M) == list(COMMON_OPTIONS)


def test_metrics_and_public_names_are_all_there(generated):
    assert set(re.findall(r"^\| `(\w+)` \|", generated["metrics"], re.M)) == set(METRICS)
    described = set(re.findall(r"auto(?:class|function):: sparsetopo\.(\w+)$", generated["python"], re.M))  # fmt: skip
    assert described == set(sparsetopo.__all__)


def test_every_page_of_docs_is_in_the_site():
    index = (ROOT / "docs/site/index.md").read_text(encoding="utf-8")
    trees = "\n".join(re.findall(r"```\{toctree\}\n(.*?)```", index, re.S))
    listed = re.findall(r"(?:^|<)([\w./-]+?)>?$", trees, re.M)
    places = {str((ROOT / "docs/site" / name).resolve().relative_to(ROOT)) for name in listed}
    pages = {page.removesuffix(".md") for page in PAGES if page.startswith("docs/")}
    assert pages - {"docs/site/index"} <= places


def test_pins_of_the_site_are_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = project["optional-dependencies"]["docs"]
    assert pins
    assert all("==" in pin for pin in pins)
    for name in ("requirements-dev.txt", "constraints.txt"):
        lines = (ROOT / "envs" / name).read_text().lower().splitlines()
        assert set(pins) <= set(lines), name


@pytest.mark.middle
def test_the_picture_shows_the_rules_of_today():
    drawing = module_of("docs/figures/draw_rule_graph.py")
    graph = drawing.rules_of(drawing.rule_graph())
    assert drawing.picture(graph) == drawing.PICTURE.read_text(encoding="utf-8"), "make rulegraph"


def test_arrows_of_the_picture_are_those_that_no_others_imply():
    drawing = module_of("docs/figures/draw_rule_graph.py")
    dot = """
        0[label = "all", color = "0 0 0"];
        1[label = "data", color = "0 0 0"];
        2[label = "prune", color = "0 0 0"];
        3[label = "train", color = "0 0 0"];
        1 -> 0
        1 -> 2
        2 -> 3
        1 -> 3
        3 -> 0
    """
    assert set(drawing.rules_of(dot).edges) == {("data", "prune"), ("prune", "train")}
