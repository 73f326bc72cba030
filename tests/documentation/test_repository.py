"""What others look for in the repository: the citation, the files of Snakemake's catalogue, the templates of issues."""

import re

import pytest
import yaml
from tests.documentation.pages import ROOT

from sparsetopo.version import VERSION


def test_the_citation_has_the_version_of_the_library():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == VERSION
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_the_example_of_a_fetched_workflow_names_this_version():
    page = (ROOT / "docs/module.md").read_text(encoding="utf-8")
    assert re.findall(r'tag="v([\d.]+)"', page) == [VERSION]


def test_the_catalogue_of_workflows_finds_what_it_wants():
    """As its page says: an entry, instructions, a default configuration, and what of the software is deployed."""
    for path in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "README.md"):
        assert (ROOT / path).is_file(), path
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    deployment = usage["software-stack-deployment"]
    assert deployment["conda"] is True
    assert deployment["report"] is True


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem
)
def test_templates_of_issues_have_what_github_requires(path):
    template = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert set(template) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(template)
    identifiers = [part["id"] for part in template["body"]]
    assert len(set(identifiers)) == len(identifiers)
    assert all(part["type"] in ("input", "textarea") for part in template["body"])
    assert all(part["attributes"]["label"] for part in template["body"])
