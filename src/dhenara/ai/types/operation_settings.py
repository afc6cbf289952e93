"""What may be set for an operation, by name: what each takes, beside what every call takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from .audio import SpeechFormat, Timestamps
from .call_config import AIModelCallConfig, ReasoningEffort
from .content import ImageContent
from .embedding import InputType
from .structured import StructuredOutput
from .timeouts import Timeouts
from .tools import ServerTool, ToolChoice, ToolDefinition


class CallSettings(TypedDict, total=False):
    """`config` replaces the client's own; the others are single fields of it."""

    config: AIModelCallConfig | None
    timeout: float | Timeouts | None
    retries: int
    strict: bool
    options: Mapping[str, Any]
    headers: Mapping[str, str]
    user: str | None


class EmbedSettings(CallSettings, total=False):
    """`input_type` says what the texts are for; `batch_size` and `concurrency` how they travel."""

    dimensions: int | None
    input_type: InputType | None
    truncate: bool | None
    batch_size: int | None
    concurrency: int


class RerankSettings(CallSettings, total=False):
    """`top_n` says how many of the best are wanted."""

    top_n: int | None


class OcrSettings(CallSettings, total=False):
    """`pages` counts from 0."""

    pages: Sequence[int] | None
    include_images: bool | None


class CountSettings(CallSettings, total=False):
    """What else of a call is counted. `estimate`: True never asks the provider, False takes no guess for an answer."""

    estimate: bool | None
    tools: Sequence[ToolDefinition | ServerTool]
    tool_choice: ToolChoice | None
    structured_output: StructuredOutput | None
    reasoning: bool | None
    reasoning_effort: ReasoningEffort | None
    max_reasoning_tokens: int | None


class DrawSettings(CallSettings, total=False):
    """`mask` is a picture of the same size, transparent where the other may change."""

    mask: ImageContent | None
    n: int | None
    seed: int | None


class TranscribeSettings(CallSettings, total=False):
    """`timestamps` says how fine; `diarize` tells speakers apart; `prompt` holds names and words that may be said."""

    language: str | None
    prompt: str | None
    timestamps: Timestamps | None
    diarize: bool | None
    temperature: float | None


class SpeakSettings(CallSettings, total=False):
    """`voice` is one of the provider's own names; `instructions` say how to speak, where the model heeds them."""

    voice: str | None
    format: SpeechFormat | None
    speed: float | None
    instructions: str | None
    language: str | None


class UploadSettings(CallSettings, total=False):
    """`expires_in` is in seconds, where the provider forgets files by itself; `on_progress` hears of bytes sent."""

    name: str | None
    mime_type: str | None
    purpose: str | None
    expires_in: int | None
    on_progress: Callable[[int, int], None] | None
