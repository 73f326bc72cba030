"""The examples: percent scripts that notebooks open, listed on the site and in their own page, and run by `make docs`."""

import ast
import re

import jupytext
import pytest
from tests.documentation.pages import ROOT

FOLDER = ROOT / "examples"
IMPORTED = {"fair_snip.py"}  # by an example; no page of its own
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py") if path.name not in IMPORTED)


def cells(script: str) -> list[tuple[str, str]]:
    """Kind ("markdown" or "code") and text of each cell, as a notebook has them."""
    notebook = jupytext.read(FOLDER / script, fmt="py:percent")
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def headings(script: str) -> list[str]:
    texts = [text for kind, text in cells(script) if kind == "markdown"]
    return re.findall(r"^#+ .+$", "\n\n".join(texts), re.MULTILINE)


def test_there_are_five():
    assert len(SCRIPTS) == 5


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_asks_first_and_has_sections_and_ends_with_words(script):
    first, *sections = headings(script)
    assert re.fullmatch(r"# .+\?", first)
    assert len(sections) >= 2
    assert all(section.startswith("## ") for section in sections)
    kinds = [kind for kind, _ in cells(script)]
    assert (kinds[0], kinds[-1]) == ("markdown", "markdown")
    assert kinds.count("code") >= 4


@pytest.mark.parametrize("script", SCRIPTS)
def test_cells_are_the_whole_script(script):
    code = "\n\n".join(text for kind, text in cells(script) if kind == "code")
    text = (FOLDER / script).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(text))
    assert "plt.show()" in code


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_is_listed_with_its_question(script):
    index = (ROOT / "docs/site/index.md").read_text(encoding="utf-8")
    assert f"../../examples/{script.removesuffix('.py')}\n" in index
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    question = headings(script)[0].removeprefix("# ")
    assert f"| [{script}]({script}) | {question} |" in page
