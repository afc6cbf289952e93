"""How dialects of Chat Completions differ, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Literal

from ...dataclass import dataclass
from ...schema.rules import ALL_REQUIRED, SchemaRules
from ..base import Quirks

if TYPE_CHECKING:
    from ..tool_call_ids import IdRule

PARAMETERS: Mapping[str, str | None] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": None,
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "logit_bias": "logit_bias",
    "seed": "seed",
    "stop": "stop",
    "n": "n",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "parallel_tool_calls": "parallel_tool_calls",
    "user": "user",
    "service_tier": "service_tier",
    "metadata": "metadata",
    "max_output_tokens": "max_completion_tokens",
}

PROTOCOL = "openai_chat"

ReasoningIn = Literal["effort", "reasoning", "thinking", "thinking_effort", "enable_thinking", "template", "none"]
"""How a model is told to think. `thinking_effort` is a switch with an effort beside it; `template` is one in the
words of the model's own template.
"""


@dataclass(frozen=True, slots=True)
class ChatQuirks(Quirks):
    """The defaults are OpenAI's own dialect."""

    names: ClassVar[Mapping[str, str | None]] = PARAMETERS

    path: str = "/chat/completions"
    system_role: Literal["system", "developer", "user"] = "system"
    many_systems: bool = True
    """Whether system messages may follow each other, or stand in the middle."""

    reasoning_in: ReasoningIn = "effort"
    efforts: Mapping[str, str] = field(default_factory=dict)
    reasoning_out: tuple[str, ...] = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
    reasoning_replay: Literal["never", "field", "tool_turns", "details", "chunks", "tags"] = "never"
    """How thinking is said again: `chunks` and `tags` stand in the text, `tool_turns` insists on the field."""

    reasoning_replay_field: str = "reasoning_content"
    think_tags: bool = False
    """Whether answers may begin with thinking between `<think>` tags."""

    think_opened: str = "*deepseek-r1*|*qwq*|*qwen3*thinking*|*glm-z1*"
    """Models whose chat templates open the thinking in the prompt, so that their answers only close it."""

    cache_counts_unclear: str = ""
    """Models whose cached tokens may be inside the prompt or beside it, which their totals do not tell."""

    tool_choice_words: Mapping[str, str | None] = field(default_factory=dict)
    named_tool_choice: bool = True
    strict_tools: bool = True
    web_search: Literal["options", "always", "entry", "bare", "switch", "nested", "none"] = "none"
    """How a search of the web is asked for."""

    web_search_type: str = "web_search"

    runs_code: bool = False
    connects_mcp: bool = False
    tool_id: IdRule = "short"
    user_after_tools: bool = True
    """Whether the user may speak right after a tool's result, before the model has said anything to it."""

    begun: Literal["plain", "prefix", "partial", "words"] = "plain"
    """How the model is asked to go on with an answer: by a mark of this name on it, or in words."""

    schema_rules: SchemaRules | None = ALL_REQUIRED
    json_object: bool = True
    """Whether JSON as such can be asked for, beside or instead of a schema."""

    stream_usage: Literal["option", "always"] = "option"
    image_shape: Literal["object", "string"] = "object"
    image_urls: bool = True
    """Whether the host fetches pictures from their addresses itself."""

    document_shape: Literal["file", "document_url", "none"] = "file"
    remote_documents: bool = False
    """Whether a document may be an address in the place of its bytes."""

    video_shape: Literal["video_url", "none"] = "none"
    audio_in: bool = True
    audio_shape: Literal["object", "string"] = "object"
    cache_mark: Literal["prompt_cache_breakpoint", "cache_control", "none"] = "none"
    """How the prompt cache is marked; hosts without marks cache by themselves, or not at all."""

    cache_key: bool = False
    """Whether calls that begin alike can be brought to the same cache by a key, and a lifetime be asked for."""

    parts_in_tool_results: bool = False
    empty_content: Literal["null", "empty", "omit"] = "null"
    terminal: Literal["done", "finish"] = "done"
    """What ends a stream: the [DONE] line, or a finish reason for every choice."""
