"""Reads the source with griffe: packages, objects and the sections of their docstrings."""

from __future__ import annotations

import ast
import gc
import re
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import griffe
from griffe import Alias, Docstring, DocstringSectionKind, Object

SOURCE = Path(__file__).resolve().parents[2] / "src"
OURS = ("dhenara.", "ai_utilities.")
RETURNS = re.compile(r"^Returns:\n((?: +\S.*\n?|\n)+)", re.MULTILINE)


def package(name: str) -> griffe.Module:
    """Return a package as griffe reads it."""
    found = packages()[name]
    assert isinstance(found, griffe.Module)
    return found


@cache
def packages() -> griffe.ModulesCollection:
    """Return both packages, which refer to each other, as griffe reads them."""
    options = {"returns_multiple_items": False, "returns_named_value": False}
    loader = griffe.GriffeLoader(search_paths=[str(SOURCE)], docstring_parser="google", docstring_options=options)
    gc.disable()  # what is read is all retained, so there is no garbage to look for in it again and again
    try:
        for each in ("dhenara.ai", "ai_utilities"):
            loader.load(each)
        loader.resolve_aliases(implicit=True, external=False)
    finally:
        gc.enable()
    return loader.modules_collection


def source_of(module: str, name: str, value: Any) -> Object:
    """Return the object in the source that a public name stands for."""
    home = getattr(value, "__module__", None) if isinstance(value, type) or callable(value) else None
    real = getattr(value, "__qualname__", name) if home else name
    for place, title in ((home, real), (module, name)):
        if place and place.startswith(("dhenara.ai", "ai_utilities")):
            root = package("dhenara.ai" if place.startswith("dhenara.ai") else "ai_utilities")
            path = place.removeprefix(root.path).lstrip(".")
            try:
                found: Object | Alias = root[f"{path}.{title}" if path else title]
            except KeyError:
                continue
            return found.final_target if isinstance(found, Alias) else found
    raise LookupError(f"{module}.{name} is not in the source")


def text_of(found: Object) -> str:
    """Return the text of a docstring without its sections."""
    if found.docstring is None:
        return ""
    kinds = (DocstringSectionKind.text, DocstringSectionKind.examples)
    parts = [part.value for part in found.docstring.parsed if part.kind is kinds[0]]
    return "\n\n".join(str(part) for part in parts).strip()


def section(docstring: Docstring | None, kind: DocstringSectionKind) -> list[Any]:
    if docstring is None:
        return []
    return [item for part in docstring.parsed if part.kind is kind for item in part.value]


def returns(docstring: Docstring | None) -> str:
    """Return what a docstring says of the result; griffe takes what stands before a colon in it for a type."""
    found = RETURNS.search(docstring.value) if docstring else None
    return dedent(found[1]).strip() if found else ""


def raises(docstring: Docstring | None) -> list[tuple[str, str]]:
    return [(str(item.annotation), item.description) for item in section(docstring, DocstringSectionKind.raises)]


def raises_by_name(source: str) -> bool:
    """Return whether the body of a function raises an error by name, outside of functions within it."""
    try:
        body = ast.parse(dedent(source)).body
    except SyntaxError:
        return False
    inside = list(body[0].body) if body and isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef) else []
    while inside:
        node = inside.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            inside += list(ast.iter_child_nodes(node))
    return False
