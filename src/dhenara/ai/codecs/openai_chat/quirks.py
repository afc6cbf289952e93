"""Quirks of Chat Completions dialects, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ...schema.rules import ALL_REQUIRED, SchemaRules
from ...types.config.parameters import wire_names
from ..base import Quirks
from ..common.tools import IdRule

PROTOCOL = "openai_chat"

OPEN_MODEL_NAMES = wire_names("open_models")
"""Names of parameters at servers of open models, such as vLLM, Together and Fireworks."""

ReasoningIn = Literal["effort", "reasoning", "thinking", "thinking_effort", "enable_thinking", "template", "none"]
"""How reasoning is set. `thinking_effort` is a switch with an effort; `template` is a field of the model's chat
template.
"""


@dataclass(slots=True, eq=False, repr=False)
class ChatQuirks(Quirks):
    """Quirks of a Chat Completions dialect. The defaults are OpenAI's own."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("openai_chat")

    path: str = "/chat/completions"
    system_role: Literal["system", "developer", "user"] = "system"
    many_systems: bool = True
    """Whether there may be several system messages, or some after the first message."""

    reasoning_in: ReasoningIn = "effort"
    efforts: Mapping[str, str] = field(default_factory=dict)
    limits_answer_only: bool = False
    """Whether the output limit is for the answer only; elsewhere it covers reasoning too."""

    reasoning_out: tuple[str, ...] = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
    reasoning_replay: Literal["never", "field", "tool_turns", "details", "chunks", "tags"] = "never"
    """How reasoning is sent back: `chunks` and `tags` are part of the text, `tool_turns` requires the field."""

    reasoning_replay_field: str = "reasoning_content"
    think_tags: bool = False
    """Whether answers may start with reasoning in `<think>` tags."""

    think_opened: str = "*deepseek-r1*|*qwq*|*qwen3*thinking*|*glm-z1*"
    """Models whose chat template opens the reasoning in the prompt, so that answers only close it."""

    reasoning_separate: bool = False
    """Whether reasoning tokens are counted next to the completion instead of inside it, where no total shows which."""

    cache_counts_unclear: str = ""
    """Models whose cached tokens may or may not be included in the prompt, without a total that shows which."""

    tool_choice_words: Mapping[str, str | None] = field(default_factory=dict)
    named_tool_choice: bool = True
    strict_tools: bool = True
    web_search: Literal["options", "always", "entry", "bare", "switch", "nested", "none"] = "none"
    """How web search is requested."""

    web_search_type: str = "web_search"

    runs_code: bool = False
    connects_mcp: bool = False
    tool_id: IdRule = "short"
    user_after_tools: bool = True
    """Whether a user message may directly follow a tool result."""

    prefill: Literal["plain", "prefix", "partial", "words"] = "plain"
    """How a prefilled answer is marked: by a field of this name, or with a user message (`words`)."""

    schema_rules: SchemaRules | None = ALL_REQUIRED
    json_object: bool = True
    """Whether JSON mode without a schema is supported."""

    stream_usage: Literal["option", "always"] = "option"
    image_shape: Literal["object", "string"] = "object"
    image_urls: bool = True
    """Whether the provider fetches images from URLs."""

    document_shape: Literal["file", "document_url", "none"] = "file"
    remote_documents: bool = False
    """Whether a document may be a URL."""

    video_shape: Literal["video_url", "none"] = "none"
    audio_in: bool = True
    audio_shape: Literal["object", "string"] = "object"
    cache_mark: Literal["prompt_cache_breakpoint", "cache_control", "none"] = "none"
    """Cache markers of the dialect; without markers, prompts are cached automatically or not at all."""

    cache_key: bool = False
    """Whether a cache key and lifetime can be set."""

    parts_in_tool_results: bool = False
    empty_content: Literal["null", "empty", "omit"] = "null"
    terminal: Literal["done", "finish"] = "done"
    """What ends a stream: the [DONE] line, or a finish reason for every choice."""
