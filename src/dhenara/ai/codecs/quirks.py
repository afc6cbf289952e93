"""Quirks as data: what differs between hosts and generations of models that speak the same protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ..schema.keywords import ALL_REQUIRED, CLOSED, LONE_REFERENCES, SHAPES_ONLY, SchemaRules
from ..types.chat.structured import OutputMode
from ..types.config.parameters import wire_names
from .base import MediaSupport, Quirks
from .common.media_support import PICTURES
from .common.tools import CLAUDE_FIELDS, GEMINI_FIELDS, RESPONSES_FIELDS, IdRule

# Five megabytes in base64, also for uploaded images.
LARGEST_PICTURE = 5 * 2**20 * 3 // 4


@dataclass(slots=True, eq=False, repr=False)
class MessagesQuirks(Quirks):
    """Quirks of a Messages dialect. The defaults are Anthropic's own API and a model with a reasoning budget."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("anthropic")

    path: str = "/v1/messages"
    """Request path. May contain `{model}`, and `{method}` if it differs for streaming."""

    methods: tuple[str, str] = ("", "")
    """Methods for a complete and for a streamed response."""

    stream_in_body: bool = True
    version: str = "2023-06-01"
    version_in_body: str | None = None
    """API version in the body, for cloud platforms; the model is then in the path."""

    thinking: Literal["budget", "adaptive", "none"] = "budget"
    can_stop_thinking: bool = True
    binds_thinking: bool = False
    """Whether reasoning is accepted only with exactly the same conversation, instructions and tools before it."""

    efforts: Mapping[str, str] = field(default_factory=lambda: {"minimal": "low", "none": "low"})
    smallest_budget: int = 1_024
    default_max_tokens: int = 8_192
    """The API requires a limit; this one is used if neither the call nor the model sets one."""

    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(PICTURES, LARGEST_PICTURE),
            "file": MediaSupport(("application/pdf",), by_id=True, most_uploaded=500_000_000),
        }
    )
    schema_rules: SchemaRules | None = CLOSED
    tool_fields: frozenset[str] = CLAUDE_FIELDS
    loose_rules: SchemaRules | None = None
    web_search: str = "web_search_20250305"
    web_fetch: str = "web_fetch_20250910"
    web_fetch_uncached: str = "web_fetch_20260309"
    code_execution: str = "code_execution_20250825"
    calling_code: str = "code_execution_20260120"
    """Version of code execution whose code can call tools."""

    betas: tuple[str, ...] = ()
    betas_in_body: bool = False
    automatic_cache: bool = True
    """Whether the provider can place a cache marker at the end of each prompt itself."""


@dataclass(slots=True, eq=False, repr=False)
class CohereQuirks(Quirks):
    """Quirks of a Cohere dialect. The defaults are Cohere's own API."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("cohere")

    schema_rules: SchemaRules | None = SHAPES_ONLY
    loose_rules: SchemaRules | None = None
    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {"image": MediaSupport(PICTURES, 20_000_000)}
    )
    structured_with_tools: bool = False

    path: str = "/v2/chat"


OFFICE = "application/vnd.openxmlformats-officedocument."
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/msword": "doc",
    f"{OFFICE}wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    f"{OFFICE}spreadsheetml.sheet": "xlsx",
}


@dataclass(slots=True, eq=False, repr=False)
class ConverseQuirks(Quirks):
    """Quirks of a model family. The defaults are a family without special features."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("converse")

    reasoning: Literal["budget", "adaptive", "config", "effort", "none"] = "none"
    """How reasoning is set: `budget` and `adaptive` for Claude, `config` for Nova, `effort` for open models."""

    efforts: Mapping[str, str] = field(default_factory=dict)

    binds_thinking: bool = False
    """Whether reasoning is accepted only with exactly the same conversation, instructions and tools before it."""

    schema_rules: SchemaRules | None = CLOSED
    tool_fields: frozenset[str] = frozenset({"cache_control"})
    loose_rules: SchemaRules | None = None
    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(PICTURES, 3_750_000),
            "file": MediaSupport(tuple(DOCUMENTS), 4_500_000),
        }
    )
    system_tools: Mapping[str, str] = field(default_factory=dict)
    """System tools of the family: our kinds, its names."""


SEEN = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
# Larger media are uploaded.
MOST_BYTES, MOST_UPLOADED = 20_000_000, 2_000_000_000


@dataclass(slots=True, eq=False, repr=False)
class GeminiQuirks(Quirks):
    """Quirks of a Gemini dialect. The defaults are Google AI and a model of the third generation or later."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("gemini")
    results_by_name: ClassVar[bool] = True

    path: str = "/{model}:{method}"
    thinking: Literal["level", "budget", "none"] = "level"
    levels: Mapping[str, str] = field(
        default_factory=lambda: {"none": "minimal", "xhigh": "high", "max": "high"},
    )
    smallest_budget: int = 0
    """Minimum reasoning budget; 0 if reasoning can be turned off."""

    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(SEEN, MOST_BYTES, by_id=True, most_uploaded=MOST_UPLOADED),
            "audio": MediaSupport((), MOST_BYTES, by_id=True, most_uploaded=MOST_UPLOADED),
            "video": MediaSupport((), MOST_BYTES, by_id=True, most_uploaded=MOST_UPLOADED),
            "file": MediaSupport(("application/pdf",), MOST_BYTES, by_id=True, most_uploaded=50_000_000),
        }
    )
    schema_rules: SchemaRules | None = LONE_REFERENCES
    tool_fields: frozenset[str] = GEMINI_FIELDS
    loose_rules: SchemaRules | None = LONE_REFERENCES
    tool_rules: SchemaRules = LONE_REFERENCES
    excludes_domains: bool = False
    """Whether web search supports blocked domains."""

    call_ids: bool = True
    """Whether calls and results may have ids."""

    counts_whole_request: bool = True
    """Whether token counting takes the whole request with its model, or only the contents."""

    fetches: bool = False
    """Whether every public URL is fetched, or only the provider's own files and YouTube."""


@dataclass(slots=True, eq=False, repr=False)
class OllamaQuirks(Quirks):
    """Quirks of a model. The defaults are a model whose reasoning can only be on or off."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("ollama")
    results_by_name: ClassVar[bool] = True

    path: str = "/api/chat"
    structured: tuple[OutputMode, ...] = ("native", "prompt", "tool")
    hides_schema: bool = True
    thinking: Literal["switch", "levels"] = "switch"
    levels: Mapping[str, str] = field(
        default_factory=lambda: {"none": "low", "minimal": "low", "xhigh": "high", "max": "high"}
    )
    smallest_context: int = 8_192
    """Minimum context size to request, in tokens. The server's own default truncates prompts."""

    largest_context: int = 131_072
    """Maximum context size unless set with `options={"num_ctx": ...}`: context uses memory, whether filled or not."""


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

    reasoning_out: tuple[str, ...] = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thinking_blocks")
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


@dataclass(slots=True, eq=False, repr=False)
class ResponsesQuirks(Quirks):
    """Quirks of a Responses dialect. The defaults are OpenAI's own."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("openai_responses")

    path: str = "/responses"
    efforts: Mapping[str, str] = field(default_factory=dict)
    summary: str | None = "auto"
    """Reasoning summary to request."""

    encrypted_reasoning: bool = True
    """Whether encrypted reasoning is supported, which is sent back if nothing is stored."""

    media_support: Mapping[str, MediaSupport] = field(default_factory=lambda: {"image": MediaSupport(PICTURES)})
    cache_marks: bool = False
    """Whether cache markers are supported; without markers, prompts are cached automatically."""

    calls_last: bool = False
    """Whether calls must come after the text of an answer."""

    schema_rules: SchemaRules | None = ALL_REQUIRED
    tool_fields: frozenset[str] = RESPONSES_FIELDS
    blocked_domains: str | None = None
    """Field for blocked domains of a search; None if unsupported."""

    runs_custom_tools: bool = False
    """Whether the provider runs custom tools itself."""

    mcp_approval: bool = True
    """Whether the provider asks before it calls a tool of a remote MCP server."""

    hosted_tools: frozenset[str] = frozenset({"image_generation"})
    """Kinds of tools that the provider runs, besides search, code, files and MCP."""
