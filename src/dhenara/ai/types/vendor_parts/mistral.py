"""Content parts in the format of Mistral, where it differs from OpenAI's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .common import fields, from_address, generic, leftover, with_fields

Wire = dict[str, Any]
MISTRAL = "openai_chat"
DOCUMENT = fields("type", "document_url", "document_name")
OWN_CHUNKS = ("reference", "resource", "resource_link", "tool_file")


def read_document_url(part: Mapping[str, Any]) -> Wire:
    text = part["document_url"]
    if isinstance(text, str):
        content = {**from_address(text, "file"), "name": part.get("document_name")}
        return with_fields(content, leftover(part, DOCUMENT), MISTRAL)
    content = {**from_address(text.get("url"), "file"), "name": part.get("document_name")}
    left = leftover(part, fields("type", "document_name", document_url=fields("url")))
    return with_fields(content, left, MISTRAL)


def read_mistral_thinking(part: Mapping[str, Any]) -> Wire | None:
    return generic("thinking", part, MISTRAL) if isinstance(part.get("thinking"), list | tuple) else None


def read_mistral_tool_reference(part: Mapping[str, Any]) -> Wire | None:
    return generic("tool_reference", part, MISTRAL) if "tool" in part else None


MISTRAL_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "document_url": read_document_url,
    "thinking": read_mistral_thinking,
    "tool_reference": read_mistral_tool_reference,
    **{kind: partial(generic, kind, protocol=MISTRAL) for kind in OWN_CHUNKS},
}
