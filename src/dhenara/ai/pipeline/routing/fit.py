"""Whether a deployment can do what a call needs. Facts that are not known exclude nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...catalog.model_info import find_facts
from ...catalog.prices import price_usage
from ...codecs.operations.operation import estimate_tokens
from ...history.preparation import STORED_HISTORY
from ...types.chat.usage import Usage
from ...types.config.api import AIModelEndpoint, served_model
from ...types.config.call import Call
from ...types.config.route_reports import RouteRequest
from ...types.config.routes import Deployment
from ...types.content.media import Media
from ...types.content.parts import (
    AudioContent,
    ContainerUploadContent,
    ImageContent,
    ServerToolContent,
    ToolResultContent,
    VideoContent,
)
from ...types.operations.audio import SpeechRequest
from ...types.tools.provider_tools import CodeExecution, FileSearch
from ...types.tools.tool_definition import ToolDefinition
from ..streaming.stream import Stream

KINDS: tuple[tuple[type[Media], str], ...] = ((ImageContent, "image"), (AudioContent, "audio"), (VideoContent, "video"))
PDF = "application/pdf"

USUAL_ANSWER = 500
"""Tokens of an answer without a limit, for estimates of costs."""

SAMPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class DeploymentFacts:
    """What is known of a model. None or empty: unknown.

    Attributes:
        looked_up: Whether the facts were looked up.
        context_window: Maximum tokens of prompt and answer together.
        max_input_tokens: Maximum tokens of the prompt.
        modalities: What prompts may contain.
        tools: Whether it can call tools.
        structured_output: Whether the provider enforces a schema.
        reasoning: Whether it can reason.
        input_price: US dollars per input token.
        output_price: US dollars per output token.
    """

    looked_up: bool = False
    context_window: int | None = None
    max_input_tokens: int | None = None
    modalities: tuple[str, ...] = ()
    tools: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    input_price: float | None = None
    output_price: float | None = None

    def cost_of(self, request: RouteRequest) -> float | None:
        """Return the estimated US dollars of a request; None if a price is not known."""
        if self.input_price is None or self.output_price is None:
            return None
        output = request.max_output_tokens or (USUAL_ANSWER if request.operation == "chat" else 0)
        return self.input_price * request.input_tokens + self.output_price * output


def read_deployment_facts(endpoint: AIModelEndpoint, *, prices: bool = False) -> DeploymentFacts:
    """Return the facts about the model of an endpoint: its own settings, else the catalogue."""
    known, settings = find_facts(endpoint), endpoint.ai_model.settings
    return DeploymentFacts(
        looked_up=True,
        context_window=(settings and settings.max_context_window_tokens) or (known and known.context_window) or None,
        max_input_tokens=(settings and settings.max_input_tokens) or (known and known.max_input_tokens) or None,
        modalities=(settings and settings.input_modalities) or (known and known.input_modalities) or (),
        tools=known.tools if known else None,
        structured_output=known.structured_output if known else None,
        reasoning=settings.supports_reasoning
        if settings and settings.supports_reasoning is not None
        else (known.reasoning if known else None),
        input_price=token_price(endpoint, Usage(input_tokens=SAMPLE)) if prices else None,
        output_price=token_price(endpoint, Usage(output_tokens=SAMPLE)) if prices else None,
    )


def token_price(endpoint: AIModelEndpoint, sample: Usage) -> float | None:
    """Return the US dollars per token, for prompts of usual length."""
    amount = price_usage(endpoint, sample).amount
    return None if amount is None else float(amount) / SAMPLE


def read_request(call: Call) -> RouteRequest:
    """Return what a call needs."""
    config = call.config
    return RouteRequest(
        operation=call.operation,
        input_tokens=estimate_tokens(call),
        max_output_tokens=config.max_output_tokens,
        media=frozenset(media_of(call)),
        tools=any(isinstance(tool, ToolDefinition) for tool in config.tools),
        structured_output=config.structured_output is not None,
        reasoning=config.wants_reasoning is True,
    )


def kind_of_answer(call: Call) -> tuple[bool, bool | None] | None:
    """Return what the time to the first token depends on, for answers that can be compared; None if they cannot be."""
    return (call.config.streaming, call.config.wants_reasoning) if call.operation == "chat" else None


def media_of(call: Call) -> Iterator[str]:
    """Return the kinds of media in the messages of the user. Files of text become part of the prompt."""
    for message in call.messages:
        for part in message.contents if message.role == "user" else ():
            if isinstance(part, Media):
                kind = next((name for known, name in KINDS if isinstance(part, known)), None)
                if kind is not None or part.mime_type == PDF:
                    yield kind or "pdf"


def why_unfit(facts: DeploymentFacts, request: RouteRequest) -> str | None:
    """Return why a deployment cannot do what the request needs; None if nothing is known against it."""
    size, answer = request.input_tokens, request.max_output_tokens or 0
    if facts.max_input_tokens is not None and size > facts.max_input_tokens:
        return f"about {size} input tokens, and the model takes {facts.max_input_tokens}"
    if facts.context_window is not None and size + answer > facts.context_window:
        return f"about {size + answer} tokens with the answer, and the context window has {facts.context_window}"
    if request.media and facts.modalities:
        missing = sorted(request.media.difference(facts.modalities))
        if missing:
            return f"the model takes no input of the kind {' or '.join(missing)}"
    if request.tools and facts.tools is False:
        return "the model does not call tools"
    if request.structured_output and facts.structured_output is False:
        return "the provider does not enforce a schema for this model"
    if request.reasoning and facts.reasoning is False:
        return "the model does not reason"
    return None


SAME_MODEL = {
    "embed": "vectors of another model cannot be compared",
    "count_tokens": "another model counts other tokens",
}
"""Operations that only deployments of the same model can take over, and why."""


def of_another_kind(deployments: Sequence[Deployment], call: Call, passed_over: Collection[int]) -> dict[int, str]:
    """Return the deployments whose results could not replace those of the first one that offers the operation.

    Args:
        deployments: The deployments.
        call: The call.
        passed_over: Numbers of the deployments that do not offer it.
    """
    reason, request = SAME_MODEL.get(call.operation), call.request
    voice = request.voice if isinstance(request, SpeechRequest) else None
    if reason is None and voice is None:
        return {}
    offering = [(index, one) for index, one in enumerate(deployments) if index not in passed_over]
    first, unfit = offering[0][1], {}
    for index, one in offering[1:]:
        if reason is not None and served_model(one.endpoint) != served_model(first.endpoint):
            unfit[index] = reason
        elif voice is not None and one.provider != first.provider:
            unfit[index] = f"the voice {voice!r} is one of {first.provider}"
    return unfit


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What a call needs from the deployment that holds it.

    Attributes:
        name: What it is, for messages.
        ids: Its ids at the provider.
        provider: The provider that has it, if the call says so.
    """

    name: str
    ids: tuple[str, ...] = ()
    provider: str | None = None


def smallest_window(facts: DeploymentFacts) -> float:
    """Return the number of tokens of prompt and answer together that certainly fit."""
    return min(facts.max_input_tokens or float("inf"), facts.context_window or float("inf"))


def fits_everywhere(request: RouteRequest, window: float) -> bool:
    """Return whether a request of this length needs nothing that a deployment may lack."""
    needs = request.media or request.tools or request.structured_output or request.reasoning
    return not needs and request.input_tokens + (request.max_output_tokens or 0) <= window


def stored_at(call: Call) -> StoredContent | None:
    """Return what the call needs from the deployment that holds it; None if it can go anywhere."""
    config = call.config
    if config.options.get("background"):
        return StoredContent("a background response is fetched from where it was started")
    for fields in (config.options, call.endpoint.ai_model.parameters):
        for name in STORED_HISTORY if fields else ():
            if value := fields.get(name):
                return StoredContent(f"{name} {shown_id(value)}", ids_of(value))
    if config.prompt_cache is not None and config.prompt_cache.stored is not None:
        return StoredContent(f"the cached prefix {config.prompt_cache.stored!r}", (config.prompt_cache.stored,))
    return stored_for_tools(call) or stored_media(call)


def stored_for_tools(call: Call) -> StoredContent | None:
    """Return what tools of the provider use: a container, uploaded files or vector stores."""
    if value := call.config.options.get("container"):
        return StoredContent(f"the container {shown_id(value)}", ids_of(value))
    for tool in call.config.tools:
        if isinstance(tool, CodeExecution):
            if tool.container is not None:
                return StoredContent(f"the container {tool.container!r}", (tool.container,))
            if tool.file_ids:
                return StoredContent(f"the file {tool.file_ids[0]!r}", tool.file_ids)
        elif isinstance(tool, FileSearch):
            return StoredContent(f"the vector store {tool.store_ids[0]!r}", tool.store_ids)
    return None


def stored_media(call: Call) -> StoredContent | None:
    """Return the first uploaded file in the messages."""
    for message in call.messages:
        for part in message.contents:
            parts = part.contents if isinstance(part, ToolResultContent) else (part,)
            for one in parts:
                if isinstance(one, Media) and one.file_id is not None and one.data is None and one.url is None:
                    return StoredContent(f"the file {one.name or one.file_id!r}", (one.file_id,), one.stored_at)
                if isinstance(one, ContainerUploadContent):
                    return StoredContent(f"the file {one.file_id!r}", (one.file_id,), "anthropic")
    return None


def ids_of(value: object) -> tuple[str, ...]:
    """Return the id in a field of a request, which may be an object with an id."""
    value = value.get("id") if isinstance(value, Mapping) else value
    return (value,) if isinstance(value, str) else ()


def shown_id(value: object) -> str:
    return repr((*ids_of(value), "at the provider")[0])


STORING = frozenset({"openai_responses"})
"""Protocols whose servers keep each response, for `previous_response_id`."""


def stored_ids(call: Call, stream: Stream) -> list[str]:
    """Return the ids of what the provider keeps of an answer: the response, and containers of its tools."""
    runs_code = any(isinstance(tool, CodeExecution) for tool in call.config.tools)
    origin = stream.origin
    if not runs_code and (origin is None or origin.protocol not in STORING):
        return []
    answer = stream.partial()
    parts = [part for choice in answer.choices for part in choice.contents if isinstance(part, ServerToolContent)]
    containers = [part.data.get("container_id") for part in parts]
    named = [answer.id, *containers, *ids_of(answer.extras.get("container"))]
    return [one for one in named if isinstance(one, str) and one]
