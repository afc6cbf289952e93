"""Public names as Markdown: tables of parameters and fields, signatures, errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from .objects import CallForm, Documented, Entry

KINDS = {"data": "Data class", "options": "Options", "enum": "Enum", "exception": "Exception", "class": "Class"}
KINDS |= {"function": "Function", "value": "Value"}
NAME = re.compile(r"(?<!\[)`(?P<name>[A-Z]\w+(?:\.\w+)?)(?:\(\))?`(?!\])")
CODE = re.compile(r"`([^`]+)`")
NO_BREAK = "\u00a0"
WORD = re.compile(r"\b[A-Z][A-Za-z0-9]+\b")


def render(documented: Documented, links: Mapping[str, str]) -> str:
    """Return the section of one public name.

    Args:
        documented: What is known of it.
        links: Address of each public name, relative to the page.

    Returns:
        Markdown that begins with a heading.
    """
    return "\n".join(lines(documented, links)).rstrip() + "\n"


def lines(documented: Documented, links: Mapping[str, str]) -> Iterator[str]:
    yield f"## {documented.name}"
    yield ""
    head = f"{KINDS[documented.kind]} · `from {documented.module} import {documented.name}`"
    if documented.bases and documented.kind != "enum":
        head += " · based on " + ", ".join(linked(base, links) for base in documented.bases)
    yield head
    yield ""
    yield with_links(documented.text, links, documented.name)
    yield ""
    if documented.value:
        yield from code(f"{documented.name} = {documented.value}")
    if documented.construct is not None:
        yield from call(documented.construct, links, text=False)
    others = {"enum": ("member", "value"), "options": ("option", "default")}
    yield from table(documented.fields, links, *others.get(documented.kind, ("field", "default")))
    yield from table(documented.properties, links, "property", "")
    for method in documented.methods:
        yield f"### {method.name}"
        yield ""
        yield from call(method, links)
    for home, names in documented.inherited.items():
        shown = ", ".join(f"[`{name}`]({links[f'{home}.{name}']})" for name in names if f"{home}.{name}" in links)
        if shown:
            yield f"Methods of {linked(home, links)}: {shown}."
            yield ""


def call(form: CallForm, links: Mapping[str, str], *, text: bool = True) -> Iterator[str]:
    yield from code(form.signature)
    if text:
        yield with_links(form.text, links, form.name)
        yield ""
    if form.same_as in links:
        if not text or f"see `{form.same_as}`" not in form.text:
            yield f"Arguments, result and errors: see [`{form.same_as}`]({links[form.same_as]})."
            yield ""
        return
    yield from table([entry for entry in form.parameters if entry.meaning], links, "parameter", "default")
    if form.returns:
        yield f"Returns: {cell_text(form.returns, links)}"
        yield ""
    if form.raises:
        yield from rows(
            ("raises", "when"), ((linked(kind, links), cell_text(when, links)) for kind, when in form.raises)
        )


def code(text: str) -> Iterator[str]:
    yield from ("```py", text, "```", "")


def table(entries: Iterable[Entry], links: Mapping[str, str], first: str, default: str) -> Iterator[str]:
    """Yield a table; columns that are empty in all rows are left out."""
    entries = list(entries)
    if not entries:
        return
    typed, defaults = any(entry.type for entry in entries), any(entry.default for entry in entries) and default
    described = any(entry.meaning for entry in entries)
    heads = [first, *(["type"] if typed else []), *([default] if defaults else []), *(["meaning"] if described else [])]
    yield from rows(
        heads,
        (
            (
                f"`{entry.name}`",
                *([linked(entry.type, links)] if typed else []),
                *([cell(entry.default)] if defaults else []),
                *([cell_text(entry.meaning, links)] if described else []),
            )
            for entry in entries
        ),
    )


def rows(heads: Iterable[str], cells: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = tuple(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in cells:
        yield "| " + " | ".join(row) + " |"
    yield ""


def cell(text: str) -> str:
    """A default as code, its range as plain text."""
    if text in ("", "required"):
        return text
    value, _, limits = (
        text.partition(" (") if text.endswith(")") and " (" in text and not text.endswith("()") else (text, "", "")
    )
    shown = value if value == "required" else code_cell(value)
    return f"{shown}{NO_BREAK}({re.sub('(?<!,) ', NO_BREAK, limits)}" if limits else shown


def linked(text: str, links: Mapping[str, str]) -> str:
    """Return a type as code, with links from the public names in it."""
    if not text:
        return ""
    text = text.removeprefix("Unpack[").removesuffix("]") if text.startswith("Unpack[") else text
    found = [name for name in dict.fromkeys(WORD.findall(text)) if name in links]
    if found == [text]:
        return f"[`{text}`]({links[text]})"
    more = ", ".join(f"[{name}]({links[name]})" for name in found)
    return code_cell(text) + (f" ({more})" if more else "")


def code_cell(text: str) -> str:
    """Return code for a cell of a table; a bar in backticks would end the cell or show its backslash."""
    flat = " ".join(text.split())
    return f"`{flat}`" if "|" not in flat else f"<code>{escape(flat).replace('|', '&#124;')}</code>"


def cell_text(text: str, links: Mapping[str, str]) -> str:
    """Return a text for one line, with links; the code in it may have bars."""
    flat = CODE.sub(lambda code: code_cell(code[1]), " ".join(text.split()))
    return with_links(flat.replace("|", "\\|"), links)


def with_links(text: str, links: Mapping[str, str], own: str = "") -> str:
    """Return a text in which public names in backticks are links, except in blocks of code.

    Args:
        text: Markdown.
        links: Address of each public name.
        own: The name that the text describes; it gets no link.
    """

    def link(match: re.Match[str]) -> str:
        name = match["name"]
        return f"[{match[0]}]({links[name]})" if name in links and name != own else match[0]

    parts = re.split(r"(^```.*?^```|^(?: {4}|\t).*?$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if index % 2 else NAME.sub(link, part) for index, part in enumerate(parts))
