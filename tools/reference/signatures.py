"""How a function is called, as text."""

from __future__ import annotations

import re
from typing import Any

from griffe import Function


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
        parts.append(text if parameter.default is None or stars else f"{text} = {parameter.default}")
    short = name.rsplit(".", 1)[-1]
    result = f" -> {type_text(found.returns)}" if found.returns is not None and found.name != "__init__" else ""
    head = "async " if "async" in found.labels else ""
    line = f"{head}{short}({', '.join(parts)}){result}"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {part},\n" for part in parts)
    return f"{head}{short}(\n{inner}){result}"


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
    return text.strip("'\"")
