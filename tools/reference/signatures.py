"""How a function is called, as text."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from griffe import Alias, AliasResolutionError, Attribute, Expr, ExprCall, ExprName, Function

from .source import OURS, package

LONGEST = 130
"""Maximum characters of a type alias that is written out."""

KEPT = ("Json", "JsonObject", "Options")
"""Aliases of JSON, which say more than what they stand for."""


def signature(found: Function, name: str) -> str:
    """Return how the function is called, one parameter a line where it is long."""
    parts, keyword_only = [], False
    for parameter in found.parameters:
        if parameter.name in ("self", "cls", "mcs"):
            continue
        kind = str(parameter.kind and parameter.kind.value)
        keyword_only, before = keyword_only or kind.startswith("variadic positional"), keyword_only
        if kind == "keyword-only" and not before:
            parts.append("*")
            keyword_only = True
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        text = f"{stars}{parameter.name}: {type_text(parameter.annotation)}".removesuffix(": ")
        parts.append(text if parameter.default is None or stars else f"{text} = {default_text(parameter.default)}")
    short = name.rsplit(".", 1)[-1]
    result = f" -> {type_text(found.returns)}" if found.returns is not None and found.name != "__init__" else ""
    head = "async " if "async" in found.labels else ""
    line = f"{head}{short}({', '.join(parts)}){result}"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {part},\n" for part in parts)
    return f"{head}{short}(\n{inner}){result}"


QUOTED_CLASS = re.compile(r"'([a-z_]\w*\.[A-Z]\w*)'")
"""A class in an alias whose module is imported for type checkers only."""


def type_text(annotation: Any) -> str:
    """Return an annotation as text, without what only pydantic or the encoders need."""
    text = str(annotation) if annotation is not None else ""
    while (match := re.search(r"\bAnnotated\[", text)) is not None:
        end, depth, comma = match.end(), 1, None
        for end in range(match.end(), len(text)):
            char = text[end]
            depth += (char in "[(") - (char in "])")
            if char == "," and depth == 1 and comma is None:
                comma = end
            if not depth:
                break
        text = text[: match.start()] + text[match.end() : comma or end] + text[end + 1 :]
    return QUOTED_CLASS.sub(r"\1", text.strip("'\""))


def full_type(annotation: Any, public: Collection[str]) -> str:
    """Return an annotation as text, with aliases such as `Literal` types written out.

    Args:
        annotation: The annotation, as griffe has it.
        public: Names that have a section of their own; these are left as they are.

    Returns:
        One line.
    """
    return type_text(written_out(annotation, public) if isinstance(annotation, Expr) else annotation)


def written_out(annotation: Expr, public: Collection[str], depth: int = 0) -> str:
    parts = []
    for part in annotation.iterate(flat=True):
        text = str(part)
        if isinstance(part, ExprName) and text not in (*public, *KEPT) and depth < 3:
            value = alias_value(part.canonical_path)
            long = type_text(written_out(value, public, depth + 1)) if value is not None else text
            text = long if len(long) <= LONGEST else text
        parts.append(text)
    return "".join(parts)


def alias_value(path: str) -> Expr | None:
    """Return what a type alias of this library stands for; None if the name is none."""
    value = module_value(path)
    return value if isinstance(value, Expr) and not isinstance(value, ExprCall) else None


def default_text(default: Any) -> str:
    """Return the default of a parameter, with the text that a constant stands for."""
    value = module_value(default.canonical_path) if isinstance(default, ExprName) else None
    return value if isinstance(value, str) else str(default)


def module_value(path: str) -> Any:
    """Return what a module of this library assigns to a name, as griffe has it; None if it assigns nothing."""
    if not path.startswith(OURS):
        return None
    root = package("dhenara.ai" if path.startswith("dhenara.ai") else "ai_utilities")
    try:
        found = root[path.removeprefix(f"{root.path}.")]
        found = found.final_target if isinstance(found, Alias) else found
    except (KeyError, AliasResolutionError):
        return None
    return found.value if isinstance(found, Attribute) and found.parent is not None and found.parent.is_module else None
