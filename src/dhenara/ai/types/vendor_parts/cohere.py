"""Content parts in the format of Cohere, where it differs from OpenAI's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .common import generic, with_original

Wire = dict[str, Any]
COHERE = "cohere"
TEXTS = ("text", "snippet", "content", "contents", "body")
SOURCES = ("url", "source", "link")


def read_cohere_document(part: Mapping[str, Any]) -> Wire | None:
    """Read a document of a tool result or of a search by the user."""
    text = part.get("document")
    if isinstance(text, str):
        return with_original({"type": "search_result", "texts": [text]}, part, COHERE)
    if not isinstance(text, Mapping):
        return None
    data = text.get("data")
    if isinstance(data, str):
        data = {"text": data}
    known = data if isinstance(data, Mapping) else {}
    source = next((str(known[name]) for name in SOURCES if known.get(name)), str(text.get("id") or ""))
    texts = [str(known[name]) for name in TEXTS if known.get(name)]
    rest = [f"{name}: {value}" for name, value in known.items() if name not in (*TEXTS, *SOURCES, "title")]
    about = {"type": "search_result", "source": source, "title": str(known.get("title") or "")}
    return with_original({**about, "texts": [*texts, *rest]}, part, COHERE)


def read_cohere_thinking(part: Mapping[str, Any]) -> Wire | None:
    return generic("thinking", part, COHERE) if isinstance(part.get("thinking"), str) else None


COHERE_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "document": read_cohere_document,
    "thinking": read_cohere_thinking,
}
