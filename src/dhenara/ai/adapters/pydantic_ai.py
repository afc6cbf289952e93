"""pydantic-ai: `DhenaraModel`, a model for every provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import SecretStr

from ..client.client import AIModelClient
from ..errors import BrokenStreamError, ConfigurationError
from ..streams.chat import AsyncStream
from ..types.chat.chunk import ChatContentDelta
from ..types.chat.response import AIModelCallResponse
from . import ClientPool, with_chat_response, with_model

try:
    from pydantic_ai import messages as m, native_tools as native
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse, check_allow_model_requests
    from pydantic_ai.profiles import ModelProfile
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.usage import RequestUsage
except ImportError as missing:
    raise ConfigurationError("this needs pydantic-ai: pip install 'dhenara[pydantic-ai]'") from missing

from .pydantic_ai_messages import read_request, to_details, to_usage, write_part

SETTINGS = {
    "max_tokens": "max_output_tokens",
    "max_retries": "retries",
    "stop_sequences": "stop",
    "extra_headers": "headers",
    "extra_body": "options",
    **{name: name for name in ("temperature", "top_p", "top_k", "parallel_tool_calls", "seed", "service_tier")},
    **{name: name for name in ("presence_penalty", "frequency_penalty", "logit_bias")},
}
"""Settings of pydantic-ai, and the call options that they are here."""

FINISH = {"tool_calls": "tool_call", "refusal": "content_filter", "stop": "stop", "length": "length", "error": "error"}
PROFILE: dict[str, Any] = {
    "supports_json_schema_output": True,
    "supports_json_object_output": True,
    "supports_image_output": True,
    "supports_thinking": True,
}
"""What every model can do with this library, which emulates what a provider lacks."""


class DhenaraModelSettings(ModelSettings, total=False):  # type: ignore[call-arg]  # Any without pydantic-ai
    """Settings of pydantic-ai, and call options of this library.

    Attributes:
        dhenara_options: Call options by name (`CallOptions`), such as `{"prompt_cache": PromptCache(automatic=True)}`.
    """

    dhenara_options: Mapping[str, Any]


class DhenaraModel(Model[AIModelClient]):
    """Model of pydantic-ai for any provider: `Agent(DhenaraModel("anthropic/claude-sonnet-5"))`.

    Errors of calls are those of `dhenara.ai.errors`; retries, timeouts and fallbacks are those of the client.

    Args:
        model: Name of the model with its provider. Default: that of `client`.
        api_key: API key. Default None: read from the provider's environment variable.
        base_url: Address of the provider. Default None: the usual one.
        client: The client to use. Default None: one is made of the arguments above.
        settings: Settings of all requests: those of pydantic-ai, and `dhenara_options`.
        profile: Facts about the model that replace the usual ones.
    """

    unsupported_settings = frozenset({"citations"})

    def __init__(
        self,
        model: str = "",
        *,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        client: AIModelClient | None = None,
        settings: ModelSettings | None = None,
        profile: ModelProfile | None = None,
    ) -> None:
        name = with_model({"model": model, "client": client})["model"]
        self.client: AIModelClient = ClientPool(client, name, api_key, base_url).find(name)
        super().__init__(settings=settings, profile=cast("ModelProfile", {**PROFILE, **(profile or {})}))

    @property
    def model_name(self) -> str:
        """The name of the model, without its provider."""
        return self.client.model_endpoint.ai_model.model_name

    @property
    def system(self) -> str:
        """The name of the provider."""
        return str(self.client.model_endpoint.api.provider)

    @classmethod
    def supported_native_tools(cls) -> frozenset[type[native.AbstractNativeTool]]:
        """Return the tools that providers run and that this library has a type for."""
        web = (native.WebSearchTool, native.WebFetchTool, native.XSearchTool)
        return frozenset({*web, native.CodeExecutionTool, native.FileSearchTool, native.MCPServerTool})

    async def __aexit__(self, *error: Any) -> bool | None:
        """Close the connections; they are opened again when they are needed."""
        await self.client.aclose()
        return None

    async def request(
        self,
        messages: list[m.ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> m.ModelResponse:
        """Send a request; pydantic-ai calls this."""
        check_allow_model_requests()
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        response = await self.client.generate_async(**read_request(messages, settings or {}, parameters))
        answer = with_chat_response(response)
        parts = answer.chat_response.contents
        return m.ModelResponse(
            parts=[written for part in parts for written in write_part(part, self.system)],
            usage=to_usage(answer),
            model_name=answer.model or self.model_name,
            provider_name=self.system,
            provider_details=to_details(answer),
            provider_response_id=answer.chat_response.id,
            finish_reason=cast("Any", FINISH.get(answer.finish_reason or "", answer.finish_reason)),
        )

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[m.ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Send a request and stream the answer; pydantic-ai calls this."""
        check_allow_model_requests()
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        call = read_request(messages, settings or {}, parameters)
        arguments: Any = {**call, "streaming": True}
        response = await self.client.generate_async(**arguments)
        async with response.async_stream_generator as stream:
            yield DhenaraStreamedResponse(parameters, stream, self.model_name, self.system)

    async def count_tokens(
        self,
        messages: list[m.ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """Count the input tokens, at the provider if it can; otherwise they are estimated."""
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        call = read_request(messages, settings or {}, parameters)
        counted = ("messages", "instructions", "tools", "tool_choice", "structured_output")
        call = {name: call[name] for name in counted if name in call}
        return RequestUsage(input_tokens=(await self.client.count_tokens_async(**call)).input_tokens)


@dataclass
class DhenaraStreamedResponse(StreamedResponse):
    """A streamed answer, with its parts, usage and finish reason."""

    stream: AsyncStream
    requested: str
    system: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[m.ModelResponseStreamEvent]:
        async for event, _ in self.stream:
            if event is None:
                for last in self._finish(self.stream.response):
                    yield last
            elif event.is_error():
                raise self.stream.error or BrokenStreamError(cast("Any", event.data).message)
            else:
                deltas = [choice.content_deltas for choice in cast("Any", event.data).choice_deltas if not choice.index]
                for delta in (one for some in deltas for one in some):
                    for written in self._write(delta):
                        yield written

    def _write(self, delta: ChatContentDelta) -> Iterator[m.ModelResponseStreamEvent]:
        match delta.type:
            case "text" if delta.text_delta:
                yield from self._parts_manager.handle_text_delta(vendor_part_id=delta.index, content=delta.text_delta)
            case "refusal" if delta.refusal_delta:
                yield from self._parts_manager.handle_text_delta(
                    vendor_part_id=delta.index, content=delta.refusal_delta
                )
            case "reasoning" if delta.reasoning_delta:
                yield from self._parts_manager.handle_thinking_delta(
                    vendor_part_id=delta.index, content=delta.reasoning_delta
                )
            case "tool_call":
                yield from self._parts_manager.handle_tool_call_delta_events(
                    vendor_part_id=delta.index,
                    tool_name=delta.name,
                    args=delta.arguments_delta or None,
                    tool_call_id=delta.id,
                )

    def _finish(self, response: AIModelCallResponse) -> Iterator[m.ModelResponseStreamEvent]:
        """Write what was not written as it arrived: signatures, images, tools that the provider ran."""
        for number, part in enumerate(response.chat_response.contents):
            if part.type == "reasoning" and (part.signature or not part.get_text()):
                yield from self._parts_manager.handle_thinking_delta(
                    vendor_part_id=number,
                    content="" if not part.get_text() else None,
                    signature=part.signature,
                    provider_name=self.system,
                )
            elif part.type not in ("text", "structured_output", "refusal", "reasoning", "tool_call"):
                for written in write_part(part, self.system):
                    yield self._parts_manager.handle_part(vendor_part_id=None, part=written)
        self._usage = to_usage(response)
        self.provider_details = to_details(response)
        self.provider_response_id = response.chat_response.id
        self.finish_reason = cast("Any", FINISH.get(response.finish_reason or "", response.finish_reason))

    async def close_stream(self) -> None:
        """Close the connection."""
        await self.stream.aclose()

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return self.stream.partial().model or self.requested

    @property
    def provider_name(self) -> str:
        """The provider that answers."""
        return self.system

    @property
    def provider_url(self) -> None:
        """None: the address may contain what identifies an account."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the request was sent."""
        return self.started
