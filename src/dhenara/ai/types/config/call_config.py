"""Configuration of one call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator

from ...http.protocol.limits import DEFAULT_LIMITS, ReadLimits
from ...wire.secrets import MASK, conceal_options, mask, reveal, secret_headers
from ..chat.structured import StructuredOutput
from ..model_base import DISCREET, FrozenModel
from ..tools.definitions import ToolChoice
from ..tools.tool_list import ToolList
from .limits import ResponseLimits, Timeouts
from .policies import ContextPolicy, Fetching, PromptCache, Uploading

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class AIModelCallConfig(FrozenModel):
    """Parameters of a call. All are optional; parameters that are not set are not sent to the provider.

    Attributes:
        streaming: Stream the response. Default False.
        max_output_tokens: Maximum number of tokens to generate.
        reasoning: Turn reasoning on or off. Default None: the model's default.
        max_reasoning_tokens: Maximum number of reasoning tokens.
        reasoning_effort: How much the model reasons, from `"none"` to `"max"`.
        temperature: Sampling temperature, 0 or more; the upper limit depends on the provider (usually 1 or 2).
        top_p: Nucleus sampling, 0 to 1.
        top_k: Sample only from the `top_k` most likely tokens.
        frequency_penalty: Penalty for tokens by how often they occurred.
        presence_penalty: Penalty for tokens that occurred at all.
        logit_bias: Bias by token id.
        seed: Seed for sampling.
        stop: One or more stop sequences.
        n: Number of choices to generate.
        logprobs: Return log probabilities.
        top_logprobs: Number of alternative tokens to return at each position.
        tools: Functions, model classes, dicts, `Tool`s, or tools that the provider runs (such as `WebSearch()`).
        tool_choice: `"auto"`, `"none"`, `"required"`, a tool name, or a `ToolChoice`.
        parallel_tool_calls: Whether the model may call several tools at once.
        structured_output: Schema of the answer: a pydantic model, another type or a JSON Schema.
        options: Provider-specific parameters, copied into the request unchanged.
        headers: Extra HTTP headers. Values are masked in `repr` and dumps.
        metadata: Metadata for the request.
        user: Id of the end user.
        service_tier: The provider's service tier.
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
    max_output_tokens: int | None = Field(default=None, gt=0)

    reasoning: bool | None = None
    max_reasoning_tokens: int | None = Field(default=None, gt=0)
    reasoning_effort: ReasoningEffort | None = None

    temperature: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    frequency_penalty: float | None = Field(default=None, allow_inf_nan=False)
    presence_penalty: float | None = Field(default=None, allow_inf_nan=False)
    logit_bias: dict[str, float] | None = None
    seed: int | None = None
    stop: Sequence[str] = ()
    n: int | None = Field(default=None, gt=0)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0)

    tools: Annotated[Sequence[Any], ToolList] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    structured_output: StructuredOutput | None = None

    options: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    metadata: dict[str, Any] = Field(default_factory=dict)
    user: str | None = None
    service_tier: str | None = None

    timeout: float | Timeouts | None = None
    response_limits: ResponseLimits | None = None
    retries: int = Field(default=2, ge=0)
    strict: bool = False
    fingerprint: bool = False
    fetching: Fetching | None = None
    uploading: Uploading | None = None
    prompt_cache: PromptCache | None = None
    context_policy: ContextPolicy | None = None

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        if given is None:
            return ()
        if isinstance(given, str):
            return (given,)
        return tuple(given) if isinstance(given, Iterable) and not isinstance(given, Mapping | bytes) else given

    @field_validator("stop")
    @classmethod
    def _as_tuple(cls, given: Sequence[str]) -> Sequence[str]:
        """Convert lists, as they come from JSON, to tuples."""
        return tuple(given)

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
        return (
            Timeouts.construct_unchecked() if self.timeout is None else Timeouts.construct_unchecked(total=self.timeout)
        )

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
