"""Objects that responses of version 1 contained, made from the responses of this version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from ..config import settings
from ..errors import ConfigurationError
from ..types.chat.cost import Cost
from ..types.chat.usage import Usage
from ..types.content.media import Citation
from ..types.content.parts import StructuredContent, ToolCallContent
from ..types.model_base import FrozenModel
from ..types.operations.images import GeneratedImage
from ..types.tools.json_schema import adapter_of
from ..wire import json
from .tools import ExternalApiCallStatusEnum


class UsageChargeComponent(FrozenModel):
    """One part of a charge.

    Attributes:
        key: Kind of token or unit.
        cost: Cost in US dollars.
    """

    key: str
    cost: float


class HostedToolUsage(FrozenModel):
    """Use of tools that the provider ran.

    Attributes:
        request_counts: Calls by the name of the tool, and all of them as `total`.
    """

    request_counts: dict[str, int] = Field(default_factory=dict)


def hosted_tool_usage(usage: Usage) -> HostedToolUsage | None:
    """Return the calls of tools that the provider ran; None if there were none."""
    calls = usage.server_tool_requests
    return HostedToolUsage(request_counts={**calls, "total": sum(calls.values())}) if calls else None


class UsageCharge(FrozenModel):
    """What a call cost, and what you charge for it.

    Attributes:
        cost: Cost in US dollars.
        charge: Cost with the `cost_multiplier_percentage` of the prices; None if that is not set.
        components: The parts of the cost.
    """

    cost: float
    charge: float | None = None
    components: list[UsageChargeComponent] | None = None


def usage_charge(cost: Cost | None) -> UsageCharge | None:
    """Return a cost as version 1 showed it; None if it is unknown, or if `ENABLE_COST_TRACKING` is False."""
    if cost is None or cost.amount is None or not settings.ENABLE_COST_TRACKING:
        return None
    components = [UsageChargeComponent(key=name, cost=float(amount)) for name, amount in cost.components.items()]
    charge = None if cost.charge is None else float(cost.charge)
    return UsageCharge(cost=float(cost.amount), charge=charge, components=components or None)


def charge_by(price: Decimal | float, percentage: float | None) -> UsageCharge:
    """Return the charge for a cost with a margin in per cent."""
    charge = float(price) * (1 + percentage / 100) if percentage else None
    return UsageCharge(cost=float(price), charge=charge)


class AIModelCallResponseMetaData(FrozenModel):
    """Facts about a call.

    Attributes:
        streaming: Whether the response was streamed.
        duration_seconds: Duration of the call in seconds.
        provider_metadata: Further fields of the provider.
    """

    streaming: bool = False
    duration_seconds: float | None = None
    provider_metadata: dict[str, Any] | None = None


class ExternalApiCallStatus(FrozenModel):
    """Outcome of a call.

    Attributes:
        status: The outcome.
        api_provider: Provider that was called.
        model: Model that was called.
        message: Message for people.
        code: Code for programs.
        http_status_code: HTTP status.
        data: Further data.
    """

    status: ExternalApiCallStatusEnum
    api_provider: str = Field(min_length=1)
    model: str = Field(min_length=1)
    message: str
    code: str | None = None
    http_status_code: int | None = Field(default=None, ge=100, le=599)
    data: dict[str, Any] | None = None

    @property
    def successful(self) -> bool:
        """Whether the call succeeded."""
        return self.status == ExternalApiCallStatusEnum.RESPONSE_RECEIVED_SUCCESS


class ChatMessageContentPart(FrozenModel):
    """A piece of text with its sources.

    Attributes:
        type: Always `"output_text"` for answers.
        text: The text.
        annotations: Sources of the text.
        metadata: Further fields.
    """

    type: str = "output_text"
    text: str | None = None
    annotations: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None


def message_contents(text: str, citations: list[Citation]) -> list[ChatMessageContentPart]:
    """Return a text with its citations as one piece."""
    sources = [
        {"type": "url_citation", **one.model_dump(exclude_none=True, exclude_defaults=True)} for one in citations
    ]
    return [ChatMessageContentPart(text=text, annotations=sources or None)]


class ChatResponseToolCall(FrozenModel):
    """A call of a tool.

    Attributes:
        call_id: Id of the call.
        id: The same id.
        name: Name of the tool.
        arguments: The arguments; empty if they could not be read.
        metadata: Always empty.
        raw_data: The arguments as the model sent them, if they could not be read.
        parse_error: Why the arguments could not be read.
    """

    call_id: str | None = None
    id: str | None = None
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    raw_data: str | dict[str, Any] | None = None
    parse_error: str | None = None


def tool_call(part: ToolCallContent) -> ChatResponseToolCall:
    """Return a call as version 1 showed it."""
    raw = part.arguments_text if part.error else None
    return ChatResponseToolCall(
        call_id=part.id or None,
        id=part.id or None,
        name=part.name,
        arguments=part.arguments,
        raw_data=raw,
        parse_error=part.error,
    )


class ChatResponseToolCallResult(FrozenModel):
    """The result of a tool call.

    Attributes:
        tool_name: Name of the tool.
        call_id: Id of the call.
        result: The result.
        error: Why the tool failed.
    """

    tool_name: str
    call_id: str | None = None
    result: Any = None
    error: str | None = None


class ChatResponseStructuredOutput(FrozenModel):
    """A structured answer.

    Attributes:
        structured_data: The data; None if the answer is invalid.
        raw_data: The text of an invalid answer.
        parse_error: Why the answer is invalid.
        post_processed: Always False.
        value: The answer as an object of the requested type.
    """

    structured_data: Any = None
    raw_data: str | None = None
    parse_error: str | None = None
    post_processed: bool = False
    value: Any = Field(default=None, exclude=True, repr=False)

    def get_text(self) -> str:
        """Return the data as JSON, or the text of an invalid answer."""
        return self.raw_data or json.dumps(self.structured_data).decode()

    def as_pydantic(self, model_class: type[Any] | None = None) -> Any:
        """Return the answer as an object.

        Args:
            model_class: Type of the object. Default None: the requested type.

        Returns:
            The object; None if the answer is invalid.
        """
        if model_class is None or self.structured_data is None:
            return self.value
        return adapter_of(model_class, "the output").validate_json(json.dumps(self.structured_data))


def structured_output(part: StructuredContent) -> ChatResponseStructuredOutput:
    """Return a structured answer as version 1 showed it."""
    if part.error is not None:
        return ChatResponseStructuredOutput(raw_data=part.text, parse_error=part.error)
    return ChatResponseStructuredOutput(structured_data=part.data, value=part.parsed)


class ImageResponseChoice(FrozenModel):
    """The images of a response.

    Attributes:
        index: Always 0.
        contents: The images.
    """

    index: int = 0
    contents: list[GeneratedImage] = Field(default_factory=list)


def image_bytes(image: GeneratedImage) -> bytes:
    """Return the bytes of an image.

    Raises:
        ConfigurationError: The provider returned only a URL.
    """
    if image.data is None:
        raise ConfigurationError("the image has only a URL. Call client.download(image), or request base64 images")
    return image.data
