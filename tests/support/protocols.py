"""The protocols whose recorded traffic is read: what each calls its things, and where it may differ."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dhenara.ai.codecs.anthropic.response import ChunkFrames
from dhenara.ai.codecs.base import Codec, Quirks, load_codec
from dhenara.ai.codecs.quirks import (
    ChatQuirks,
    CohereQuirks,
    ConverseQuirks,
    GeminiQuirks,
    MessagesQuirks,
    ResponsesQuirks,
)
from dhenara.ai.types import Usage
from dhenara.ai.wire.sse import Frames
from support.corpus import Exchange, exchanges

Counts = dict[str, int]


def chat_counts(usage: Usage, expected: Mapping[str, int]) -> Counts:
    """What Chat Completions would report for these buckets: prompts contain what was cached."""
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    cached = usage.cache_read_tokens
    if "cache_read_tokens" in usage.unclear:
        # One host reports more cached tokens than prompt tokens (163 of 7), and a total without them: they are unknown.
        assert expected["cache_read_tokens"] > prompt
        assert usage.cache_read_tokens == 0
        cached = expected["cache_read_tokens"]
    hidden = expected["total_tokens"] - expected["input_tokens"] - expected["output_tokens"]
    if hidden > 0:
        # A total that is larger than its parts counts thinking that the completion leaves out.
        assert usage.reasoning_tokens >= hidden
        completion -= usage.reasoning_tokens
    thought = usage.reasoning_tokens
    if expected.get("reasoning_tokens", 0) > expected["output_tokens"] == thought:
        # One answer broke off with more thinking counted than tokens; ours is never more than there were.
        thought = expected["reasoning_tokens"]
    return {
        "input_tokens": prompt,
        "output_tokens": completion,
        "total_tokens": prompt + completion + (usage.reasoning_tokens if hidden > 0 else 0),
        "reasoning_tokens": thought,
        "cache_read_tokens": cached,
        "cache_write_tokens": usage.cache_write_tokens,
    }


def messages_counts(usage: Usage, expected: Mapping[str, int]) -> Counts:
    """Messages counts fresh and cached input apart, as we do."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
    }


def responses_counts(usage: Usage, expected: Mapping[str, int]) -> Counts:
    """Input is counted with what was cached, and output with the thinking."""
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }


def gemini_counts(usage: Usage, expected: Mapping[str, int]) -> Counts:
    """Gemini counts reasoning separately from the candidates, and prompts of tools separately from the prompt."""
    return {
        "input_tokens": usage.prompt_tokens - usage.raw.get("toolUsePromptTokenCount", 0),
        "output_tokens": usage.completion_tokens - usage.reasoning_tokens,
        "total_tokens": usage.total_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
    }


def converse_counts(usage: Usage, expected: Mapping[str, int]) -> Counts:
    """Converse counts fresh and cached input apart, as we do."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
    }


@dataclass(frozen=True)
class Recorded:
    """One protocol in the recordings. `argued` names exchanges where we read more than was expected, by key."""

    codec: str
    apis: tuple[str, ...]
    quirks: Quirks
    counts: Callable[[Usage, Mapping[str, int]], Counts]
    last_word: bytes
    argued: Mapping[str, frozenset[str]] = field(default_factory=dict)
    spoken_by: Callable[[str], bool] = lambda provider: True
    about: Callable[[str], bool] = lambda path: True
    framing: Callable[[], Frames] | None = None
    """How a host frames its streams, where that is not the protocol's own way."""

    def load(self) -> Codec[Any]:
        codec = load_codec(self.codec)
        return Reframed(codec, self.framing) if self.framing else codec

    def exchanges(self, keep: Callable[[Exchange], bool]) -> list[Exchange]:
        return [e for api in self.apis for e in exchanges(api, keep) if self.speaks(e)]

    def speaks(self, exchange: Exchange) -> bool:
        """Whether this exchange is in this protocol."""
        spoken = self.spoken_by(exchange["provider"]) and self.about(exchange["path"])
        return exchange["api"] in self.apis and spoken


class Reframed:
    """A codec whose streams come in another framing."""

    def __init__(self, codec: Codec[Any], framing: Callable[[], Frames]) -> None:
        self._codec = codec
        self.frames = framing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)


RUBY = "ruby_llm/spec/fixtures/vcr_cassettes/"
AI = "pydantic-ai/tests/models/cassettes/"
PROTOCOLS = (
    Recorded(
        "openai_chat",
        ("openai-chat",),
        ChatQuirks(terminal="finish"),
        chat_counts,
        b"data: [DONE]",
        {
            # Thinking that stands only in `reasoning_details` (`[{"type": "reasoning.summary", "summary": "**Finding
            # Ruby…"}]` beside `"reasoning": null`) is thinking all the same; the expected values look at the plain
            # field alone.
            "reasoning": frozenset(
                {
                    f"{RUBY}chat_web_search_with_openrouter_openai_gpt-5_2_searches_transparently_returning_citations"
                    "_and_usage_counters.yml#0",
                    f"{AI}test_snowflake/test_snowflake_thinking.yaml#0",
                    f"{AI}test_snowflake/test_snowflake_thinking_streaming.yaml#0",
                }
            ),
        },
    ),
    Recorded(
        "anthropic",
        ("anthropic-messages",),
        MessagesQuirks(),
        messages_counts,
        b"event: message_stop",
    ),
    Recorded(
        "anthropic",
        ("bedrock-invoke", "bedrock-invoke-stream"),
        MessagesQuirks(),
        messages_counts,
        b64encode(b'{"type":"message_stop')[:28],
        about=lambda path: "anthropic." in path or "does-not-exist" in path,
        framing=ChunkFrames,
    ),
    Recorded(
        "openai_responses",
        ("openai-responses",),
        ResponsesQuirks(),
        responses_counts,
        b'data: {"type":"response.completed"',
        spoken_by=lambda provider: provider != "xai",
    ),
    Recorded(
        "openai_responses",
        ("openai-responses",),
        ResponsesQuirks(runs_custom_tools=True),
        responses_counts,
        b'data: {"type":"response.completed"',
        spoken_by=lambda provider: provider == "xai",
    ),
    Recorded(
        "gemini",
        ("gemini-generate", "gemini-stream-generate"),
        GeminiQuirks(),
        gemini_counts,
        b'"finishReason"',
    ),
    Recorded(
        "converse",
        ("bedrock-converse", "bedrock-converse-stream"),
        ConverseQuirks(),
        converse_counts,
        b"messageStop",
    ),
    Recorded(
        "cohere",
        ("cohere-chat",),
        CohereQuirks(),
        responses_counts,
        b'"type":"message-end"',
    ),
)
