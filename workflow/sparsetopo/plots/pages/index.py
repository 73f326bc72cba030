"""A static HTML page that shows a study's figures and links its tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
figure { margin: 2.5rem 0; } figure img { width: 100%; height: auto; }
.notice { background: #fff4d6; border-left: 4px solid #e69f00; padding: .6rem 1rem; }
figcaption { color: #444; } dt { font-weight: 600; margin-top: .6rem; } dd { margin-left: 1rem; }
"""


@dataclass(frozen=True)
class PageItem:
    """A figure or table of the page: its path relative to the page, its title and its caption."""

    path: str
    title: str
    caption: str


def page(
    title: str,
    facts: Iterable[str],
    figures: Iterable[PageItem],
    tables: Iterable[PageItem],
    footer: str,
    notice: str = "",
) -> str:
    """HTML of the page: sentences about the study, its figures, links to its tables, and what made the page.

    The notice, what a reader must not miss, is highlighted at the top.
    """
    shown = "\n".join(
        f'<figure><h2>{escape(item.title)}</h2><img src="{escape(item.path)}" alt="{escape(item.title)}">'
        f"<figcaption>{escape(item.caption)}</figcaption></figure>"
        for item in figures
    )
    linked = "\n".join(
        f'<dt><a href="{escape(item.path)}">{escape(item.title)}</a></dt><dd>{escape(item.caption)}</dd>'
        for item in tables
    )
    warning = f'<p class="notice">{escape(notice)}</p>\n' if notice else ""
    sentences = " ".join(escape(fact) for fact in facts)
    body = f"{warning}<p>{sentences}</p>\n{shown}\n<h2>Tables</h2>\n<dl>\n{linked}\n</dl>\n"
    return document(title, _STYLE, body, footer)


def document(title: str, style: str, body: str, footer: str) -> str:
    """Put the body of a page, as HTML, between its heading and its footer, which are plain text."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}"
        f"<p><small>{escape(footer)}</small></p>\n</body></html>\n"
    )
