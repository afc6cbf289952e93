"""A conversation: the engine's turns, asked through the kit, with its settings, caches, limits and accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, Unpack

from dhenara.ai.conversation import Turn, TurnHistory, read_saved
from dhenara.ai.types import Plan
from dhenara.ai.types.secret_options import with_secret_options

from .ask_options import AskOptions, add_files
from .exceptions import ProviderCapabilityError, ProviderConfigurationError
from .results import AskResult
from .turn_recorder import TurnRecorder

if TYPE_CHECKING:
    from .ask_stream import AskStream, AsyncAskStream, StreamBase
    from .async_client import AsyncAiClient
    from .client import AiClient
    from .provider_stream import AsyncProviderStream, ProviderStream
    from .providers.base_provider import BaseProvider

C = TypeVar("C", bound="AiClient | AsyncAiClient")
S = TypeVar("S", bound="StreamBase")


class ChatBase(TurnHistory, Generic[C]):
    """What both colours have in common. A question that failed leaves no trace; what had arrived of an answer that
    broke off, or that was left, is the answer that the conversation goes on with. A run over tools is one turn, with
    all that had happened in it, also where it failed.

    `options` hold until they are changed, `instructions` are their `system`; what is said with one question holds
    for that one. One conversation is for one thread or task at a time.
    """

    def __init__(self, client: C, options: Mapping[str, Any] | None = None, turns: Sequence[Turn] = ()) -> None:
        self.options = dict(options or {})
        super().__init__(system_texts(self.options.pop("system", None)), turns)
        self._client: C = client

    @property
    def total_tokens(self) -> int:
        return self.usage.total_tokens

    def switch(self, *, provider: BaseProvider | str | None = None, model: str | None = None) -> Self:
        """From now on another model answers; it hears everything that was said. A model stays with its provider."""
        if provider is None and model is None:
            raise ProviderConfigurationError("name whom to switch to: switch(model=...), or switch(provider=...)")
        stored = {name: value for name, value in self.options.items() if name != "model" or provider is None}
        text = {name: value for name, value in (("provider", provider), ("model", model)) if value is not None}
        self._client._operations.require_context_support({**stored, **text})
        self.options = {**stored, **text}
        return self

    def branch(self, turns: int | None = None) -> Self:
        """Another conversation with the same beginning: all turns, or so many of them."""
        return type(self)(self._client, {**self.options, "system": self.instructions}, self._turns[:turns])

    def plan(self, prompt: str, **options: Unpack[AskOptions]) -> Plan:
        """What each part of the conversation would become if this were asked now. Nothing is sent."""
        return self._client._operations.plan(prompt, self._merge_options(options))

    @classmethod
    def from_json(cls, saved: bytes | str, client: C, **options: Unpack[AskOptions]) -> Self:
        """The conversation again, also one that the engine saved. Saved again it has the same bytes."""
        match = read_saved(saved)
        client._operations.require_context_support(dict(options))
        return cls(client, {"system": match.instructions, **options}, match.turns)

    @classmethod
    def load(cls, path: str | Path, client: C, **options: Unpack[AskOptions]) -> Self:
        return cls.from_json(Path(path).read_bytes(), client, **options)

    def _merge_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of this turn; those of the conversation where it says nothing."""
        if "context" in options:
            raise ProviderCapabilityError("a conversation keeps its own context; begin another one for another")
        data = {"system": system_argument(self.instructions)} if self.instructions else {}
        return {**self.options, **data, **options, "context": tuple(self.messages)}

    def _prepare_turn(self, prompt: Any, options: Mapping[str, Any]) -> tuple[dict[str, Any], TurnRecorder]:
        """What is asked now, and who writes down what comes of it."""
        files = options.get("files", self.options.get("files"))
        request = add_files(prompt, files) if files else prompt
        keeper = TurnRecorder(self.record, self.record_run, request, system_texts(options.get("system")))
        return self._client._operations.with_run_callback(self._merge_options(options), keeper.run), keeper

    def _record_stream(self, stream: S, keeper: TurnRecorder) -> S:
        stream.on_end(keeper.result)
        stream.on_close(keeper.record_partial)
        return stream


@with_secret_options
class Chat(ChatBase["AiClient"]):
    """`chat.ask("...")` again and again; the model may change from turn to turn."""

    def ask(self, prompt: str, **options: Unpack[AskOptions]) -> AskResult:
        text, keeper = self._prepare_turn(prompt, options)
        result = self._client.ask(prompt, **text)
        keeper.result(result)
        return result

    def ask_stream(self, prompt: str, **options: Unpack[AskOptions]) -> AskStream | ProviderStream:
        """The turn is written down when the stream is over, or when it is closed."""
        text, keeper = self._prepare_turn(prompt, options)
        return self._record_stream(self._client.ask_stream(prompt, **text), keeper)


@with_secret_options
class AsyncChat(ChatBase["AsyncAiClient"]):
    """The same, awaited."""

    async def ask(self, prompt: str, **options: Unpack[AskOptions]) -> AskResult:
        text, keeper = self._prepare_turn(prompt, options)
        result = await self._client.ask(prompt, **text)
        keeper.result(result)
        return result

    def ask_stream(self, prompt: str, **options: Unpack[AskOptions]) -> AsyncAskStream | AsyncProviderStream:
        text, keeper = self._prepare_turn(prompt, options)
        return self._record_stream(self._client.ask_stream(prompt, **text), keeper)


def system_texts(system: Any) -> tuple[str, ...]:
    """Instructions as the engine's conversation keeps them."""
    return (system,) if isinstance(system, str) else tuple(system or ())


def system_argument(instructions: Sequence[str]) -> str | Sequence[str]:
    """Instructions as `ask` takes them: one alone is a plain string, which providers of one's own expect."""
    return instructions[0] if len(instructions) == 1 else list(instructions)
