"""YAML on the pages is a valid configuration, or a part of one."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from tests.documentation.pages import PAGES, ROOT, Block, blocks
from tests.documentation.test_marks import RUN_ELSEWHERE

from sparsetopo.config import load_configuration, text_problems
from sparsetopo.errors import ConfigurationError

# A part is joined with one of these: the default study, or the one that its page is about.
COMPLETED_BY = {"docs/running-the-paper.md": "config/paper.yaml"}
CONFIGURATIONS = [
    block
    for page in PAGES
    if page not in RUN_ELSEWHERE
    for block in blocks(page)
    if block.language == "yaml" and not block.file and not block.not_run
]


def joined(whole: Any, part: Any) -> Any:
    """A configuration with what a part of one says; lists and values are replaced."""
    if not (isinstance(whole, Mapping) and isinstance(part, Mapping)):
        return part
    return {**whole, **{key: joined(whole.get(key), value) for key, value in part.items()}}


def checked(block: Block) -> None:
    """ConfigurationError if a block is no configuration, nor makes one together with the study it belongs to."""
    assert text_problems(block.text) == []
    values = yaml.safe_load(block.text)
    if "study" not in values:
        name = COMPLETED_BY.get(block.page, "config/config.yaml")
        values = joined(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")), values)
    load_configuration(values)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the modules that the pages show."""
    for page in PAGES:
        for block in blocks(page):
            if block.file and block.language == "python":
                (tmp_path / block.file).write_text(block.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_configurations_are_found():
    assert {block.page for block in CONFIGURATIONS} >= {
        "config/README.md",
        "docs/architectures.md",
        "docs/datasets.md",
    }


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=lambda block: block.place)
def test_it_is_valid(block, folder):
    checked(block)


def test_a_wrong_one_is_refused(folder):
    with pytest.raises(ConfigurationError, match=r"keep\.weights"):
        checked(Block("README.md", 1, "yaml", "keep: {weights: false}\n"))
