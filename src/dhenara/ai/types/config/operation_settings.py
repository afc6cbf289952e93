"""Keyword arguments of the operations, such as embeddings and transcription, as typed dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from ..content.parts import ImageContent
from ..tools.tool_definition import ToolChoice
from .call import AIModelCallConfig
from .call_options import AnswerOptions, OutputType, ToolLike
from .parameters import ReasoningEffort
from .timeouts import ResponseLimits, Timeouts

if TYPE_CHECKING:
    from ..operations.audio import SpeechFormat, Timestamps
    from ..operations.embedding import InputType


class CallSettings(TypedDict, total=False):
    """Arguments of every operation. `config` replaces the client's config; the others set single fields of it."""

    config: AIModelCallConfig | None
    """Replaces the client's config for this call."""

    timeout: float | Timeouts | None
    """Timeout of the whole call in seconds, above 0, or `Timeouts` for separate limits."""

    retries: int
    """Number of retries after the first attempt, 0 or more. Default 2."""

    strict: bool
    """Raise an error instead of a warning for what the provider does not support. Default False."""

    options: Mapping[str, object]
    """Provider-specific parameters, copied into the request unchanged."""

    headers: Mapping[str, str]
    """Extra HTTP headers. Values are masked in `repr` and dumps."""

    user: str | None
    """Id of the end user."""

    response_limits: ResponseLimits | None
    """Maximum sizes of what a server may send. Default None: the defaults of `ResponseLimits`."""

    max_retries: int
    """The same as `retries`."""

    extra_headers: Mapping[str, str]
    """The same as `headers`."""

    extra_body: Mapping[str, object]
    """The same as `options`."""


class BatchSettings(AnswerOptions, total=False):
    """Arguments of batches: those of `generate`, for all calls of the batch and for reading their results."""

    config: AIModelCallConfig | None
    """Replaces the client's config for this batch."""


class EmbedSettings(CallSettings, total=False):
    """Arguments of embeddings."""

    dimensions: int | None
    """Length of the vectors, if the model supports a choice."""

    input_type: InputType | None
    """Purpose of the texts, if the model distinguishes it."""

    truncate: bool | None
    """Whether to truncate texts that are too long."""

    batch_size: int | None
    """Number of texts in one request. Default None: the provider's maximum."""

    concurrency: int
    """Maximum number of requests at the same time. Default 4."""


class RerankSettings(CallSettings, total=False):
    """Arguments of reranking."""

    top_n: int | None
    """Number of results. Default None: all."""


class OcrSettings(CallSettings, total=False):
    """Arguments of OCR."""

    pages: Sequence[int] | None
    """Numbers of the pages, from 0. Default None: all pages."""

    include_images: bool | None
    """Whether to return the images of the document. Default None: decided by the provider."""


class CountSettings(CallSettings, total=False):
    """Arguments of token counting."""

    estimate: bool | None
    """True never sends a request, False never estimates. Default None: estimates if the provider cannot count."""

    tools: ToolLike | Sequence[ToolLike]
    """Tools of the call whose tokens are counted."""

    tool_choice: ToolChoice | str | None
    """Tool choice of that call."""

    structured_output: OutputType | None
    """Structured output of that call."""

    system: str | Sequence[str] | None
    """System instructions; the same as `instructions`."""

    reasoning: bool | None
    """Whether that call reasons."""

    reasoning_effort: ReasoningEffort | None
    """How much that call reasons."""

    max_reasoning_tokens: int | None
    """Maximum number of reasoning tokens of that call."""


class DrawSettings(CallSettings, total=False):
    """Arguments of image generation."""

    mask: ImageContent | None
    """Image of the same size whose transparent areas may be changed."""

    n: int | None
    """Number of images."""

    seed: int | None
    """Seed for sampling."""


class TranscribeSettings(CallSettings, total=False):
    """Arguments of transcription."""

    language: str | None
    """Language of the audio. Default None: detected by the provider."""

    prompt: str | None
    """Names and words that are likely to occur in the audio."""

    timestamps: Timestamps | None
    """Granularity of the timestamps. Default None: the provider's default."""

    diarize: bool | None
    """Whether to tell speakers apart."""

    temperature: float | None
    """Sampling temperature."""


class SpeakSettings(CallSettings, total=False):
    """Arguments of speech synthesis."""

    voice: str | None
    """The provider's name of a voice. Default None: the provider's default voice."""

    format: SpeechFormat | None
    """Audio format. Default None: the provider's default."""

    speed: float | None
    """Speed factor above 0; 1.0 is normal."""

    instructions: str | None
    """How to speak, for models that support instructions."""

    language: str | None
    """Language of the text."""


class UploadSettings(CallSettings, total=False):
    """Arguments of uploads."""

    name: str | None
    """Name of the file. Default None: the name of the path."""

    mime_type: str | None
    """Media type. Default None: recognised from the bytes or the name."""

    purpose: str | None
    """Purpose of the file, as the provider calls it."""

    expires_in: int | None
    """How long the provider keeps the file, in seconds."""

    on_progress: Callable[[int, int], None] | None
    """Called with the bytes sent so far and the total."""
