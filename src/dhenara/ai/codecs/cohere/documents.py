"""Documents: what the user found, beside the messages, so that answers cite it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.call import Call
from ...types.content import Content, FileContent, SearchResultContent
from ...types.vendor_fields import VENDOR_PART

PROTOCOL = "cohere"
ADDRESSES = ("http://", "https://")
Wire = dict[str, Any]


def is_document(part: Content) -> bool:
    """Search results, and text files that answers may cite."""
    if isinstance(part, FileContent):
        return part.citations is not None and part.to_text() is not None
    return isinstance(part, SearchResultContent)


def write_documents(call: Call) -> Wire:
    """`documents` of all that the user says, and no citations where none of them may be cited."""
    text = [part for message in call.messages if message.role == "user" for part in message.contents]
    match = [part for part in text if is_document(part)]
    if not match:
        return {}
    written: Wire = {"documents": list(named(map(write_document, match)))}
    if all(getattr(part, "citations", None) is False for part in match):
        written["citation_options"] = {"mode": "OFF"}
    return written


def named(documents: Iterable[Any]) -> Iterator[Any]:
    """The documents with ids that differ, by which citations name them."""
    seen: set[str] = set()
    for number, document in enumerate(documents, 1):
        if not isinstance(document, dict):
            yield document
            continue
        known = str(document.get("id") or f"doc_{number}")
        unique = known if known not in seen else f"{known}_{number}"
        seen.add(unique)
        yield {**document, "id": unique}


def write_document(part: Content) -> Any:
    """The document in the user's own form, where it was written for Cohere."""
    original = part.extras.get(VENDOR_PART, {}).get(PROTOCOL)
    if original is not None:
        return original["document"]
    if isinstance(part, SearchResultContent):
        about = {"url" if part.source.startswith(ADDRESSES) else "source": part.source} if part.source else {}
        data = {**({"title": part.title} if part.title else {}), **about, "snippet": part.text}
        return {**({"id": part.source} if part.source else {}), "data": data}
    name = getattr(part, "name", None)
    words = part.to_text() if isinstance(part, FileContent) else None
    return {**({"id": name} if name else {}), "data": {**({"title": name} if name else {}), "snippet": words or ""}}
