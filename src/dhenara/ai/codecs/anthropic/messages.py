"""Messages of a request, and the cache markers on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from ...types.chat.message import Message
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.parts import Content, TextContent
from ..common.fields import Wire
from ..common.plan import PromptPrefix, drop_foreign_reasoning
from ..common.request import anthropic_cache_control, warn_unsupported_cache, warn_unsupported_context
from ..common.warnings import WarningCollector
from .parts import MARK, PROTOCOL, write_block
from .quirks import MessagesQuirks

NOTHING = "."
"""Placeholder for a required turn without content; the API rejects empty text."""


def write_system(call: Call) -> str | list[Wire]:
    """Encode instructions and leading system messages: one text, or blocks if there are cache markers."""
    leading = takewhile(lambda message: message.role == "system", call.messages)
    parts = [*(TextContent(text=text) for text in call.instructions), *(p for m in leading for p in m.contents)]
    options = [(part.get_text(), cache_control_of(part)) for part in parts if part.get_text()]
    if all(mark is None for _, mark in options):
        return "\n\n".join(words for words, _ in options)
    return [text(words) if mark is None else {**text(words), MARK: mark} for words, mark in options]


def cache_control_of(part: Content) -> Any:
    """Return the part's own cache marker, or the one that its `cache` field stands for."""
    return part.extras.get(MARK) or (anthropic_cache_control(part.cache) if part.cache else None)


def write_messages(call: Call, warnings: WarningCollector, prefix: PromptPrefix | None) -> list[Wire]:
    """Encode the turns. With a prefix, reasoning that belongs to another prefix is dropped."""
    turns: list[Wire] = []
    spoken = False
    for message in call.messages:
        spoken = spoken or message.role != "system"
        if spoken:
            add_turn(turns, message, call, warnings, prefix)
    return turns


def add_turn(
    turns: list[Wire], message: Message, call: Call, warnings: WarningCollector, prefix: PromptPrefix | None
) -> None:
    """Add a message; neighbours with the same role are merged, and tool results come before other content."""
    if message.role == "system":
        warnings.rewritten("a system message in the middle", "it is sent as a user message", message.contents)
    role = "assistant" if message.role == "assistant" else "user"
    if role == "assistant" and not turns:
        warnings.rewritten("the beginning of the conversation", "a user turn was inserted before the first answer")
        turns.append({"role": "user", "content": [text(NOTHING)]})
    moved = (
        drop_foreign_reasoning(message, prefix.extend(turns), call, PROTOCOL)
        if prefix is not None and role == "assistant"
        else []
    )
    for part in moved:
        warnings.dropped("thinking", "the conversation before it has changed", part)
    blocks = list(write_message(message, call, warnings, moved))
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"].extend(blocks)
    else:
        turns.append({"role": role, "content": blocks})
    if role == "user":
        turns[-1]["content"].sort(key=lambda block: block["type"] != "tool_result")


def write_message(message: Message, call: Call, warnings: WarningCollector, moved: list[Content]) -> Iterable[Wire]:
    for part in message.contents:
        if not any(part is one for one in moved):
            yield from write_block(part, message.role, call, warnings)


def text(options: str) -> Wire:
    return {"type": "text", "text": options}


MOST_MARKS = 4
COMPACTION = "compact-2026-01-12"
MANAGEMENT = "context-management-2025-06-27"


def write_cache(config: AIModelCallConfig, quirks: MessagesQuirks, warnings: WarningCollector, body: Wire) -> None:
    """Set the requested cache markers. The API accepts four; later ones cover more, so the earliest are dropped."""
    cache = config.prompt_cache
    warn_unsupported_cache(config, warnings, ())
    if cache is not None and cache.instructions:
        mark_instructions(body, anthropic_cache_control(cache.lifetime))
    if cache is not None and cache.automatic:
        if quirks.automatic_cache:
            body[MARK] = anthropic_cache_control(cache.lifetime)
        elif body["messages"]:
            body["messages"][-1]["content"][-1].setdefault(MARK, anthropic_cache_control(cache.lifetime))
    holders = list(marked_blocks(body))
    for holder in holders[: max(0, len(holders) + (MARK in body) - MOST_MARKS)]:
        del holder[MARK]
        warnings.clamped("cache", f"at most {MOST_MARKS} cache markers are supported, so the earliest were left out")


def mark_instructions(body: Wire, mark: Wire) -> None:
    """Mark the instructions; this covers the tools as well, which come before them."""
    system = body.get("system")
    if isinstance(system, list):
        body["system"] = [*system[:-1], {MARK: mark, **system[-1]}]
    elif system:
        body["system"] = [{"type": "text", "text": system, MARK: mark}]
    elif body.get("tools"):
        body["tools"] = [*body["tools"][:-1], {**body["tools"][-1], MARK: mark}]


def marked_blocks(body: Wire) -> Iterator[Wire]:
    """Return everything with a marker, in cache order."""
    system = body.get("system")
    yield from (tool for tool in body.get("tools", ()) if MARK in tool)
    yield from (block for block in (system if isinstance(system, list) else ()) if MARK in block)
    for turn in body["messages"]:
        for block in turn["content"]:
            inner = block.get("content") if block.get("type") == "tool_result" else None
            yield from (one for one in (inner if isinstance(inner, list) else ()) if MARK in one)
            if MARK in block:
                yield block


def write_context(config: AIModelCallConfig, warnings: WarningCollector, body: Wire) -> None:
    """Encode compaction and clearing of tool results; each needs a beta header."""
    policy = config.context_policy
    if policy is None:
        return
    warn_unsupported_context(config, warnings, "compact_at", "clear_tool_results_at")
    edits: list[Wire] = []
    betas: list[str] = []
    if policy.clear_tool_results_at is not None:
        stored = {"type": "tool_uses", "value": policy.keep_tool_results}
        edits.append(
            {"type": "clear_tool_uses_20250919", "trigger": token_trigger(policy.clear_tool_results_at), "keep": stored}
        )
        betas.append(MANAGEMENT)
    if policy.compact_at is not None:
        edits.append({"type": "compact_20260112", "trigger": token_trigger(policy.compact_at)})
        betas.append(COMPACTION)
    if edits:
        body["context_management"] = {"edits": edits}
        body["betas"] = [*body.get("betas", ()), *betas]


def token_trigger(tokens: int) -> Wire:
    return {"type": "input_tokens", "value": tokens}
