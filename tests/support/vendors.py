"""Vendors as judges of requests: their own types, and the rules that types cannot say."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.loaders
from anthropic.types.beta import message_create_params as anthropic_params
from botocore.exceptions import ParamValidationError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from google.genai import types as google_types
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as responses_params
from pydantic import TypeAdapter, ValidationError

from dhenara.ai.codecs.base import Quirks, load_codec
from dhenara.ai.history.preparation import repair_history
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.testing.protocols import block_violations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, Call, Message
from dhenara.ai.wire import json

Body = dict[str, Any]


@dataclass(frozen=True)
class Vendor:
    """A provider, one of its models, and the types that its own SDK has for requests."""

    provider: str
    model: str
    protocol: str
    types: Callable[[Body], None]

    @property
    def name(self) -> str:
        return f"{self.provider}-{self.protocol}"

    @property
    def recorded(self) -> str:
        """What the recordings call this provider."""
        return {"google_ai": "gemini", "amazon_bedrock": "bedrock"}.get(self.provider, self.provider)

    @property
    def quirks(self) -> Quirks:
        routes = load_provider(self.provider).routes
        return next(route for route in routes if route.codec == self.protocol and route.serves(self.model)).quirks

    def call(self, messages: tuple[Message, ...], **config: Any) -> Call:
        endpoint = AIModelEndpoint(
            api=AIModelAPI(provider=self.provider, config={"protocol": self.protocol}),
            ai_model=AIModel(model_name=self.model),
        )
        return Call(endpoint, repair_history(messages)[0], AIModelCallConfig(**config))

    def written(self, messages: tuple[Message, ...], **config: Any) -> tuple[str, Body]:
        """The address and the body, as they would travel."""
        outgoing = load_codec(self.protocol).encode(self.call(messages, **config), self.quirks)
        body: Body = json.loads(json.dumps(outgoing.body))
        return outgoing.path, body

    def objection(self, messages: tuple[Message, ...], **config: Any) -> str | None:
        """Why this vendor would refuse the request; None when it would not."""
        path, body = self.written(messages, **config)
        try:
            self.types(body)
        except (ValidationError, ParamValidationError) as error:
            return f"its own types: {str(error)[:2000]}"
        return block_violations(path, body)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def chat(body: Body) -> None:
    for message in adapter(chat_params.CompletionCreateParamsNonStreaming).validate_python(body)["messages"]:
        exhaust(message)


def responses(body: Body) -> None:
    adapter(responses_params.ResponseCreateParamsNonStreaming).validate_python(body)


def messages_api(body: Body) -> None:
    exhaust(adapter(anthropic_params.MessageCreateParamsStreaming).validate_python({**body, "stream": True}))


def gemini(body: Body) -> None:
    adapter(list[google_types.Content]).validate_python(body["contents"])
    adapter(google_types.GenerationConfig).validate_python(body.get("generationConfig", {}))


@cache
def converse_shape() -> Any:
    service = ServiceModel(botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2"))
    return service.operation_model("Converse").input_shape


def converse(body: Body) -> None:
    report = ParamValidator().validate({"modelId": "m", **with_bytes(body)}, converse_shape())
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


def anything(body: Body) -> None:
    """A vendor without an SDK of its own here: its rules alone judge."""


def exhaust(value: Any) -> None:
    """TypedDicts of the SDKs hold lazy iterables; reading them is what validates them."""
    if isinstance(value, dict):
        for inner in value.values():
            exhaust(inner)
    elif hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        for inner in value:
            exhaust(inner)


def with_bytes(value: Any) -> Any:
    """The body as botocore's users would have given it: blobs are bytes there."""
    if isinstance(value, dict):
        blobs = ("bytes", "redactedContent")
        return {
            k: base64.b64decode(v) if k in blobs and isinstance(v, str) else with_bytes(v) for k, v in value.items()
        }
    return [with_bytes(one) for one in value] if isinstance(value, list) else value


VENDORS = (
    Vendor("openai", "gpt-5.4", "openai_chat", chat),
    Vendor("openai", "gpt-6-astra", "openai_responses", responses),
    Vendor("anthropic", "claude-opus-5-5", "anthropic", messages_api),
    Vendor("google_ai", "gemini-3-pro", "gemini", gemini),
    Vendor("amazon_bedrock", "anthropic.claude-opus-4-8", "converse", converse),
    Vendor("cohere", "command-a", "cohere", anything),
    Vendor("mistral", "mistral-large", "openai_chat", anything),
    Vendor("deepseek", "deepseek-v4-pro", "openai_chat", anything),
    Vendor("ollama", "qwen3", "ollama", anything),
)
