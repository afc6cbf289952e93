"""Parameters of a call. Each is declared here only: name, type, documentation, default, and its names in requests.

To add a parameter, add a field with its `Parameter` to `CallParameters`, and the same name to `ParameterArguments`.
Everything else reads these declarations: the request encoders of all protocols, the constraints of models, image
generation, the keyword arguments of the engine and the kit, the CLI, telemetry, and `docs/parameters.md`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field, field_validator

from ..model_base import DISCREET, FrozenModel

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model reasons before it answers. A level that a model lacks is replaced by the nearest one."""

WireProtocol = Literal[
    "openai_chat", "open_models", "openai_responses", "anthropic", "gemini", "converse", "cohere", "ollama"
]
"""Protocols of requests. `open_models` is Chat Completions as servers of open models offer it (vLLM, Together, ...)."""

DEFAULT_NAME = "="
"""The protocol uses `Parameter.name`."""

OWN_FORM = "*"
"""The request encoder of the protocol writes the parameter in a form of its own."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """How a parameter is sent. Metadata of a field of `CallParameters`.

    A protocol that does not have the parameter (None) leaves it out with a warning, or raises an error with
    `strict=True`.

    Attributes:
        name: Name in the requests of all protocols that are not set below; None if they do not have it.
        openai_chat: Name in Chat Completions.
        open_models: Name in Chat Completions of servers for open models. Default: the name in `openai_chat`.
        openai_responses: Name in Responses.
        anthropic: Name in Anthropic Messages.
        gemini: Name in Gemini's `generateContent`.
        converse: Name in Bedrock Converse.
        cohere: Name in Cohere v2.
        ollama: Name in Ollama chat.
        constrained: Whether a model may refuse or limit it; if so, the catalogue is read where it is set. Default True.
        for_images: Whether image generation has it too. Default False: there it is left out with a warning.
        telemetry: Name in OpenTelemetry spans, after `gen_ai.request.`; None if the conventions have none.
    """

    name: str | None = None
    openai_chat: str | None = DEFAULT_NAME
    open_models: str | None = DEFAULT_NAME
    openai_responses: str | None = DEFAULT_NAME
    anthropic: str | None = DEFAULT_NAME
    gemini: str | None = DEFAULT_NAME
    converse: str | None = DEFAULT_NAME
    cohere: str | None = DEFAULT_NAME
    ollama: str | None = DEFAULT_NAME
    constrained: bool = True
    for_images: bool = False
    telemetry: str | None = None

    def wire_name(self, protocol: WireProtocol) -> str | None:
        """Return the name in the requests of a protocol.

        Args:
            protocol: The protocol.

        Returns:
            The name, `OWN_FORM`, or None if the protocol does not have the parameter.
        """
        name: str | None = getattr(self, protocol)
        if name != DEFAULT_NAME:
            return name
        return self.wire_name("openai_chat") if protocol == "open_models" else self.name


class CallParameters(FrozenModel):
    """Parameters that are sent to the model. Those that are not set are not sent: the provider's defaults hold."""

    model_config = DISCREET

    max_output_tokens: Annotated[
        int | None,
        Parameter(
            "max_output_tokens",
            openai_chat="max_completion_tokens",
            open_models="max_tokens",
            anthropic=OWN_FORM,
            gemini="maxOutputTokens",
            converse="maxTokens",
            cohere="max_tokens",
            ollama="num_predict",
            telemetry="max_tokens",
        ),
    ] = Field(default=None, gt=0)
    """Maximum number of tokens of the answer. It includes reasoning, unless that has a number of tokens of its own."""

    reasoning: Annotated[bool | None, Parameter(OWN_FORM)] = None
    """Turn reasoning on or off. Default None: the model's default."""

    max_reasoning_tokens: Annotated[int | None, Parameter(OWN_FORM)] = Field(default=None, gt=0)
    """Maximum number of reasoning tokens, beside `max_output_tokens`."""

    reasoning_effort: Annotated[ReasoningEffort | None, Parameter(OWN_FORM, telemetry="reasoning.level")] = None
    """How much the model reasons, from `"none"` to `"max"`."""

    temperature: Annotated[float | None, Parameter("temperature", telemetry="temperature")] = Field(
        default=None, ge=0, allow_inf_nan=False
    )
    """Sampling temperature, 0 or more; the upper limit depends on the provider (usually 1 or 2)."""

    top_p: Annotated[
        float | None, Parameter("top_p", gemini="topP", converse="topP", cohere="p", telemetry="top_p")
    ] = Field(default=None, ge=0, le=1)
    """Nucleus sampling, 0 to 1."""

    top_k: Annotated[
        int | None,
        Parameter(
            "top_k",
            openai_chat=None,
            open_models="top_k",
            openai_responses=None,
            gemini="topK",
            converse=None,
            cohere="k",
            telemetry="top_k",
        ),
    ] = Field(default=None, ge=0)
    """Sample only from the `top_k` most likely tokens."""

    frequency_penalty: Annotated[
        float | None,
        Parameter(
            "frequency_penalty",
            openai_responses=None,
            anthropic=None,
            gemini="frequencyPenalty",
            converse=None,
            telemetry="frequency_penalty",
        ),
    ] = Field(default=None, allow_inf_nan=False)
    """Penalty for tokens by how often they occurred."""

    presence_penalty: Annotated[
        float | None,
        Parameter(
            "presence_penalty",
            openai_responses=None,
            anthropic=None,
            gemini="presencePenalty",
            converse=None,
            telemetry="presence_penalty",
        ),
    ] = Field(default=None, allow_inf_nan=False)
    """Penalty for tokens that occurred at all."""

    logit_bias: Annotated[dict[str, float] | None, Parameter(openai_chat="logit_bias")] = None
    """Bias by token id."""

    seed: Annotated[
        int | None,
        Parameter("seed", openai_responses=None, anthropic=None, converse=None, for_images=True, telemetry="seed"),
    ] = None
    """Seed for sampling."""

    stop: Annotated[
        Sequence[str],
        Parameter(
            "stop",
            openai_responses=None,
            anthropic="stop_sequences",
            gemini="stopSequences",
            converse="stopSequences",
            cohere="stop_sequences",
        ),
    ] = ()
    """One or more stop sequences."""

    n: Annotated[
        int | None,
        Parameter(openai_chat="n", gemini="candidateCount", for_images=True, telemetry="choice.count"),
    ] = Field(default=None, gt=0)
    """Number of choices to generate."""

    logprobs: Annotated[
        bool | None,
        Parameter("logprobs", openai_responses=OWN_FORM, anthropic=None, gemini="responseLogprobs", converse=None),
    ] = None
    """Return log probabilities."""

    top_logprobs: Annotated[
        int | None, Parameter("top_logprobs", anthropic=None, gemini="logprobs", converse=None, cohere=None)
    ] = Field(default=None, ge=0)
    """Number of alternative tokens to return at each position."""

    parallel_tool_calls: Annotated[
        bool | None,
        Parameter(
            openai_chat="parallel_tool_calls",
            openai_responses="parallel_tool_calls",
            anthropic=OWN_FORM,
            constrained=False,
        ),
    ] = None
    """Whether the model may call several tools at once."""

    metadata: Annotated[
        dict[str, Any],
        Parameter(
            openai_chat="metadata",
            openai_responses="metadata",
            anthropic=OWN_FORM,
            converse=OWN_FORM,
            constrained=False,
        ),
    ] = Field(default_factory=dict)
    """Metadata for the request."""

    user: Annotated[
        str | None,
        Parameter(openai_chat="user", openai_responses="user", anthropic=OWN_FORM, constrained=False, for_images=True),
    ] = None
    """Id of the end user."""

    service_tier: Annotated[
        str | None,
        Parameter(
            openai_chat="service_tier",
            openai_responses="service_tier",
            anthropic="service_tier",
            converse=OWN_FORM,
            constrained=False,
        ),
    ] = None
    """The provider's service tier."""

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


class ParameterArguments(TypedDict, total=False):
    """The fields of `CallParameters` as keyword arguments of a call."""

    max_output_tokens: int | None
    """Maximum number of tokens of the answer. It includes reasoning, unless that has a number of tokens of its own."""

    reasoning: bool | None
    """Turn reasoning on or off. Default None: the model's default."""

    max_reasoning_tokens: int | None
    """Maximum number of reasoning tokens, beside `max_output_tokens`."""

    reasoning_effort: ReasoningEffort | None
    """How much the model reasons, from `"none"` to `"max"`."""

    temperature: float | None
    """Sampling temperature, 0 or more; the upper limit depends on the provider (usually 1 or 2)."""

    top_p: float | None
    """Nucleus sampling, 0 to 1."""

    top_k: int | None
    """Sample only from the `top_k` most likely tokens."""

    frequency_penalty: float | None
    """Penalty for tokens by how often they occurred."""

    presence_penalty: float | None
    """Penalty for tokens that occurred at all."""

    logit_bias: Mapping[str, float] | None
    """Bias by token id."""

    seed: int | None
    """Seed for sampling."""

    stop: str | Sequence[str]
    """One or more stop sequences."""

    n: int | None
    """Number of choices to generate."""

    logprobs: bool | None
    """Return log probabilities."""

    top_logprobs: int | None
    """Number of alternative tokens to return at each position."""

    parallel_tool_calls: bool | None
    """Whether the model may call several tools at once."""

    metadata: Mapping[str, object]
    """Metadata for the request."""

    user: str | None
    """Id of the end user."""

    service_tier: str | None
    """The provider's service tier."""


def declared_parameters(kind: type[CallParameters]) -> Mapping[str, Parameter]:
    """Return the `Parameter` of each field by its name."""
    return MappingProxyType(
        {
            name: parameter
            for name, field in kind.model_fields.items()
            for parameter in field.metadata
            if isinstance(parameter, Parameter)
        }
    )


PARAMETERS = declared_parameters(CallParameters)
"""All parameters by name."""

CONSTRAINED = frozenset(name for name, parameter in PARAMETERS.items() if parameter.constrained) | {"tool_choice"}
"""Fields of a call's config that facts about its model may concern; a call that sets none of them fits any model."""


def wire_names(protocol: WireProtocol) -> Mapping[str, str | None]:
    """Return the names of all parameters in the requests of a protocol.

    Args:
        protocol: The protocol.

    Returns:
        Name of the parameter to its name in a request; None for parameters that the protocol does not have. Parameters
        that the protocol's encoder writes in a form of its own are not included.
    """
    names = {name: parameter.wire_name(protocol) for name, parameter in PARAMETERS.items()}
    return {name: wire for name, wire in names.items() if wire != OWN_FORM}
