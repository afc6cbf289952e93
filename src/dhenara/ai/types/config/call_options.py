"""Keyword arguments of calls as typed dicts: the fields of `AIModelCallConfig`, and other names for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from types import GenericAlias, UnionType
from typing import TypedDict

from ..chat.structured import StructuredOutput
from ..tools.provider_tools import ProviderTool, ServerTool
from ..tools.tool_definition import ToolChoice, ToolDefinition
from .call_policies import ArtifactConfig, ContextPolicy, Fetching, PromptCache, Uploading
from .parameters import ParameterArguments
from .timeouts import ResponseLimits, Timeouts

ToolLike = ToolDefinition | ServerTool | ProviderTool | Callable[..., object] | Mapping[str, object]
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
