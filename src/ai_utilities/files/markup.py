"""HTML as its readers see it: words, lines and tables, without scripts and styles."""

from __future__ import annotations

import re
from html.parser import HTMLParser

SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head"})
BLOCKS = frozenset(
    {"p", "div", "section", "article", "header", "footer", "main", "ul", "ol", "table", "tr", "blockquote", "pre", "br"}
)
HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


class Words(HTMLParser):
    """Gathers what is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent = 0
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent += 1
        elif tag in HEADINGS:
            self.said.append(f"\n\n{HEADINGS[tag]} ")
        elif tag == "li":
            self.said.append("\n- ")
        elif tag in ("td", "th"):
            self.said.append(" | ")
        elif tag in BLOCKS:
            self.said.append("\n")
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in BLOCKS or tag in HEADINGS:
            self.said.append("\n")
        self._verbatim -= tag == "pre" and self._verbatim > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data if self._verbatim else re.sub(r"\s+", " ", data))


def read_html(text: str) -> str:
    """The words of a page."""
    words = Words()
    words.feed(text)
    words.close()
    lines = (
        line.strip(" \t|") if line.strip().startswith("|") else line.rstrip()
        for line in "".join(words.said).split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.lstrip(" ") for line in lines)).strip()
