"""Rules of Anthropic Messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .pairs import pairing_violations

WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_MARKS = 4
Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    if "max_tokens" not in body:
        yield "max_tokens: Field required"
    turns: list[Wire] = body.get("messages") or []
    if not turns or turns[0].get("role") != "user":
        yield "messages: first message must use the user role"
    yield from role_order_violations(turns)
    if ends_in_space(turns):
        yield "messages: final assistant content cannot end with trailing whitespace"
    system = body.get("system")
    blocks = system if isinstance(system, list) else [{"type": "text", "text": system}] if system is not None else []
    yield from blank_text_violations(blocks, "system")
    ids = [b.get("id") for t in turns for b in contents(t) if b.get("type") == "tool_use"]
    if len(set(ids)) < len(ids):
        yield "messages: tool_use ids must be unique"
    if count_cache_marks(body) > MOST_MARKS:
        yield f"a maximum of {MOST_MARKS} blocks with cache_control may be provided"


def role_order_violations(turns: list[Wire]) -> Iterator[str]:
    made: list[str] = []
    before: str | None = None
    for number, turn in enumerate(turns):
        at = f"messages.{number}"
        if turn.get("role") not in ("user", "assistant"):
            yield f"{at}: role must be user or assistant"
        if turn.get("role") == before:
            yield f"{at}: roles must alternate"
        before = turn.get("role")
        blocks = contents(turn)
        yield from blank_text_violations(blocks, at)
        yield from (f"{at}: {text}" for block in blocks for text in block_violations(block))
        results = [block.get("tool_use_id") or "" for block in blocks if block.get("type") == "tool_result"]
        yield from pairing_violations(made, results, over=False)
        kinds = [block.get("type") == "tool_result" for block in blocks]
        if made and kinds != sorted(kinds, reverse=True):
            yield f"{at}: tool_result blocks must come first"
        made = [block.get("id") or "" for block in blocks if block.get("type") == "tool_use"]


def ends_in_space(turns: list[Wire]) -> bool:
    """Return whether a prefilled assistant message ends in white space."""
    last = contents(turns[-1])[-1:] if turns and turns[-1].get("role") == "assistant" else []
    return bool(last) and str(last[0].get("text", "")) != str(last[0].get("text", "")).rstrip()


def contents(turn: Wire) -> list[Wire]:
    content = turn.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def blank_text_violations(blocks: list[Wire], at: str) -> Iterator[str]:
    if not blocks and at != "system":
        yield f"{at}: all messages must have non-empty content"
    for block in blocks:
        if block.get("type") == "text" and not block["text"].strip():
            yield f"{at}: text content blocks must contain non-whitespace text"


def block_violations(block: Wire) -> Iterator[str]:
    match block.get("type"):
        case "thinking" if not block.get("signature"):
            yield "thinking.signature: Field required"
        case "redacted_thinking" if not block.get("data"):
            yield "redacted_thinking.data: Field required"
        case "tool_use" if not WORD64.fullmatch(block.get("id") or ""):
            yield "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"


def count_cache_marks(value: Any) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(
            count_cache_marks(v) for k, v in value.items() if k not in ("input", "data")
        )
    return sum(map(count_cache_marks, value)) if isinstance(value, list) else 0
