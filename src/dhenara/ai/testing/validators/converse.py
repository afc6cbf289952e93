"""Rules of Bedrock Converse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .pairs import pairing_violations

WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")
SAFE = re.compile(r"[A-Za-z0-9\-()\[\]]+( [A-Za-z0-9\-()\[\]]+)*")
Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("messages") or []
    if not turns or turns[0].get("role") != "user":
        yield "A conversation must start with a user message. Try again with a conversation that starts with one."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"messages.{number}"
        if turn.get("role") == before:
            yield f"{at}: A conversation must alternate between user and assistant roles."
        before = turn.get("role") or ""
        blocks: list[Wire] = turn.get("content") or []
        if not blocks:
            yield f"{at}: The content field in the Message object is empty."
        yield from (f"{at}: {text}" for text in item_violations(blocks))
        results = [
            block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block and not is_own_block(block)
        ]
        yield from pairing_violations(made, results, over=False)
        made = [block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block and not is_own_block(block)]
    blocks = [b for turn in turns for b in turn.get("content") or () if not is_own_block(b)]
    tools = any("toolUse" in block or "toolResult" in block for block in blocks)
    if tools and not (body.get("toolConfig") or {}).get("tools"):
        yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def is_own_block(block: Wire) -> bool:
    """Return whether the block belongs to a provider-run tool."""
    return "type" in (block.get("toolUse") or block.get("toolResult") or {})


def item_violations(blocks: list[Wire]) -> Iterator[str]:
    for block in blocks:
        if "text" in block and not block["text"].strip():
            yield "The text field in the ContentBlock object is blank."
        if "toolUse" in block and not WORD64.fullmatch(block["toolUse"].get("toolUseId") or ""):
            yield "toolUseId must match [a-zA-Z0-9_-]{1,64}"
    documents = [block["document"] for block in blocks if "document" in block]
    if documents and not any("text" in block for block in blocks):
        yield "A document must be accompanied by a text block."
    if len({document["name"] for document in documents}) < len(documents):
        yield "Two documents have the same name."
    for document in documents:
        if not SAFE.fullmatch(document["name"]):
            yield "The document file name can only contain letters, digits, hyphens, brackets and single spaces."
