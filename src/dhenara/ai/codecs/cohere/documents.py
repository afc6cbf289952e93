"""Documents: search results and files, sent separately from the messages so that answers cite them."""

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
    """Whether the part is a search result or a text file that answers may cite."""
    if isinstance(part, FileContent):
        return part.citations is not None and part.to_text() is not None
    return isinstance(part, SearchResultContent)


def write_documents(call: Call) -> Wire:
    """Encode all documents of user messages; citations are turned off if none of them may be cited."""
    text = [part for message in call.messages if message.role == "user" for part in message.contents]
    match = [part for part in text if is_document(part)]
    if not match:
        return {}
    written: Wire = {"documents": list(named(map(write_document, match)))}
    if all(getattr(part, "citations", None) is False for part in match):
        written["citation_options"] = {"mode": "OFF"}
    return written


def named(documents: Iterable[Any]) -> Iterator[Any]:
    """Give the documents unique ids, because citations refer to them by id."""
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
    """Encode a document, in the user's own form if it was written for Cohere."""
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
