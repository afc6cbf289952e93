"""Keyword arguments of the operations, such as embeddings and transcription, as typed dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from ..chat.structured import StructuredOutput
from ..content.parts import ImageContent
from ..operations.audio import SpeechFormat, Timestamps
from ..operations.embedding import InputType
from ..tools.provider_tools import ServerTool
from ..tools.tool_definition import ToolChoice, ToolDefinition
from .call import AIModelCallConfig
from .parameters import ReasoningEffort
from .timeouts import Timeouts


class CallSettings(TypedDict, total=False):
    """Arguments of every operation. `config` replaces the client's config; the others set single fields of it."""

    config: AIModelCallConfig | None
    timeout: float | Timeouts | None
    retries: int
    strict: bool
    options: Mapping[str, Any]
    headers: Mapping[str, str]
    user: str | None


class EmbedSettings(CallSettings, total=False):
    """Arguments of embeddings. `input_type` is the purpose of the texts; `batch_size` and `concurrency` control the
    requests.
    """

    dimensions: int | None
    input_type: InputType | None
    truncate: bool | None
    batch_size: int | None
    concurrency: int


class RerankSettings(CallSettings, total=False):
    """Arguments of reranking. `top_n` is the number of results."""

    top_n: int | None


class OcrSettings(CallSettings, total=False):
    """Arguments of OCR. `pages` are counted from 0."""

    pages: Sequence[int] | None
    include_images: bool | None


class CountSettings(CallSettings, total=False):
    """Arguments of token counting. `estimate=True` never sends a request, `estimate=False` never estimates."""

    estimate: bool | None
    tools: Sequence[ToolDefinition | ServerTool]
    tool_choice: ToolChoice | None
    structured_output: StructuredOutput | None
    reasoning: bool | None
    reasoning_effort: ReasoningEffort | None
    max_reasoning_tokens: int | None


class DrawSettings(CallSettings, total=False):
    """Arguments of image generation. `mask` is an image of the same size whose transparent areas may be changed."""

    mask: ImageContent | None
    n: int | None
    seed: int | None


class TranscribeSettings(CallSettings, total=False):
    """Arguments of transcription. `timestamps` is the granularity, `diarize` tells speakers apart, `prompt` holds
    names and words that are likely to occur.
    """

    language: str | None
    prompt: str | None
    timestamps: Timestamps | None
    diarize: bool | None
    temperature: float | None


class SpeakSettings(CallSettings, total=False):
    """Arguments of speech synthesis. `voice` is the provider's name of a voice; `instructions` describe how to
    speak.
    """

    voice: str | None
    format: SpeechFormat | None
    speed: float | None
    instructions: str | None
    language: str | None


class UploadSettings(CallSettings, total=False):
    """Arguments of uploads. `expires_in` is in seconds; `on_progress` is called with the bytes sent and the total."""

    name: str | None
    mime_type: str | None
    purpose: str | None
    expires_in: int | None
    on_progress: Callable[[int, int], None] | None
