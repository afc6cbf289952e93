"""Any provider of the engine, as the kit asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from dhenara.ai import AIModelClient
from dhenara.ai.config.environment import environment
from dhenara.ai.providers.target import resolve
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, Plan
from dhenara.ai.types.secret_options import with_secret_options

from ..ask_stream import Around, AskStream, AsyncAskStream
from ..asked import Asked, call_defaults, read_asked
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver, Resolved
from ..crowd import ask_all, ask_all_async
from ..embeddings import Embeddings
from ..exceptions import ProviderConfigurationError
from ..results import AskResult, read_any
from ..ways_out import missing_model, missing_operation_model, no_embedder, no_painter
from ..wiring import Wiring
from .base_provider import BaseProvider
from .drawing import draw, draw_async
from .endpoint import connection_options, make_endpoint
from .fallbacks import fallbacks
from .usual_models import DRAWS, EMBEDDERS, concerns_model, first, usual_model

if TYPE_CHECKING:
    from dhenara.ai.types.model import FunctionalType

ANY = "any"
"""The name of a model where none is needed."""


@with_secret_options
class EngineProvider(BaseProvider):
    """Speaks whatever protocol the provider speaks. Everything is checked here, before the first question.

    A chat model is only needed by questions: where none is named and none is usual, they raise before anything is sent.
    """

    takes_context: ClassVar[bool] = True
    has_layers: ClassVar[bool] = True

    def __init__(
        self, settings: AiSettings | None = None, name: str | None = None, *, wiring: Wiring | None = None
    ) -> None:
        self.provider_name = name or self.provider_name
        self._wiring = wiring if wiring is not None else Wiring()
        self._clients: dict[tuple[str, FunctionalType | None], AIModelClient] = {}
        super().__init__(settings)

    def _configure_client(self) -> None:
        self.configuration: Resolved = ConfigurationResolver(self.settings).validate(
            self.provider_name or None, needs_model=False
        )
        self.provider_name = self.configuration.provider
        self._config = AIModelCallConfig(**call_defaults(self.settings))
        self._fallbacks = fallbacks(self.settings, self.provider_name)
        if self.model is not None:
            resolve(self._endpoint(self.model), environment())

    @property
    def model(self) -> str | None:
        """What is asked when a call names no model; None when the server is asked what it has."""
        return self.configuration.model.value

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        asked = self._asked(prompt, kwargs)
        client = self._client(self._chat_model(asked) or first(self.list_models(), self.configuration.facts))
        with self._around(asked)():
            return read_any(client_method(client, asked)(**asked.arguments), asked.prompt)

    async def ask_async(self, prompt: str, **kwargs: Any) -> AskResult:
        asked = self._asked(prompt, kwargs)
        model = self._chat_model(asked) or first(await self.list_models_async(), self.configuration.facts)
        client = self._client(model)
        with self._around(asked)():
            return read_any(await client_method(client, asked, "_async")(**asked.arguments), asked.prompt)

    def ask_batch(self, prompts: Sequence[str], **kwargs: Any) -> list[AskResult]:
        return ask_all(self.ask, prompts, self.settings.concurrency, kwargs)

    async def ask_batch_async(self, prompts: Sequence[str], **kwargs: Any) -> list[AskResult]:
        return await ask_all_async(self.ask_async, prompts, self.settings.concurrency, kwargs)

    def ask_stream(self, prompt: str, **kwargs: Any) -> AskStream:
        asked = self._asked(prompt, kwargs)

        def opened() -> Any:
            model = self._chat_model(asked) or first(self.list_models(), self.configuration.facts)
            client = self._client(model)
            if asked.runs_tools:
                return client_method(client, asked, "_streaming")(**asked.arguments)
            return client.generate(**asked.arguments, streaming=True).stream_generator

        return AskStream(opened, asked.prompt, self._around(asked))

    def ask_stream_async(self, prompt: str, **kwargs: Any) -> AsyncAskStream:
        asked = self._asked(prompt, kwargs)

        async def opened() -> Any:
            model = self._chat_model(asked) or first(await self.list_models_async(), self.configuration.facts)
            client = self._client(model)
            if asked.runs_tools:
                return client_method(client, asked, "_streaming_async")(**asked.arguments)
            return (await client.generate_async(**asked.arguments, streaming=True)).stream_generator

        return AsyncAskStream(opened, asked.prompt, self._around(asked))

    def plan(self, prompt: str, **kwargs: Any) -> Plan:
        """Nothing is sent, also not to ask which models there are."""
        asked = self._asked(prompt, kwargs)
        return self._client(self._chat_model(asked) or ANY).plan(**asked.arguments)

    def list_models(self) -> list[str]:
        return [found.id for found in self._client(self.model or ANY).list_models()]

    async def list_models_async(self) -> list[str]:
        return [found.id for found in await self._client(self.model or ANY).list_models_async()]

    def embed(self, texts: Sequence[str], **kwargs: Any) -> list[list[float]]:
        return Embeddings(self._embedding(kwargs).embed(texts, **kwargs))

    async def embed_async(self, texts: Sequence[str], **kwargs: Any) -> list[list[float]]:
        return Embeddings(await self._embedding(kwargs).embed_async(texts, **kwargs))

    def operate(self, operation: str, *given: Any, **kwargs: Any) -> Any:
        if operation == "image":
            prompt, images = given
            return draw(self._operating(operation, kwargs), prompt, images, kwargs)
        return getattr(self._operating(operation, kwargs), operation)(*given, **kwargs)

    async def operate_async(self, operation: str, *given: Any, **kwargs: Any) -> Any:
        if operation == "image":
            prompt, images = given
            return await draw_async(self._operating(operation, kwargs), prompt, images, kwargs)
        return await getattr(self._operating(operation, kwargs), f"{operation}_async")(*given, **kwargs)

    def _operating(self, operation: str, said: dict[str, Any]) -> AIModelClient:
        """The client of the model that is named, or else of the usual one for this."""
        model = said.pop("model", None) or usual_model(self.provider_name, operation, said)
        # The temperature of the settings is meant for questions.
        if not operation.startswith("submit_batch"):
            said.setdefault("temperature", None)
        if operation != "image":
            model = model or self.model
            if model is None and concerns_model(operation) and self.configuration.facts.needs_key:
                raise ProviderConfigurationError(missing_operation_model(self.configuration.facts, operation))
            return self._client(model or ANY)
        if model is None:
            raise ProviderConfigurationError(no_painter(self.configuration.facts, tuple(DRAWS)))
        return self._client(model, "image_generation")

    def _embedding(self, said: dict[str, Any]) -> AIModelClient:
        """The client of the model that is named, or else of the usual one."""
        model = said.pop("model", None) or self.settings.embedding_model or EMBEDDERS.get(self.provider_name)
        if model is None:
            raise ProviderConfigurationError(no_embedder(self.configuration.facts))
        return self._client(model)

    def close(self) -> None:
        for client in tuple(self._clients.values()):
            client.close()

    async def aclose(self) -> None:
        for client in tuple(self._clients.values()):
            await client.aclose()

    def _chat_model(self, asked: Asked) -> str | None:
        """The model of this question; None where the user's own server is asked what it has.

        Raises:
            ProviderConfigurationError: If a hosted provider has no model that is asked by default.
        """
        model = asked.model or self.model
        if model is None and self.configuration.facts.needs_key:
            raise ProviderConfigurationError(missing_model(self.configuration.facts))
        return model

    def _asked(self, prompt: Any, said: Mapping[str, Any]) -> Asked:
        if not self.configuration.facts.chats:
            raise self._cannot("Questions not supported")
        return read_asked(prompt, said, self.settings)

    def _around(self, asked: Asked) -> Around:
        """What each step of the call happens in."""
        said = asked.cache is not None or asked.tags
        return partial(self._wiring.wished, asked.cache, asked.tags) if said else nullcontext

    def _client(self, model: str, kind: FunctionalType | None = None) -> AIModelClient:
        """One for each model; threads that come first together share one of theirs."""
        found = self._clients.get((model, kind))
        if found is None:
            outer, inner = self._wiring.layers()
            made = AIModelClient(
                self._endpoint(model, kind),
                self._config,
                layers=outer,
                attempt_layers=inner,
                fallbacks=self._fallbacks if kind is None else (),
                **connection_options(self.settings),
            )
            found = self._clients.setdefault((model, kind), made)
        return found

    def _endpoint(self, model: str, kind: FunctionalType | None = None) -> AIModelEndpoint:
        return make_endpoint(self.configuration, self.settings, model, kind)


def client_method(client: Any, asked: Asked, colour: str = "") -> Any:
    """Tools that are functions are run until there is an answer; else there is one request."""
    if not asked.runs_tools:
        return getattr(client, f"generate{colour}")
    return getattr(client, f"run{colour}")
