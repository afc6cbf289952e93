"""What a client does, written once for both colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .ask_stream import AskStream, AsyncAskStream
from .asked import runs_tools
from .colour import Colour
from .config_explained import Explanation
from .config_models import AiSettings
from .config_resolver import ConfigurationResolver
from .exceptions import JsonParseError, ProviderCapabilityError
from .json_parsing import asked_for, create_repair_prompt, read_object, read_typed
from .plain_stream import AsyncPlainStream, PlainStream
from .providers.base_provider import BaseProvider
from .providers.engine_provider import EngineProvider
from .providers.factory import create_provider
from .results import AskResult
from .wiring import Wiring

if TYPE_CHECKING:
    from dhenara.ai.types import Plan, Run

T = TypeVar("T")


class Operations:
    """Knows the settings, the provider, and who counts. The provider is made, and so checked, at once."""

    def __init__(
        self, colour: Colour, settings: AiSettings | None, provider: BaseProvider | str | None, wiring: Wiring
    ) -> None:
        self.colour = colour
        self.settings = settings if settings is not None else AiSettings()
        self.wiring = wiring
        wiring.begin(self.settings)
        self.provider = create_provider(self.settings, provider, wiring=wiring)
        # What was said for this provider is for no other one, also when a call names another.
        self._others = self.settings.model_copy(update={"provider": self.provider.provider_name})
        self._providers: dict[str, BaseProvider] = {self.provider.provider_name: self.provider}

    def choose(self, said: dict[str, Any]) -> BaseProvider:
        """The provider of this call: the client's own, or the one that the call names."""
        wanted = said.pop("provider", None)
        if wanted is None:
            return self.provider
        if isinstance(wanted, BaseProvider):
            return wanted
        found = self._providers.get(wanted)
        if found is None:
            made = create_provider(self._others, wanted, wiring=self.wiring)
            found = self._providers.setdefault(wanted, self._providers.setdefault(made.provider_name, made))
        return found

    async def ask(self, prompt: Any, said: dict[str, Any]) -> AskResult:
        provider = self.choose(said)
        tags = None if provider.has_layers else said.pop("tags", None)
        return self.counted(provider, await self.wiring.ask(self.colour, provider, prompt, said), tags)

    def counted(self, provider: BaseProvider, result: AskResult, tags: Any = None) -> AskResult:
        """Tells the usage tracker, unless the layers around each request do."""
        if not (provider.has_layers and self.wiring.books_requests):
            self.wiring.track(result, provider, tags)
        return result

    async def ask_batch(self, prompts: Sequence[str], said: dict[str, Any]) -> list[AskResult]:
        provider = self.choose(said)
        if not provider.has_layers:
            said = {name: value for name, value in said.items() if name not in ("cache", "tags")}
        results: list[AskResult] = await self.colour.ask_batch(provider, list(prompts), said)
        return [self.counted(provider, result) if result.ok else result for result in results]

    def stream(self, prompt: Any, said: dict[str, Any]) -> AskStream | PlainStream:
        provider = self.choose(said)
        pieces = provider.ask_stream(prompt, **said)
        if isinstance(pieces, AskStream):
            pieces.on_end(partial(self.counted, provider))
            return pieces
        stream = PlainStream(pieces, prompt, provider.provider_name)
        stream.on_end(partial(self.counted, provider))
        return stream

    def stream_async(self, prompt: Any, said: dict[str, Any]) -> AsyncAskStream | AsyncPlainStream:
        provider = self.choose(said)
        pieces = provider.ask_stream_async(prompt, **said)
        if isinstance(pieces, AsyncAskStream):
            pieces.on_end(partial(self.counted, provider))
            return pieces
        stream = AsyncPlainStream(pieces, prompt, provider.provider_name)
        stream.on_end(partial(self.counted, provider))
        return stream

    async def ask_json(self, prompt: str, schema: Any | None, max_repairs: int, said: dict[str, Any]) -> Any:
        return await self._formed(prompt, schema, read_object, max_repairs, said)

    async def ask_typed(self, prompt: str, kind: type[T], max_repairs: int, said: dict[str, Any]) -> T:
        from pydantic import TypeAdapter

        schema = {"title": getattr(kind, "__name__", "answer"), **TypeAdapter(kind).json_schema()}

        def read(result: AskResult) -> T:
            return read_typed(result, kind)

        return await self._formed(prompt, schema, read, max_repairs, said)

    async def _formed(
        self, prompt: str, schema: Any, read: Callable[[AskResult], T], max_repairs: int, said: dict[str, Any]
    ) -> T:
        """An answer that can be read; one that cannot is sent back with what is wrong with it."""
        asked = prompt = self._shaped(prompt, schema, said)
        for left in range(max_repairs, -1, -1):
            answer = await self.ask(asked, dict(said))
            try:
                return read(answer)
            except JsonParseError as error:
                if not left or answer.refusal is not None or answer.finish_reason == "length":
                    raise  # asking again would end in the same way
                asked = create_repair_prompt(prompt, answer.text, str(error))
        raise JsonParseError("max_repairs is how often an answer may be sent back: 0 or more")

    def _shaped(self, prompt: str, schema: Any, said: dict[str, Any]) -> str:
        """Says the shape to the engine; to a provider of the user's own, in the prompt."""
        if not isinstance(self.choose(dict(said)), EngineProvider):
            return f"{prompt}\n\n{asked_for(schema)}"
        if schema is not None:
            said.setdefault("structured_output", schema)
        if schema is None:
            system = said.pop("system", None) or self.settings.system_prompt
            given = [system] if isinstance(system, str) else list(system or ())
            said["system"] = [*given, asked_for(schema)]
        return prompt

    async def list_models(self, provider: BaseProvider | str | None) -> list[str]:
        return await self.colour.models(self.choose({"provider": provider}))

    async def embed(self, texts: Sequence[str], said: dict[str, Any]) -> list[list[float]]:
        provider = self.choose(said)
        with self.wiring.wished(said.pop("cache", None), said.pop("tags", None)):
            return await self.colour.embed(provider, texts, said)

    async def operate(self, operation: str, given: tuple[Any, ...], said: dict[str, Any]) -> Any:
        """Something beside questions, asked of the provider's engine by its name there."""
        provider = self.choose(said)
        with self.wiring.wished(said.pop("cache", None), said.pop("tags", None)):
            return await self.colour.operate(provider, operation, given, said)

    def remembering(self, said: dict[str, Any]) -> None:
        """A conversation needs a provider that takes the turns before."""
        provider = self.choose(dict(said))
        if not provider.takes_context:
            raise ProviderCapabilityError(
                f"{provider.provider_name} takes single prompts only: a provider for conversations sets "
                "takes_context = True and reads context=[...] in ask."
            )

    def overheard(self, said: dict[str, Any], on_end: Callable[[Run[Any]], object]) -> dict[str, Any]:
        """The engine tells a conversation what it sent, and what became of a run over tools, however it ended."""
        if not isinstance(self.choose(dict(said)), EngineProvider):
            return said
        told = {"on_end": on_end} if runs_tools(said.get("tools")) else {}
        config = said.get("config")
        marked = {} if config is not None and "fingerprint" in config.model_fields_set else {"fingerprint": True}
        return {**marked, **told, **said}

    def plan(self, prompt: Any, said: dict[str, Any]) -> Plan:
        """What each part of what would be asked becomes at the provider."""
        return self.choose(said).plan(prompt, **said)

    def explain(self) -> Explanation:
        """Every setting and who said it."""
        resolver = ConfigurationResolver(self.settings)
        if isinstance(self.provider, EngineProvider):
            return resolver.explained(self.provider.configuration)
        return resolver.explain(self.provider.provider_name)

    @property
    def providers(self) -> tuple[BaseProvider, ...]:
        """Every provider that was made so far, each once."""
        return tuple({id(provider): provider for provider in self._providers.values()}.values())
