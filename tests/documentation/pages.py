"""The pages of the documentation as their readers see them: blocks of code and links, with their lines.

A block is run by the tests unless its first line is a comment ``# not run by the tests: <reason>``. A block that names no
language holds commands; one whose first line is a comment with the path of a file is that file.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
MADE = {"_build", "generated"}  # folders of what `make docs` makes
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "config/*.md",
        "examples/*.md",
        "resources/*/*.md",
        ".github/**/*.md",
    )
    for path in ROOT.glob(pattern)
    if not MADE.intersection(path.parts)
)
MARK = re.compile(r"# not run by the tests: (.+)\n")
FILE = re.compile(r"# ([\w/.-]+\.(?:yaml|py))\b.*\n")


@dataclass(frozen=True)
class Block:
    """A block of code of a page; `line` is the first of its text, from 1."""

    page: str
    line: int
    language: str
    text: str

    @property
    def not_run(self) -> str | None:
        """Why the tests do not run it; None if they do."""
        mark = MARK.match(self.text)
        return mark.group(1) if mark else None

    @property
    def file(self) -> str | None:
        """Path of the file that the block is, if it is one."""
        named = FILE.match(self.text)
        return named.group(1) if named else None

    @property
    def place(self) -> str:
        """Where it stands, as editors understand it."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Link:
    """A link or picture of a page, without what is elsewhere on the net."""

    page: str
    line: int
    target: str

    @property
    def place(self) -> str:
        """Where it stands, and where it leads."""
        return f"{self.page}:{self.line}: {self.target}"


@cache
def _tokens(page: str) -> list[Token]:
    markdown = MarkdownIt("commonmark").enable("table")
    return markdown.parse((ROOT / page).read_text(encoding="utf-8"))


def blocks(page: str) -> list[Block]:
    """Blocks of code of a page, but for Sphinx's directives."""
    return [
        Block(page, token.map[0] + 2, token.info.strip(), token.content)
        for token in _tokens(page)
        if token.type == "fence" and token.map and not token.info.startswith("{")
    ]


def commands(block: Block) -> list[tuple[int, str]]:
    """Commands of a block with their lines; one that goes on after a backslash is one command."""
    found, text, start = [], "", 0
    for number, line in enumerate(block.text.splitlines(), block.line):
        start = start if text else number
        text += line.removesuffix("\\")
        if not line.endswith("\\"):
            found.append((start, text))
            text = ""
    return [(line, text) for line, text in found if text.strip() and not text.startswith("#")]


def links(page: str) -> list[Link]:
    """Links of a page to other places of this repository."""
    found = []
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrs.get("href") or child.attrs.get("src")
            if isinstance(target, str) and not re.match(r"[a-z]+:", target):
                found.append(Link(page, token.map[0] + 1 if token.map else 0, target))
    return found


def headings(page: str) -> set[str]:
    """Names by which the headings of a page are linked to, as GitHub and this site make them."""
    tokens = _tokens(page)
    texts = [text.content for mark, text in pairwise(tokens) if mark.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}
