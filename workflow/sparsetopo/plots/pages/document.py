"""What the pages share: a heading, a body and a footer; a figure with its caption."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class PageItem:
    """A figure or table of the page: its path relative to the page, its title and its caption."""

    path: str
    title: str
    caption: str


def document(title: str, style: str, body: str, footer: str) -> str:
    """Put the body of a page, as HTML, between its heading and its footer, which are plain text."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1" /><title>{escape(title)}</title>'
        f"<style>{style}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}"
        f"<p><small>{escape(footer)}</small></p>\n</body></html>\n"
    )
