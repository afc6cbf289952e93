"""A call: one request as a value, and its configuration."""

from collections.abc import Callable, Coroutine, Mapping, Sequence, Set
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Unpack

from pydantic import Field, field_serializer, field_validator, model_validator

from ...errors import CallError, ConfigurationError
from ...http.protocol.message import Head
from ...wire.limits import DEFAULT_LIMITS, ReadLimits
from ...wire.secrets import MASK, conceal_provider_options, mask, reveal, secret_headers
from ..chat.message import Message
from ..chat.report import Attempt, CallWarning, Fingerprint, Plan
from ..chat.structured import StructuredOutput
from ..model_base import DISCREET, FrozenModel, read_old_fields
from ..tools.provider_tools import ToolList
from ..tools.tool_definition import ToolChoice
from .api import AIModelEndpoint
from .call_policies import (
    DEFAULT_TIMEOUTS,
    ArtifactConfig,
    ContextPolicy,
    Fetching,
    PromptCache,
    ResponseLimits,
    Timeouts,
    Uploading,
)
from .other_names import ALTERNATIVE_NAMES, describe_unknown_field, use_own_names
from .parameters import PARAMETERS, CallParameters

if TYPE_CHECKING:
    from ..operations.files import UploadedFile
    from .call_options import CallOptions

OLD_FIELDS = frozenset(
    {
        "api_version_override", "artifactConfig", "hostedTools", "hosted_tools", "maxOutputTokens",
        "maxReasoningTokens", "maxRetryDelay", "reasoningEffort", "retryDelay", "structuredOutput", "testMode",
        "toolChoice",
    }
)  # fmt: skip
"""Fields of version 1, and names in camel case that it took."""


NUMBERS = (
    *(name for name, field in CallParameters.model_fields.items() if field.annotation in (int | None, float | None)),
    *("timeout", "retries", "retry_delay", "max_retry_delay"),
)
"""Fields that hold numbers; True would be 1."""


class AIModelCallConfig(CallParameters):
    """Configuration of a call: the parameters of the model (`CallParameters`), and how the call is made.

    Attributes:
        streaming: Stream the response. Default False.
        tools: Functions, model classes, dicts, `Tool`s, or tools that the provider runs (such as `WebSearch()`).
        tool_choice: `"auto"`, `"none"`, `"required"`, a tool name, or a `ToolChoice`.
        structured_output: Schema of the answer: a pydantic model, another type or a JSON Schema.
        options: Provider-specific parameters, copied into the request unchanged.
        headers: Extra HTTP headers. Values are masked in `repr` and dumps.
        timeout: Total timeout in seconds, or `Timeouts` for separate limits. Default None: the defaults of `Timeouts`.
        response_limits: Maximum sizes of what a server may send. Default None: the defaults of `ResponseLimits`.
        retries: Number of retries after the first attempt. Default 2.
        strict: Raise an error instead of a warning for anything that the provider does not support. Default False.
        if_supported: Names of parameters above that are sent only to models that are known to take them, and left out
            without a warning otherwise, also with `strict`. What a call itself sets is always sent. Default: none.
        fingerprint: Return a hash of each part of the request with the response. Default False.
        fetching: Whether files at a URL may be downloaded for the provider, and the limits.
        uploading: Whether large files may be uploaded for the request, and the limits.
        prompt_cache: Settings of the provider's prompt cache.
        context_policy: What to do when the conversation gets too long.
        retry_delay: Longest delay before the first retry, in seconds; it doubles with each further one. A delay that
            the provider requests is used instead. Default 0.5.
        max_retry_delay: Longest delay before a retry, in seconds. Default 30.
        test_mode: Answer with a sample text; nothing is sent, and nothing is counted. Default False.
        keep_provider_response: Keep the body of a response that is not streamed in
            `extras["provider_response"]`. Default False.
        artifact_config: Where to write each call as files, for debugging. Default None: nowhere.
    """

    model_config = DISCREET

    streaming: bool = False

    tools: Annotated[Sequence[Any], ToolList] = ()
    tool_choice: ToolChoice | None = None
    structured_output: StructuredOutput | None = None

    options: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict, repr=False)

    timeout: float | Timeouts | None = None
    response_limits: ResponseLimits | None = None
    retries: int = Field(default=2, ge=0)
    strict: bool = False
    if_supported: Set[str] = frozenset()
    fingerprint: bool = False
    fetching: Fetching | None = None
    uploading: Uploading | None = None
    prompt_cache: PromptCache | None = None
    context_policy: ContextPolicy | None = None

    retry_delay: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    max_retry_delay: float = Field(default=30.0, ge=0, allow_inf_nan=False)
    test_mode: bool = False
    keep_provider_response: bool = False
    artifact_config: ArtifactConfig | None = None

    if TYPE_CHECKING:

        def __init__(self, **options: Unpack[CallOptions]) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _read_other_names(cls, given: Any) -> Any:
        """Accept names of other libraries and of version 1. Most calls have none: the names are compared first."""
        if not isinstance(given, Mapping) or given.keys() <= cls.model_fields.keys():
            return given
        if not OLD_FIELDS.isdisjoint(given):
            given = read_old_fields("AIModelCallConfig", given)
        own = use_own_names(given)
        if own.keys() - cls.model_fields.keys():
            unknown = (name for name in given if ALTERNATIVE_NAMES.get(name, name) not in cls.model_fields)
            raise ConfigurationError("; ".join(describe_unknown_field(name, cls.model_fields) for name in unknown))
        return own

    @field_validator(*NUMBERS, mode="before")
    @classmethod
    def _no_flag(cls, given: Any) -> Any:
        if isinstance(given, bool):
            raise ValueError(f"must be a number, not {given}")  # pydantic expects a ValueError
        return given

    @field_validator("timeout")
    @classmethod
    def _positive(cls, given: float | Timeouts | None) -> float | Timeouts | None:
        if isinstance(given, int | float) and not given > 0:
            raise ValueError("timeout must be above 0 seconds. Use None for the default")
        return given

    @field_validator("if_supported")
    @classmethod
    def _known_parameters(cls, given: Set[str]) -> Set[str]:
        unknown = sorted(given - PARAMETERS.keys())
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))}: not a parameter. Name fields such as 'temperature'")
        return frozenset(given)

    @field_validator("headers")
    @classmethod
    def _concealed(cls, given: dict[str, str]) -> dict[str, str]:
        return secret_headers(given)

    @field_validator("options")
    @classmethod
    def _without_credentials(cls, given: dict[str, Any]) -> dict[str, Any]:
        concealed: dict[str, Any] = conceal_provider_options(given) if given else given
        return concealed

    @field_serializer("options")
    def _masked_options(self, options: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = mask(conceal_provider_options(options)) if options else options
        return masked

    @field_serializer("headers")
    def _masked(self, headers: dict[str, str]) -> dict[str, str]:
        return dict.fromkeys(headers, MASK)

    def reveal_headers(self) -> dict[str, str]:
        """Return the headers as plain strings; `repr` and `model_dump` mask their values.

        Returns:
            A copy of `headers`.
        """
        revealed: dict[str, str] = reveal(self.headers)
        return revealed

    @property
    def timeouts(self) -> Timeouts:
        """The four timeouts; a plain number is the total timeout."""
        if self.timeout is None:
            return DEFAULT_TIMEOUTS
        return self.timeout if isinstance(self.timeout, Timeouts) else Timeouts(total=self.timeout)

    @property
    def read_limits(self) -> ReadLimits:
        """Size limits for the response: the configured ones, or the defaults."""
        return self.response_limits or DEFAULT_LIMITS

    @property
    def wants_reasoning(self) -> bool | None:
        """True or False if the caller turned reasoning on or off with any parameter, None if not set."""
        if self.reasoning is not None:
            return self.reasoning
        if self.reasoning_effort is not None:
            return self.reasoning_effort != "none"
        return True if self.max_reasoning_tokens is not None else None


@dataclass(slots=True, eq=False)
class CallJournal:
    """Mutable record of what happened while one call was processed."""

    attempts: list[Attempt] = field(default_factory=list)
    head: Head | None = None
    started_at: float = 0.0
    began_at: float | None = None
    warnings: tuple[CallWarning, ...] = ()
    """Warnings about parameters and content that were changed to encode the request."""

    notes: tuple[CallWarning, ...] = ()
    """Further warnings for the caller where nothing was lost; `strict` does not raise for these."""

    plan: Plan | None = None
    """How each part was converted; None if every part was sent unchanged."""

    fingerprint: Fingerprint | None = None
    encoded: object = None
    """The encoded request that layers inspected (`EncodedCall`), sent as it is; None once it is being sent."""

    sent_constraints: tuple[Any, ...] | None = None
    """The learned constraints that were applied to the request that was sent last; None before the first one."""

    fetched: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Files that were downloaded for the provider: address to bytes and media type."""

    uploaded: "dict[str, UploadedFile]" = field(default_factory=dict)
    """Files that were uploaded for this call, by content and account."""

    before_send: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    """Callbacks of layers that are awaited before each request is sent."""

    idempotency_key: str = ""
    """Idempotency key, sent with every attempt if the provider has a header for it."""

    layer_data: dict[str, Any] = field(default_factory=dict)
    """Data that layers store with a batch until its results arrive. JSON values only."""


class RetryGate(Protocol):
    """What a route says about repeating a request at the same deployment."""

    def allow(self, error: CallError) -> bool:
        """Return whether the request may be repeated after this error; it then counts as a retry of the call."""
        ...

    def is_open(self) -> bool:
        """Return whether it may still be repeated, after the pause."""
        ...


@dataclass(frozen=True, init=False)
class Call:
    """One request before it is encoded.

    Attributes:
        endpoint: Endpoint that the request is sent to.
        messages: Messages of the user.
        config: Parameters of the call.
        instructions: System instructions of the user.
        deadline: When all attempts together must be over, in seconds of the clock. Default None: no limit.
        operation: Kind of request. Default `"chat"`.
        request: Parameters of an operation other than chat; None for chat.
        journal: Record of what happened during the call.
    """

    endpoint: AIModelEndpoint
    messages: tuple[Message, ...]
    config: AIModelCallConfig
    instructions: tuple[str, ...] = ()
    deadline: float | None = None
    operation: str = "chat"
    request: FrozenModel | None = None
    has_fallback: bool = False
    """Whether another endpoint can answer; waits before a retry are then kept short."""

    route: str | None = None
    """Name of the route that the call follows; None without one."""

    deployment: str | None = None
    """Name of the deployment that the call is sent to; None without a route."""

    choice: str | None = None
    """Why the route chose the deployment."""

    purpose: Literal["answer", "hedge", "shadow"] = "answer"
    """Why it is sent: for its answer; as a second request beside one that has not begun to answer; or to a candidate,
    whose answer nobody gets. Layers let only the first kind wait for limits."""

    context: Context | None = field(default=None, compare=False, repr=False)
    """Context variables of the code that made a run, which sends its calls later; None for a call sent at once."""

    retry_gate: RetryGate | None = field(default=None, compare=False, repr=False)
    """Decides whether a request is repeated at the same deployment; None without a route."""

    journal: CallJournal = field(default_factory=CallJournal, compare=False, repr=False)

    def __init__(
        self,
        endpoint: AIModelEndpoint,
        messages: tuple[Message, ...],
        config: AIModelCallConfig,
        instructions: tuple[str, ...] = (),
        deadline: float | None = None,
        operation: str = "chat",
        request: FrozenModel | None = None,
        has_fallback: bool = False,
        route: str | None = None,
        deployment: str | None = None,
        choice: str | None = None,
        purpose: Literal["answer", "hedge", "shadow"] = "answer",
        context: Context | None = None,
        retry_gate: RetryGate | None = None,
        journal: CallJournal | None = None,
    ) -> None:
        # In one step: frozen dataclasses set each field by itself, which takes two and a half times as long.
        self.__dict__.update(
            endpoint=endpoint,
            messages=messages,
            config=config,
            instructions=instructions,
            deadline=deadline,
            operation=operation,
            request=request,
            has_fallback=has_fallback,
            route=route,
            deployment=deployment,
            choice=choice,
            purpose=purpose,
            context=context,
            retry_gate=retry_gate,
            journal=CallJournal() if journal is None else journal,
        )

    def with_config(self, config: AIModelCallConfig, endpoint: AIModelEndpoint | None = None) -> "Call":
        """Return a copy with another configuration, in fewer steps than `dataclasses.replace` takes.

        Args:
            config: The configuration of the copy.
            endpoint: Its endpoint. Default None: that of this call.
        """
        made = object.__new__(type(self))
        vars(made).update(vars(self), config=config, endpoint=self.endpoint if endpoint is None else endpoint)
        return made
