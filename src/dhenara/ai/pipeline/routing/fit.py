"""Whether a deployment can do what a call needs. Facts that are not known exclude nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...catalog.model_info import find_facts
from ...catalog.prices import price_usage
from ...codecs.operations.operation import estimate_tokens
from ...history.preparation import continues_stored_history
from ...types.chat.usage import Usage
from ...types.config.api import AIModelEndpoint
from ...types.config.call import Call
from ...types.config.route_reports import RouteRequest
from ...types.content.media import Media
from ...types.content.parts import AudioContent, ImageContent, ToolResultContent, VideoContent
from ...types.tools.tool_definition import ToolDefinition

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


def stored_at(call: Call) -> str | None:
    """Return what the call needs from the deployment that holds it; None if it can go anywhere."""
    if call.config.options.get("background"):
        return "a background response is fetched from where it was started"
    if continues_stored_history(call.config, call.endpoint.ai_model):
        return "the stored conversation or cached prefix"
    for message in call.messages:
        for part in message.contents:
            parts = part.contents if isinstance(part, ToolResultContent) else (part,)
            for one in parts:
                if isinstance(one, Media) and one.file_id is not None and one.data is None and one.url is None:
                    return f"the file {one.name or one.file_id!r}"
    return None
