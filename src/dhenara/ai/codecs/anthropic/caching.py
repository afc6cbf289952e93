"""Prompt caching and context management."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call_config import AIModelCallConfig
from ..cache_control import anthropic_cache_control, warn_unsupported_cache
from ..context import warn_unsupported_context
from ..warnings import WarningCollector
from .blocks import MARK
from .quirks import MessagesQuirks

Wire = dict[str, Any]
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
