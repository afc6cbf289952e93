"""Any provider of the engine, as the kit asks it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from dhenara.ai import AIModelClient
from dhenara.ai.providers.target import resolve
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint

from ..ask_stream import AskStream, AsyncAskStream
from ..asked import Asked, call_defaults, read_asked
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver, Resolved
from ..crowd import ask_all, ask_all_async
from ..results import AskResult, read_result
from ..ways_out import no_models
from ..wiring import Wiring
from .base_provider import BaseProvider
from .facts import ProviderFacts


class EngineProvider(BaseProvider):
    """Speaks whatever protocol the provider speaks. Everything is checked here, before the first question."""

    takes_context: ClassVar[bool] = True
    has_layers: ClassVar[bool] = True

    def __init__(
        self, settings: AiSettings | None = None, name: str | None = None, *, wiring: Wiring | None = None
    ) -> None:
        self.provider_name = name or self.provider_name
        self._wiring = wiring if wiring is not None else Wiring()
        self._clients: dict[str, AIModelClient] = {}
        super().__init__(settings)

    def _configure_client(self) -> None:
        self.configuration: Resolved = ConfigurationResolver(self.settings).validate(self.provider_name or None)
        self.provider_name = self.configuration.provider
        self._config = AIModelCallConfig(**call_defaults(self.settings))
        if self.model is not None:
            resolve(self._endpoint(self.model), os.environ)

    @property
    def model(self) -> str | None:
        """What is asked when a call names no model; None when the server is asked what it has."""
        return self.configuration.model.value

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        asked = self._asked(prompt, kwargs)
        client = self._client(asked.model or self.model or first(self.list_models(), self.configuration.facts))
        with self._wished(asked):
            return read_result(client.generate(**asked.arguments), asked.prompt)

    async def ask_async(self, prompt: str, **kwargs: Any) -> AskResult:
        asked = self._asked(prompt, kwargs)
        model = asked.model or self.model or first(await self.list_models_async(), self.configuration.facts)
        with self._wished(asked):
            return read_result(await self._client(model).generate_async(**asked.arguments), asked.prompt)

    def ask_batch(self, prompts: Sequence[str], **kwargs: Any) -> list[AskResult]:
        return ask_all(self.ask, prompts, self.settings.concurrency, kwargs)

    async def ask_batch_async(self, prompts: Sequence[str], **kwargs: Any) -> list[AskResult]:
        return await ask_all_async(self.ask_async, prompts, self.settings.concurrency, kwargs)

    def ask_stream(self, prompt: str, **kwargs: Any) -> AskStream:
        asked = self._asked(prompt, kwargs)

        def opened() -> Any:
            model = asked.model or self.model or first(self.list_models(), self.configuration.facts)
            with self._wished(asked):
                return self._client(model).generate(**asked.arguments, streaming=True)

        return AskStream(opened, asked.prompt)

    def ask_stream_async(self, prompt: str, **kwargs: Any) -> AsyncAskStream:
        asked = self._asked(prompt, kwargs)

        async def opened() -> Any:
            model = asked.model or self.model or first(await self.list_models_async(), self.configuration.facts)
            with self._wished(asked):
                return await self._client(model).generate_async(**asked.arguments, streaming=True)

        return AsyncAskStream(opened, asked.prompt)

    def close(self) -> None:
        for client in tuple(self._clients.values()):
            client.close()

    async def aclose(self) -> None:
        for client in tuple(self._clients.values()):
            await client.aclose()

    def _asked(self, prompt: Any, said: Mapping[str, Any]) -> Asked:
        return read_asked(prompt, said, self.settings)

    def _wished(self, asked: Asked) -> AbstractContextManager[None]:
        return self._wiring.wished(asked.cache)

    def _client(self, model: str) -> AIModelClient:
        """One for each model; threads that come first together share one of theirs."""
        found = self._clients.get(model)
        if found is None:
            layers, attempt_layers = self._wiring.layers()
            made = AIModelClient(self._endpoint(model), self._config, layers=layers, attempt_layers=attempt_layers)
            found = self._clients.setdefault(model, made)
        return found

    def _endpoint(self, model: str) -> AIModelEndpoint:
        found = self.configuration
        config: dict[str, Any] = {**entries(found.facts.entries, self.settings.dotenv)}
        if found.base_url.value:
            config["base_url"] = found.base_url.value
        if self.settings.extra_headers:
            config["headers"] = self.settings.extra_headers
        api = AIModelAPI(
            provider=found.provider,
            api_key=found.api_key.value,
            credentials=None if found.api_key.value else credentials(found.facts, self.settings.dotenv),
            config=config,
        )
        return AIModelEndpoint(api=api, ai_model=AIModel(model_name=model))


def entries(variables: Mapping[str, tuple[str, ...]], dotenv: Mapping[str, str]) -> dict[str, str]:
    """Entries of the API's config that only `.env` says; the engine reads the environment by itself."""
    said = {
        entry: next((dotenv[name] for name in names if dotenv.get(name)), None)
        for entry, names in variables.items()
        if not any(os.environ.get(name) for name in names)
    }
    return {entry: value for entry, value in said.items() if value is not None}


def credentials(facts: ProviderFacts, dotenv: Mapping[str, str]) -> dict[str, str] | None:
    """Credentials without a key that only `.env` says."""
    return entries({entry: (name,) for entry, name in facts.credentials.items()}, dotenv) or None


def first(models: Sequence[str], facts: ProviderFacts) -> str:
    """A server of one's own is asked for the first model that it has."""
    if not models:
        from ..exceptions import ProviderConfigurationError

        raise ProviderConfigurationError(no_models(facts))
    return models[0]
