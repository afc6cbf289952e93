"""Every field in which dialects of Chat Completions differ, with the change that it makes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.schema.keywords import ANY_SCHEMA
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    AudioContent,
    Call,
    FileContent,
    ImageContent,
    Message,
    Origin,
    Prompt,
    ReasoningContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    VideoContent,
    WebSearch,
)

HERE = AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name="m"))
HOME = Origin(provider="openai", model="m", protocol="openai_chat")
ADD = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}}
THOUGHT = ReasoningContent(text="hm", origin=HOME, extras={"reasoning_details": [{"data": "x"}]})
LONG_ID = "a-call/of mine, with more characters than most ids"
CALLED = ToolCallContent(id=LONG_ID, name="add", arguments={}, origin=HOME)
RESULT = Message(role="tool", contents=(ToolResultContent(call_id=LONG_ID, output="1"),))
PICTURE = ImageContent(url="https://x.example/a.png")
ROUND = (Message(role="assistant", contents=(THOUGHT, CALLED)), RESULT)
SHAPE = {"type": "object", "properties": {"a": {"type": "number"}}}


def body(quirks: ChatQuirks, *messages: Any, instructions: tuple[str, ...] = (), **config: Any) -> dict[str, Any]:
    turns = tuple(m if isinstance(m, Message) else Prompt(text=m) for m in messages or ("?",))
    call = Call(HERE, turns, AIModelCallConfig(**config), instructions)
    return dict(load_codec("openai_chat").encode(call, quirks).body)


def provided(quirks: ChatQuirks, *parts: Any) -> Any:
    return body(quirks, Message(role="user", contents=(TextContent(text="?"), *parts)))["messages"][0]["content"]


def read(quirks: ChatQuirks, message: dict[str, Any]) -> list[Any]:
    """What an answer of one message becomes."""
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]}
    return list(load_codec("openai_chat").decoder(quirks).whole(answer))


def texts(quirks: ChatQuirks, message: dict[str, Any]) -> dict[str, str]:
    """Reasoning and text."""
    actual: dict[str, str] = {}
    for delta in read(quirks, message):
        if type(delta).__name__ in ("TextDelta", "ReasoningDelta"):
            actual[type(delta).__name__] = actual.get(type(delta).__name__, "") + delta.text
    return actual


def turn(quirks: ChatQuirks) -> dict[str, Any]:
    """An answer with reasoning and a call, sent back."""
    actual: dict[str, Any] = body(quirks, "?", *ROUND, "And?")["messages"][1]
    return actual


def search(**quirks: Any) -> dict[str, Any]:
    written = body(ChatQuirks(**quirks), tools=[WebSearch()])
    return {name: written[name] for name in written.keys() - {"model", "messages"}}


SYSTEM = Message(role="system", contents=(TextContent(text="Later."),))
FILE = FileContent(data=b"%PDF-1.4", name="a.pdf", mime_type="application/pdf")
BEGUN = Message(role="assistant", contents=(TextContent(text="So"),))
SHOWN = Message(role="tool", contents=(ToolResultContent(call_id="c", contents=(PICTURE,)),))
MARKED = TextContent(text="Long.", cache="short")


def tools_of(quirks: ChatQuirks) -> dict[str, Any]:
    return body(quirks, tools=[{**ADD, "strict": True}])["tools"][0]["function"]  # type: ignore[no-any-return]  # JSON


# The field, a value that is not the default, what is looked at, and what is found there.
ROWS: list[tuple[str, Any, Any, Any]] = [
    ("params", {"seed": "random_seed"}, lambda q: body(q, seed=1).get("random_seed"), 1),
    ("params", {"max_output_tokens": "max_tokens"}, lambda q: body(q, max_output_tokens=9).get("max_tokens"), 9),
    ("params", {"n": None}, lambda q: body(q, n=2).get("n"), None),
    ("defaults", {"safe": True}, lambda q: body(q).get("safe"), True),
    ("path", "/else", lambda q: load_codec("openai_chat").encode(Call(HERE, (), AIModelCallConfig()), q).path, "/else"),
    ("system_role", "developer", lambda q: body(q, instructions=("Be brief.",))["messages"][0]["role"], "developer"),
    (
        "many_systems",
        False,
        lambda q: [m["role"] for m in body(q, "?", SYSTEM, "!", instructions=("Be.",))["messages"]],
        ["system", "user", "user"],
    ),
    ("reasoning_in", "reasoning", lambda q: body(q, reasoning_effort="low").get("reasoning"), {"effort": "low"}),
    ("reasoning_in", "thinking", lambda q: body(q, reasoning=False).get("thinking"), {"type": "disabled"}),
    (
        "reasoning_in",
        "thinking_effort",
        lambda q: (
            body(q, reasoning_effort="low").get("thinking"),
            body(q, reasoning_effort="low")["reasoning_effort"],
        ),
        ({"type": "enabled"}, "low"),
    ),
    (
        "limits_answer_only",
        True,
        lambda q: body(q, max_reasoning_tokens=9, max_output_tokens=5)["max_completion_tokens"],
        5,
    ),
    ("reasoning_in", "enable_thinking", lambda q: body(q, max_reasoning_tokens=9).get("thinking_budget"), 9),
    (
        "reasoning_in",
        "template",
        lambda q: body(q, reasoning=False).get("chat_template_kwargs"),
        {"enable_thinking": False},
    ),
    ("reasoning_in", "none", lambda q: body(q, reasoning_effort="low").get("reasoning_effort"), None),
    ("efforts", {"max": "xhigh"}, lambda q: body(q, reasoning_effort="max")["reasoning_effort"], "xhigh"),
    ("reasoning_out", ("thoughts",), lambda q: texts(q, {"content": "a", "thoughts": "hm"})["ReasoningDelta"], "hm"),
    ("reasoning_replay", "field", lambda q: turn(q).get("reasoning_content"), "hm"),
    ("reasoning_replay", "tool_turns", lambda q: turn(q).get("reasoning_content"), "hm"),
    ("reasoning_replay", "details", lambda q: turn(q).get("reasoning_details"), [{"data": "x"}]),
    ("reasoning_replay", "tags", lambda q: turn(q)["content"], "<think>\nhm\n</think>\n\n"),
    ("reasoning_replay", "chunks", lambda q: turn(q)["content"][0]["type"], "thinking"),
    (
        "reasoning_replay_field",
        "reasoning",
        lambda q: turn(ChatQuirks(reasoning_replay="field", reasoning_replay_field=q.reasoning_replay_field)).get(
            "reasoning"
        ),
        "hm",
    ),
    ("think_tags", True, lambda q: texts(q, {"content": "<think>hm</think>a"})["ReasoningDelta"], "hm"),
    (
        "tool_choice_words",
        {"required": "any"},
        lambda q: body(q, tools=[ADD], tool_choice="required")["tool_choice"],
        "any",
    ),
    (
        "named_tool_choice",
        False,
        lambda q: [t["function"]["name"] for t in body(q, tools=[ADD, {"name": "sub"}], tool_choice="add")["tools"]],
        ["add"],
    ),
    ("strict_tools", False, lambda q: "strict" in tools_of(q), False),
    (
        "tool_fields",
        frozenset({"cache_control"}),
        lambda q: body(q, tools=[{**ADD, "cache_control": {"type": "ephemeral"}}])["tools"][0].get("cache_control"),
        {"type": "ephemeral"},
    ),
    ("web_search", "options", lambda q: search(web_search=q.web_search), {"web_search_options": {}}),
    (
        "web_search_type",
        "x:search",
        lambda q: search(web_search="bare", web_search_type=q.web_search_type)["tools"],
        [{"type": "x:search"}],
    ),
    ("tool_id", "nine", lambda q: len(turn(q)["tool_calls"][0]["id"]), 9),
    ("tool_id", "any", lambda q: turn(q)["tool_calls"][0]["id"], LONG_ID),
    (
        "user_after_tools",
        False,
        lambda q: [m["role"] for m in body(q, "?", *ROUND, "And?")["messages"]],
        ["user", "assistant", "tool", "assistant", "user"],
    ),
    ("prefill", "prefix", lambda q: body(q, "?", BEGUN)["messages"][-1].get("prefix"), True),
    ("json_object", False, lambda q: "response_format" in body(_prompted(q), structured_output=SHAPE), False),
    ("stream_usage", "always", lambda q: "stream_options" in body(q, streaming=True), False),
    ("image_shape", "string", lambda q: provided(q, PICTURE)[1]["image_url"], "https://x.example/a.png"),
    ("image_urls", False, lambda q: len(provided(q, PICTURE)), 1),
    ("document_shape", "document_url", lambda q: provided(q, FILE)[1]["type"], "document_url"),
    ("document_shape", "none", lambda q: len(provided(q, FILE)), 1),
    ("remote_documents", True, lambda q: provided(q, FileContent(url="https://x.example/a.pdf"))[1]["type"], "file"),
    (
        "video_shape",
        "video_url",
        lambda q: provided(q, VideoContent(data=b"v", mime_type="video/mp4"))[1:],
        [{"type": "video_url", "video_url": {"url": "data:video/mp4;base64,dg=="}}],
    ),
    ("audio_in", False, lambda q: len(provided(q, AudioContent(data=b"a", mime_type="audio/wav"))), 1),
    (
        "audio_shape",
        "string",
        lambda q: provided(q, AudioContent(data=b"a", mime_type="audio/wav"))[1]["input_audio"],
        "YQ==",
    ),
    ("cache_mark", "cache_control", lambda q: provided(q, MARKED)[1].get("cache_control"), {"type": "ephemeral"}),
    ("cache_key", True, lambda q: body(q, prompt_cache={"key": "k"}).get("prompt_cache_key"), "k"),
    ("parts_in_tool_results", True, lambda q: body(q, SHOWN)["messages"][0]["content"][0]["type"], "image_url"),
    ("empty_content", "empty", lambda q: turn(q)["content"], ""),
    ("empty_content", "omit", lambda q: "content" in turn(q), False),
    ("structured", ("tool",), lambda q: "response_format" in body(q, structured_output=SHAPE), False),
    (
        "structured_with_tools",
        False,
        lambda q: "response_format" in body(q, structured_output=SHAPE, tools=[ADD]),
        False,
    ),
    ("hides_schema", True, lambda q: "number" in str(body(q, structured_output=SHAPE)["messages"]), True),
    (
        "schema_rules",
        ANY_SCHEMA,
        lambda q: body(q, structured_output=SHAPE)["response_format"]["json_schema"]["schema"].get("required"),
        None,
    ),
]
# Their own tests hold these: provider's tools, rules of schemas, what media must be, thinking that only ends, the ends
# of streams, and counts that are unclear.
ELSEWHERE = {
    *("runs_code", "connects_mcp", "loose_rules", "tool_rules", "terminal", "think_opened"),
    *("media_support", "most_request_bytes", "cache_counts_unclear", "reasoning_separate"),
}


def _prompted(quirks: ChatQuirks) -> ChatQuirks:
    return ChatQuirks(structured=("prompt",), json_object=quirks.json_object)


@pytest.mark.parametrize(
    ("field", "value", "look", "actual"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)]
)
def test_dialect_encodes_as_declared(field: str, value: Any, look: Any, actual: Any) -> None:
    assert look(ChatQuirks(**{field: value})) == actual
    try:
        usual = look(ChatQuirks())
    except (LookupError, TypeError):
        # What is looked at is not there at all.
        return
    assert usual != actual


def test_every_quirk_has_a_dialect_case() -> None:
    assert {field.name for field in fields(ChatQuirks)} - {row[0] for row in ROWS} == ELSEWHERE
