"""The pages of the reference, and what they lack."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from .listing import Page, pages
from .markdown import render
from .objects import Documented, describe

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PUBLIC = ("dhenara.ai", "dhenara.ai.types", "dhenara.ai.errors", "dhenara.ai.testing", "dhenara.ai.conversation")
PUBLIC += ("ai_utilities", "ai_utilities.cache", "ai_utilities.limits", "ai_utilities.usage", "ai_utilities.batch")
PUBLIC += ("ai_utilities.telemetry", "ai_utilities.audio", "ai_utilities.files")
INDEX = """# API reference

Written from the source by `make tables`: every public class, function, option and field with type, default, range
and meaning, and the errors that it raises. What is not listed here may change in any release; see
[Versions, support and deprecation](../releases.md).
"""


ALIASES = {"annotations", "SqliteCache"}
"""Other names of the same class."""


@cache
def documented(page: Page) -> tuple[Documented, ...]:
    """Return what is known of the names on a page."""
    return tuple(describe(module, name) for module, name in page.names)


def all_pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    made = {page.file: write(page) for page in pages()}
    return {"index.md": INDEX + "\n" + "\n".join(index()), **made}


def write(page: Page) -> str:
    links = {name: anchor(name, other, page) for other in nearest_last(page) for name in headings(other)}
    head = f"# {page.title}\n\n{page.intro}\n"
    return head + "".join("\n" + render(each, links) for each in documented(page))


def nearest_last(page: Page) -> list[Page]:
    """Return all pages; those of the same package last, because both packages have a `ProviderError`."""
    return sorted(
        pages(), key=lambda other: (other.file.startswith("kit-") is page.file.startswith("kit-"), other is page)
    )


def anchor(name: str, home: Page, page: Page) -> str:
    fragment = name.replace(".", "").lower()
    return f"#{fragment}" if home is page else f"{home.file}#{fragment}"


def headings(page: Page) -> Iterator[str]:
    """Yield what a page has a heading for: names, and methods as `Class.method`."""
    for each in documented(page):
        yield each.name
        yield from (method.name for method in each.methods)


def index() -> Iterator[str]:
    for page in pages():
        yield f"## [{page.title}]({page.file})\n\n{page.intro}\n"
        yield "| name | what it is |\n| --- | --- |"
        for each in documented(page):
            first = " ".join(each.text.split("\n\n")[0].split()).replace("|", "\\|")
            yield f"| [`{each.name}`]({page.file}#{each.name.lower()}) | {first} |"
        yield ""


def undescribed() -> list[str]:
    """Return everything public that has no description."""
    known = {name for page in pages() for name in headings(page)}
    return [f"{page.file}: {gap}" for page in pages() for each in documented(page) for gap in gaps(each, known)]


def gaps(each: Documented, known: Collection[str]) -> Iterator[str]:
    """Yield what of a public name is not described."""
    if not each.text:
        yield each.name
    for entry in (*each.fields, *each.properties):
        if not entry.meaning and each.kind != "enum":
            yield f"{each.name}.{entry.name}"
    if each.construct is not None and each.construct.same_as not in known:
        yield from (f"{each.name}({entry.name})" for entry in each.construct.parameters if not entry.meaning)
    if each.construct is not None and each.construct.raising and not each.construct.raises:
        yield f"{each.name}(...): the errors it raises"
    for method in each.methods:
        if not method.text:
            yield method.name
        if method.raising and not method.raises and method.same_as not in known:
            yield f"{method.name}: the errors it raises"
        missing = [entry.name for entry in method.parameters if not entry.meaning]
        if missing and method.same_as not in known:
            yield f"{method.name}({', '.join(missing)})"


def unlisted() -> list[str]:
    """Return public names that are on no page."""
    listed = {name for page in pages() for _, name in page.names}
    found = []
    for module in PUBLIC:
        package = import_module(module)
        for name in dir(package):
            value = getattr(package, name)
            if name.startswith("_") or name in listed or inspect.ismodule(value) or name in ALIASES:
                continue
            if str(getattr(value, "__module__", "")).startswith(("dhenara.ai", "ai_utilities")):
                found.append(f"{module}.{name}")
    return found
