"""Keyword arguments of calls and of other operations, as typed dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Any, TypedDict

from ..chat.structured import StructuredOutput
from ..content.parts import ImageContent
from ..tools.provider_tools import HostedTool, ServerTool
from ..tools.tool_definition import ToolChoice, ToolDefinition
from .call import AIModelCallConfig
from .call_policies import ArtifactConfig, ContextPolicy, Fetching, PromptCache, ResponseLimits, Timeouts, Uploading
from .parameters import ParameterArguments, ReasoningEffort

if TYPE_CHECKING:
    from ..operations.audio import SpeechFormat, Timestamps
    from ..operations.text_operations import InputType


ToolLike = ToolDefinition | ServerTool | HostedTool | Callable[..., object] | Mapping[str, object]
"""A tool: a function, a model class, a `Tool`, a dict in a vendor's format, or a tool that the provider runs."""

OutputSchema = GenericAlias | UnionType | StructuredOutput | Mapping[str, object]
"""What an answer must match, other than a class."""

OutputType = type[object] | OutputSchema
"""What an answer must match: a pydantic model, another type, a JSON Schema or a `StructuredOutput`."""


class AlternativeNames(TypedDict, total=False):
    """Names of other libraries for options of this one, accepted in the engine and the kit; see `ALTERNATIVE_NAMES`."""

    max_tokens: int | None
    """The same as `max_output_tokens`."""

    max_completion_tokens: int | None
    """The same as `max_output_tokens`."""

    max_retries: int
    """The same as `retries`."""

    num_retries: int
    """The same as `retries`."""

    stop_sequences: str | Sequence[str]
    """The same as `stop`."""

    extra_headers: Mapping[str, str]
    """The same as `headers`."""

    extra_body: Mapping[str, object]
    """The same as `options`."""

    system: str | Sequence[str] | None
    """System instructions; the same as `instructions` and `system_prompt`."""

    system_prompt: str | Sequence[str] | None
    """System instructions; the same as `instructions` and `system`."""


class AnswerOptions(ParameterArguments, AlternativeNames, total=False):
    """Options of calls that return a whole answer: the fields of `AIModelCallConfig` except `streaming`.

    Options that are not given keep the value of the client's config.
    """

    tools: ToolLike | Sequence[ToolLike]
    """Tools that the model may call: functions, model classes, `Tool`s, dicts, or tools that the provider runs, such as
    `WebSearch()`. Default: none."""

    tool_choice: ToolChoice | str | None
    """`"auto"`, `"none"`, `"required"`, the name of the tool to call, or a `ToolChoice`. Default None: `"auto"`."""

    structured_output: OutputType | None
    """What the answer must match: a pydantic model, another type, or a JSON Schema. Default None: plain text."""

    options: Mapping[str, object]
    """Provider-specific parameters, copied into the request unchanged. Default: none."""

    headers: Mapping[str, str]
    """Extra HTTP headers. Values are masked in `repr` and dumps. Default: none."""

    timeout: float | Timeouts | None
    """Timeout of the whole call in seconds, above 0, or `Timeouts` for separate limits. Default None: no limit of the
    whole call, and the defaults of `Timeouts`."""

    response_limits: ResponseLimits | None
    """Maximum sizes of what a server may send. Default None: the defaults of `ResponseLimits`."""

    retries: int
    """Number of retries after the first attempt, 0 or more. Default 2."""

    strict: bool
    """Raise an error instead of a warning for what the provider does not support. Default False."""

    if_supported: Set[str]
    """Names of parameters that are sent only to models that are known to take them. Default: none."""

    fingerprint: bool
    """Return a hash of each part of the request with the response. Default False."""

    fetching: Fetching | None
    """Whether files at a URL may be downloaded for the provider, and the limits. Default None: `Fetching()`."""

    uploading: Uploading | None
    """Whether large files may be uploaded for the request, and the limits. Default None: `Uploading()`."""

    prompt_cache: PromptCache | None
    """Settings of the provider's prompt cache. Default None: what the provider does by itself."""

    context_policy: ContextPolicy | None
    """What to do when the conversation gets too long. Default None: nothing."""

    retry_delay: float
    """Longest delay before the first retry, in seconds, 0 or more; it doubles with each further one. Default 0.5."""

    max_retry_delay: float
    """Longest delay before a retry, in seconds, 0 or more. Default 30."""

    test_mode: bool
    """Answer with a sample text; nothing is sent. Default False."""

    keep_provider_response: bool
    """Keep the body of a response that is not streamed in `extras["provider_response"]`. Default False."""

    artifact_config: ArtifactConfig | None
    """Where to write each call as files, for debugging. Default None: nowhere."""


class CallOptions(AnswerOptions, total=False):
    """Keyword arguments of `generate`: every field of `AIModelCallConfig`, and the accepted names of other libraries.

    Options that are not given keep the value of the client's config.
    """

    streaming: bool
    """Stream the response. Default False."""

    stream: bool
    """The same as `streaming`."""


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


class StoreSettings(CallSettings, total=False):
    """Arguments for creating a vector store."""

    metadata: Mapping[str, Any]
    """Metadata of the store, where the provider has it."""

    expires_in: int | None
    """Seconds after the last use until the provider deletes the store, where it does so."""


class AddFilesSettings(CallSettings, total=False):
    """Arguments for adding files to a vector store."""

    metadata: Mapping[str, Any]
    """Metadata of each of the files, where the provider has it."""

    wait: float
    """Longest time to wait until the files are read, in seconds (default 600); 0 to return at once."""

    on_progress: Callable[[Any, int, int], None] | None
    """Called with the file, how many are finished and how many there are, for each that is ready or failed."""
