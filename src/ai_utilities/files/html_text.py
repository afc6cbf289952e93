"""HTML as its readers see it: words, lines and tables, without scripts and styles.

One pass from the first letter to the last, as browsers read (WHATWG HTML, section 13.2.5): a tag, comment or quoted
value that is never closed takes the rest of the page. `html.parser` looks for such an end again from every "<", which
takes quadratic time.
"""

from __future__ import annotations

import html
import re

SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head", "iframe", "noembed", "noframes"})
RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
"""Elements whose content is not markup, up to their end tag."""

IN_HEAD = frozenset({"base", "link", "meta", "noscript", "script", "style", "template", "title", "head", "html"})
"""Elements of the head; any other element begins the body, also without </head>."""

BLOCKS = frozenset(
    {"p", "div", "section", "article", "header", "footer", "main", "ul", "ol", "table", "tr", "blockquote", "pre", "br"}
)
HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
NAME = re.compile(r"[A-Za-z][^\s/>]*")
ATTRIBUTE = re.compile(r"[\s/]*(?:[^\s/>=]|=(?=[^\s/>=]))[^\s/>=]*\s*(=\s*)?")
UNQUOTED = re.compile(r"[^\s>]*")
ENDS = {name: re.compile(f"</{name}(?=[\\s/>]|$)", re.IGNORECASE) for name in RAW}
HUGE_NUMBER = re.compile(r"&#(?:0*[0-9]{8,}|[xX]0*[0-9a-fA-F]{7,});?")
"""Character references with numbers that do not exist or are too long for `int`."""


class HtmlTextParser:
    """Collects the visible text."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._silent = ""
        self._depth = 0
        self._verbatim = 0

    def start(self, tag: str, closed: bool) -> None:
        if self._silent == "head" and tag not in IN_HEAD:
            self._silent, self._depth = "", 0
        if tag in SILENT and not closed and self._silent in ("", tag):
            self._silent = tag
            self._depth += 1
        if self._silent:
            return
        if tag in HEADINGS:
            self.shown.append(f"\n\n{HEADINGS[tag]} ")
        elif tag == "li":
            self.shown.append("\n- ")
        elif tag in ("td", "th"):
            self.shown.append(" | ")
        elif tag in BLOCKS:
            self.shown.append("\n")
        self._verbatim += tag == "pre"

    def end(self, tag: str) -> None:
        if self._silent:
            self._depth -= tag == self._silent
            self._silent = self._silent if self._depth > 0 else ""
            return
        if tag in BLOCKS or tag in HEADINGS:
            self.shown.append("\n")
        self._verbatim -= tag == "pre" and self._verbatim > 0

    def text(self, data: str) -> None:
        if data and not self._silent:
            data = html.unescape(HUGE_NUMBER.sub("\ufffd", data))
            self.shown.append(data if self._verbatim else re.sub(r"\s+", " ", data))


def read_html(text: str) -> str:
    """Return the visible text of a page."""
    parser = HtmlTextParser()
    at = 0
    while at < len(text):
        begin = text.find("<", at)
        parser.text(text[at : begin if begin >= 0 else None])
        if begin < 0:
            break
        at = read_markup(text, begin, parser)
    lines = (
        line.strip(" \t|") if line.strip().startswith("|") else line.rstrip()
        for line in "".join(parser.shown).split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.lstrip(" ") for line in lines)).strip()


def read_markup(text: str, begin: int, parser: HtmlTextParser) -> int:
    """Read a tag, comment, declaration or a single "<"; return the position after it."""
    if text.startswith("<!--", begin):
        return after(text, "-->", begin + (2 if text.startswith(("<!-->", "<!--->"), begin) else 4))
    if text.startswith(("<!", "<?"), begin):
        return after(text, ">", begin)
    closing = text.startswith("</", begin)
    name = NAME.match(text, begin + 1 + closing)
    if name is None:
        if closing:
            return after(text, ">", begin)
        parser.text("<")
        return begin + 1
    end = tag_end(text, name.end())
    if end < 0:
        return len(text)
    tag = name.group().lower()
    if closing:
        parser.end(tag)
        return end
    closed = text.startswith("/", end - 2)
    parser.start(tag, closed)
    return raw_text(text, end, tag, parser) if tag in RAW else end


def raw_text(text: str, at: int, tag: str, parser: HtmlTextParser) -> int:
    """Read the content of an element without markup; return the position of its end tag."""
    end = ENDS[tag].search(text, at)
    stop = end.start() if end else len(text)
    parser.text(text[at:stop])
    return stop


def tag_end(text: str, at: int) -> int:
    """Return the position after the ">" of a tag, outside of quoted values; -1 if there is none."""
    while at < len(text):
        attribute = ATTRIBUTE.match(text, at)
        if attribute is None:
            end = text.find(">", at)
            return end + 1 if end >= 0 else -1
        at = attribute.end()
        if attribute.group(1) is None:
            continue
        quote = text[at : at + 1]
        if quote in ('"', "'") and quote:
            at = text.find(quote, at + 1) + 1
            if at == 0:
                return -1
        else:
            at = UNQUOTED.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    return -1


def after(text: str, mark: str, at: int) -> int:
    """Return the position after the mark; the end of the page if there is none."""
    end = text.find(mark, at)
    return end + len(mark) if end >= 0 else len(text)
