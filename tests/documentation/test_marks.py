"""Which blocks of the pages no test runs, and why: all of them, so that another one is a decision."""

import re

import pytest
from tests.documentation.pages import PAGES, ROOT, blocks

# Pages whose blocks another test runs, as they stand there.
RUN_ELSEWHERE = {
    "docs/command-line.md": "tests/unit/command_line/test_page.py",
    "docs/module.md": "tests/workflow/test_module.py",
}
NOT_RUN = {
    "CONTRIBUTING.md": ["it writes a file of the tests"],
    "docs/cluster.md": [
        "it installs a package",
        "it needs HTCondor",
        "it needs Kubernetes",
        "it needs AWS",
    ],
    "docs/datasets.md": ["it needs CIFAR-10"],
    "docs/frozen-copy.md": ["<commit> stands for a commit"],
    "docs/reruns.md": ["it needs results that have become stale"],
    "docs/running-the-paper.md": ["it needs the results of a study"],
    "docs/storage.md": ["it takes minutes"],
    "docs/training.md": ["it needs CIFAR-10 and a GPU", "it needs CIFAR-10 and a GPU"],
    "resources/released/README.md": ["it needs a network"],
}
LANGUAGES = {
    "",
    "sh",
    "python",
    "yaml",
    "text",
}  # commands (twice); Python; configurations; what is only shown


def test_what_is_not_run_is_listed_here():
    marked = {page: [block.not_run for block in blocks(page) if block.not_run] for page in PAGES}
    assert {page: reasons for page, reasons in marked.items() if reasons} == NOT_RUN


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_what_is_run_elsewhere_is_read_there(page):
    assert page in (ROOT / RUN_ELSEWHERE[page]).read_text(encoding="utf-8")


def test_every_block_says_what_it_is():
    odd = [block.place for page in PAGES for block in blocks(page) if block.language not in LANGUAGES]  # fmt: skip
    assert odd == []


def test_scripts_and_modules_of_blocks_that_are_not_run_exist():
    missing = []
    for page in PAGES:
        for block in blocks(page):
            named = re.findall(r"(?:tests|workflow)/[\w/]+\.py", block.text)
            modules = re.findall(r"-m (tests[\w.]+)", block.text)
            files = [*named, *(f"{module.replace('.', '/')}.py" for module in modules)]
            missing += [(block.place, file) for file in files if not (ROOT / file).is_file()]
    assert missing == []
