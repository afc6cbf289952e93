"""Prompt caches and context policies: encoded per provider, or a warning."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.common.plan import fingerprint_of
from dhenara.ai.types import ContextPolicy, Message, Prompt, PromptCache, TextContent
from support.vendors import VENDORS, Vendor

BY_NAME = {vendor.name: vendor for vendor in VENDORS}
CLAUDE, CONVERSE = BY_NAME["anthropic-anthropic"], BY_NAME["amazon_bedrock-converse"]
RESPONSES, CHAT = BY_NAME["openai-openai_responses"], BY_NAME["openai-openai_chat"]
GEMINI, COHERE = BY_NAME["google_ai-gemini"], BY_NAME["cohere-cohere"]
NEWER = Vendor("openai", "gpt-6-sol", "openai_chat", CHAT.types)
ROUTER = Vendor("openrouter", "anthropic/claude-opus-5", "openai_chat", CHAT.types)
LONG = Prompt(text="A long book.", cache="long")
REQUESTED = (LONG, Message(role="assistant", contents=[TextContent(text="Yes.")]), Prompt(text="And?", cache="short"))


def warned(vendor: Vendor, messages: tuple[Message, ...] = (Prompt(text="?"),), **config: Any) -> set[str | None]:
    outgoing = load_codec(vendor.protocol).encode(vendor.call(messages, **config), vendor.quirks)
    return {warning.parameter for warning in outgoing.warnings}


def body(vendor: Vendor, messages: tuple[Message, ...] = (Prompt(text="?"),), **config: Any) -> Any:
    actual = vendor.written(messages, **config)[1]
    vendor.types(actual)
    return actual


def test_cache_marker_of_message_is_set_on_last_part() -> None:
    assert [part.cache for part in Prompt(parts=["a", "b"], cache="short").contents] == [None, "short"]
    assert Message.model_validate_json(LONG.model_dump_json()).contents[0].cache == "long"


def test_cache_markers_per_vendor() -> None:
    book, _, question = body(CLAUDE, REQUESTED)["messages"]
    assert book["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert question["content"][0]["cache_control"] == {"type": "ephemeral"}
    book, _, question = body(CONVERSE, REQUESTED)["messages"]
    assert book["content"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert question["content"][1] == {"cachePoint": {"type": "default"}}
    marked = body(RESPONSES, REQUESTED)["input"][0]["content"][0]
    assert marked["prompt_cache_breakpoint"] == {"mode": "explicit", "ttl": "12h"}
    marked = body(NEWER, REQUESTED)["messages"][2]["content"][0]
    assert marked == {"type": "text", "text": "And?", "prompt_cache_breakpoint": {"mode": "explicit"}}
    marked = body(ROUTER, REQUESTED)["messages"][0]["content"][0]
    assert marked["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize("vendor", [CHAT, GEMINI], ids=lambda vendor: vendor.name)
def test_cache_markers_are_dropped_where_caching_is_automatic(vendor: Vendor) -> None:
    assert "cache" not in str(body(vendor, REQUESTED))
    assert warned(vendor, REQUESTED) == set()


def test_cache_marker_without_caching_warns() -> None:
    assert warned(COHERE, REQUESTED) == {"cache"}


def test_anthropic_keeps_the_last_cache_markers() -> None:
    turns = tuple(Prompt(text=f"{number}", cache="short") for number in range(6))
    blocks = body(CLAUDE, turns, prompt_cache=PromptCache(automatic=True))["messages"][0]["content"]
    assert ["cache_control" in block for block in blocks] == [False, False, False, True, True, True]
    assert warned(CLAUDE, turns) == {"cache"}


def test_growing_prompt_is_cached() -> None:
    wish = {"prompt_cache": PromptCache(automatic=True, instructions=True)}
    requested = (Message(role="system", contents=[TextContent(text="Be brief.")]), Prompt(text="?"))
    actual = body(CLAUDE, requested, **wish)
    assert actual["cache_control"] == {"type": "ephemeral"}
    assert actual["system"][0]["cache_control"] == {"type": "ephemeral"}
    actual = body(CONVERSE, requested, **wish)
    assert actual["system"][-1] == actual["messages"][-1]["content"][-1] == {"cachePoint": {"type": "default"}}


def test_cache_keys_and_cached_content_where_supported() -> None:
    key = {"prompt_cache": PromptCache(key="book", lifetime="long")}
    assert body(RESPONSES, **key)["prompt_cache_key"] == "book"
    assert body(RESPONSES, **key)["prompt_cache_options"] == {"ttl": "12h"}
    assert body(CHAT, **key)["prompt_cache_retention"] == "24h"
    assert warned(CLAUDE, **key) == warned(GEMINI, **key) == {"prompt_cache.key"}
    stored = {"prompt_cache": PromptCache(stored="cachedContents/1")}
    requested = (Message(role="system", contents=[TextContent(text="Be brief.")]), Prompt(text="?"))
    actual = body(GEMINI, requested, **stored)
    assert actual["cachedContent"] == "cachedContents/1"
    assert "systemInstruction" not in actual
    assert warned(GEMINI, requested, **stored) == {"systemInstruction"}
    assert warned(CHAT, **stored) == {"prompt_cache.stored"}


def test_cache_markers_do_not_change_prefix() -> None:
    plain = tuple(
        m.model_copy(update={"contents": [part.model_copy(update={"cache": None}) for part in m.contents]})
        for m in REQUESTED
    )
    for vendor in (CLAUDE, CONVERSE, RESPONSES):
        assert fingerprint_of(body(vendor, REQUESTED)) == fingerprint_of(body(vendor, plain))


def test_context_policies_where_supported() -> None:
    policy = {"context_policy": ContextPolicy(compact_at=100_000, clear_tool_results_at=50_000, truncation="auto")}
    actual = body(CLAUDE, **policy)
    assert [edit["type"] for edit in actual["context_management"]["edits"]] == [
        "clear_tool_uses_20250919",
        "compact_20260112",
    ]
    outgoing = load_codec("anthropic").encode(CLAUDE.call((Prompt(text="?"),), **policy), CLAUDE.quirks)
    assert outgoing.headers["anthropic-beta"] == "context-management-2025-06-27,compact-2026-01-12"
    assert warned(CLAUDE, **policy) == {"context_policy.truncation"}
    actual = body(RESPONSES, **policy)
    assert actual["context_management"] == [{"type": "compaction", "compact_threshold": 100_000}]
    assert actual["truncation"] == "auto"
    assert warned(RESPONSES, **policy) == {"context_policy.clear_tool_results_at"}
    everything = {f"context_policy.{name}" for name in ("compact_at", "clear_tool_results_at", "truncation")}
    for vendor in (CHAT, GEMINI, CONVERSE, COHERE):
        assert warned(vendor, **policy) == everything
