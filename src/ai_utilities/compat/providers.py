"""Providers as version 1 described them, and objects of other classes that are used as one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError
from ..providers.base_provider import BaseProvider, run_in_thread
from ..providers.engine_provider import EngineProvider
from ..results import AskResult

if TYPE_CHECKING:
    from ..value_types import Json, Options


@runtime_checkable
class SyncProvider(Protocol):
    """An object that answers prompts."""

    def ask(self, prompt: str, **kwargs: object) -> object: ...


@runtime_checkable
class AsyncProvider(Protocol):
    """An object that answers prompts in async code."""

    async def ask(self, prompt: str, **kwargs: object) -> object: ...


@dataclass
class ProviderCapabilities:
    """What a provider supports; nothing here reads it."""

    supports_text: bool = True
    supports_json_mode: bool = False
    supports_streaming: bool = False
    supports_tools: bool = False
    supports_images: bool = False
    supports_files_upload: bool = False
    supports_files_download: bool = False
    supports_temperature: bool = True
    supports_max_tokens: bool = True
    supports_top_p: bool = False
    supports_frequency_penalty: bool = False
    supports_presence_penalty: bool = False
    max_context_length: int | None = None
    supported_models: set[str] | None = None

    @classmethod
    def openai(cls) -> Self:
        """Return those of OpenAI: everything."""
        flags: Options = {field.name: True for field in fields(cls) if field.name.startswith("supports_")}
        return cls(**flags, max_context_length=128_000)

    @classmethod
    def openai_compatible(cls) -> Self:
        """Return those that every server with OpenAI's API has."""
        return cls(supports_json_mode=True, max_context_length=4096)


class OpenAICompatibleProvider(EngineProvider):
    """A server with OpenAI's API.

    Args:
        api_key: Its key, if it needs one.
        base_url: Its address.
        timeout: Seconds for a whole call.
        extra_headers: Headers of every request.
        model: The model.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 30,
        extra_headers: Mapping[str, str] | None = None,
        model: str | None = None,
    ) -> None:
        if not base_url:
            raise ProviderConfigurationError("openai_compatible: base_url is missing. Pass the address of the server.")
        given: Options = {"api_key": api_key, "model": model, "extra_headers": dict(extra_headers or {})}
        given = {name: value for name, value in given.items() if value}
        settings = AiSettings(provider="openai_compatible", base_url=base_url, timeout=timeout, **given)
        super().__init__(settings, "openai_compatible")
        self.capabilities = ProviderCapabilities.openai_compatible()


class CustomProvider(BaseProvider):
    """An object that answers prompts, used as a provider.

    Args:
        target: The object; its `ask` may be async.
        settings: The settings of the client.
    """

    def __init__(self, target: SyncProvider | AsyncProvider, settings: AiSettings | None = None) -> None:
        self.target = target
        named = getattr(target, "provider_name", None)
        self.provider_name = named if isinstance(named, str) and named else type(target).__name__.lower()
        super().__init__(settings)

    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        answer = self.target.ask(prompt, **kwargs)
        return as_result(answer, prompt)

    async def ask_async(self, prompt: str, **kwargs: object) -> AskResult:
        if inspect.iscoroutinefunction(self.target.ask):
            return as_result(await self.target.ask(prompt, **kwargs), prompt)
        answer = await run_in_thread(self.target.ask, prompt, **kwargs)
        return as_result(await answer if inspect.isawaitable(answer) else answer, prompt)

    async def ask_batch_async(self, prompts: Sequence[str], **kwargs: object) -> list[AskResult]:
        return [await self.ask_async(prompt, **kwargs) for prompt in prompts]


class AsyncOpenAIProvider(CustomProvider):
    """OpenAI, for async code.

    Args:
        settings: The settings.
    """

    def __init__(self, settings: AiSettings | None = None) -> None:
        super().__init__(EngineProvider(settings or AiSettings(), "openai"), settings)


def as_result(answer: object, prompt: str) -> AskResult:
    """Return what `ask` of a provider returned as a result: a text, a dict or a result."""
    if isinstance(answer, AskResult):
        return answer
    if isinstance(answer, str):
        return AskResult(answer, prompt=prompt)
    if inspect.iscoroutine(answer):
        answer.close()
        raise ProviderConfigurationError("ask of this provider is async. Use it with AsyncAiClient.")
    text = getattr(answer, "text", None)
    if isinstance(text, str):
        return AskResult(text, prompt=prompt)
    if isinstance(answer, dict | list):
        return AskResult(dump(answer), prompt=prompt)
    raise ProviderConfigurationError(
        f"ask of a provider must return an AskResult or a text, not {type(answer).__name__}."
    )


def dump(value: Json) -> str:
    from json import dumps

    return dumps(value)


def use_provider(target: object, settings: AiSettings | None) -> BaseProvider | None:
    """Return a provider for an object that version 1 accepts as one; None for any other."""
    if isinstance(target, type) or not callable(getattr(target, "ask", None)):
        return None
    return CustomProvider(target, settings)  # type: ignore[arg-type]  # it has `ask`
