"""What may be set for one call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator

from ..wire.limits import DEFAULT_LIMITS, ReadLimits
from ..wire.secrets import MASK, conceal_options, mask, reveal, secret_headers
from .lazy_type import later
from .model_base import DISCREET, FrozenModel
from .timeouts import Timeouts
from .tool_list import ToolList

if TYPE_CHECKING:
    from .context_policy import ContextPolicy
    from .fetching import Fetching
    from .prompt_cache import PromptCache
    from .response_limits import ResponseLimits
    from .structured import StructuredOutput
    from .tools import ToolChoice
    from .uploading import Uploading
else:
    ContextPolicy = later("context_policy", "ContextPolicy")
    Fetching = later("fetching", "Fetching")
    PromptCache = later("prompt_cache", "PromptCache")
    ResponseLimits = later("response_limits", "ResponseLimits")
    StructuredOutput = later("structured", "StructuredOutput")
    ToolChoice = later("tools", "ToolChoice")
    Uploading = later("uploading", "Uploading")

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class AIModelCallConfig(FrozenModel):
    """Everything is optional; what is not set is left to the provider.

    `tools` are functions, model classes, dicts, `Tool`s, or what providers run themselves. `options` are the model's
    own options in the provider's own words; they go into the request as they are. `timeout` is the total in seconds,
    or `Timeouts` for separate limits; `response_limits` bounds how much a server may send. `retries` counts the tries
    after the first. With `strict`, what a provider cannot honour is an error instead of a warning. With `fingerprint`,
    the response carries a hash of each part of the request.
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
        """From JSON they come as a list."""
        return tuple(given)

    @field_validator("timeout")
    @classmethod
    def _positive(cls, given: float | Timeouts | None) -> float | Timeouts | None:
        if isinstance(given, int | float) and not given > 0:
            raise ValueError("a timeout is a number of seconds above 0; leave it out for none")
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
        """The headers as plain strings; `repr` and `model_dump` mask their values.

        Returns:
            A copy of `headers`.
        """
        revealed: dict[str, str] = reveal(self.headers)
        return revealed

    @property
    def timeouts(self) -> Timeouts:
        """All four limits; a plain number is the total."""
        if isinstance(self.timeout, Timeouts):
            return self.timeout
        return (
            Timeouts.construct_unchecked() if self.timeout is None else Timeouts.construct_unchecked(total=self.timeout)
        )

    @property
    def read_limits(self) -> ReadLimits:
        """How much a server may send: what is set, or the defaults."""
        return self.response_limits or DEFAULT_LIMITS

    @property
    def wants_reasoning(self) -> bool | None:
        """True or False when the caller said so in any way, None when nothing was said."""
        if self.reasoning is not None:
            return self.reasoning
        if self.reasoning_effort is not None:
            return self.reasoning_effort != "none"
        return True if self.max_reasoning_tokens is not None else None
