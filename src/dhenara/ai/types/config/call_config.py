"""Configuration of one call."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, field_serializer, field_validator

from ...http.protocol.limits import DEFAULT_LIMITS, ReadLimits
from ...wire.secrets import MASK, conceal_options, mask, reveal, secret_headers
from ..chat.structured import StructuredOutput
from ..model_base import DISCREET
from ..tools.definitions import ToolChoice
from ..tools.tool_list import ToolList
from .limits import ResponseLimits, Timeouts
from .parameters import CallParameters
from .policies import ContextPolicy, Fetching, PromptCache, Uploading


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
        fingerprint: Return a hash of each part of the request with the response. Default False.
        fetching: Whether files at a URL may be downloaded for the provider, and the limits.
        uploading: Whether large files may be uploaded for the request, and the limits.
        prompt_cache: Settings of the provider's prompt cache.
        context_policy: What to do when the conversation gets too long.
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
    fingerprint: bool = False
    fetching: Fetching | None = None
    uploading: Uploading | None = None
    prompt_cache: PromptCache | None = None
    context_policy: ContextPolicy | None = None

    @field_validator("timeout")
    @classmethod
    def _positive(cls, given: float | Timeouts | None) -> float | Timeouts | None:
        if isinstance(given, int | float) and not given > 0:
            raise ValueError("timeout must be above 0 seconds. Use None for the default")
        return given

    @field_validator("headers")
    @classmethod
    def _concealed(cls, given: dict[str, str]) -> dict[str, str]:
        return secret_headers(given)

    @field_validator("options")
    @classmethod
    def _without_credentials(cls, given: dict[str, Any]) -> dict[str, Any]:
        concealed: dict[str, Any] = conceal_options(given) if given else given
        return concealed

    @field_serializer("options")
    def _masked_options(self, options: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = mask(conceal_options(options)) if options else options
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
        if isinstance(self.timeout, Timeouts):
            return self.timeout
        return Timeouts() if self.timeout is None else Timeouts(total=self.timeout)

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
