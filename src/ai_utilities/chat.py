"""Conversations: `Chat` and `AsyncChat` send one prompt after another and record each turn once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Generic, Self, TypeVar, Unpack

from dhenara.ai.conversation import Turn, TurnHistory, read_saved, read_saved_file
from dhenara.ai.integration import (
    conceal_options,
    conceals_its_options,
    names_other_provider,
    require_type,
    use_own_names,
    with_secret_options,
)
from dhenara.ai.types import Plan

from .exceptions import ProviderCapabilityError, ProviderConfigurationError
from .operations.ask_options import AskOptions, add_files
from .operations.option_checks import SYSTEM_NAMES
from .operations.typed_answers import OutputReader
from .results import AskResult, as_answer

if TYPE_CHECKING:
    from dhenara.ai.types import ChatResponse, Run

    from .ask_stream import AskStream, AsyncAskStream, AsyncProviderStream, ProviderStream, StreamBase
    from .async_client import AsyncAiClient
    from .client import AiClient
    from .exceptions import Json, JsonObject, Options
    from .providers.base_provider import BaseProvider


@dataclass(slots=True, eq=False)
class TurnRecorder:
    """Writes turns with the conversation's `record` and `record_run`."""

    record: Callable[..., Turn]
    record_run: Callable[..., object]
    prompt: str | JsonObject
    instructions: Sequence[str]
    recorded: bool = False

    def run(self, run: Run[Json]) -> None:
        """Records a finished run, also a failed one. A run without any step is not recorded."""
        if run.added:
            self._write(self.record_run, run=run)

    def result(self, result: AskResult) -> None:
        if result.run is not None:
            self._write(self.record_run, run=result.run)
            return
        fingerprint = result.response.fingerprint if result.response is not None else None
        self._write(self.record, answer=as_answer(result), fingerprint=fingerprint)

    def record_partial(self, received: ChatResponse) -> None:
        """Records what a stream that was not read to its end had received, if anything."""
        if received.contents:
            self._write(self.record, answer=received)

    def _write(self, record: Callable[..., object], **outcome: object) -> None:
        if not self.recorded:
            self.recorded = True
            record(self.prompt, instructions=self.instructions, **outcome)


T = TypeVar("T")
C = TypeVar("C", bound="AiClient | AsyncAiClient")
S = TypeVar("S", bound="StreamBase")


class ChatBase(TurnHistory, Generic[C]):
    """What `Chat` and `AsyncChat` have in common.

    A failed question is not added to the history. A stream that was closed or broke is added with the text received
    so far. A tool run is one turn with all its steps, also if it failed. `options` apply to all turns until changed,
    `instructions` are their `system`; options of one question apply to that question. Use one conversation from one
    thread or task at a time.

    Attributes:
        options: The options of all turns, without `system`.

    Args:
        client: The client that sends the prompts.
        options: Options of all turns, with the names of `AskOptions`. Default None: none.
    """

    def __init__(self, client: C, options: Mapping[str, object] | None = None, turns: Sequence[Turn] = ()) -> None:
        require_type(type(self).__name__, "options", options, (Mapping, NoneType), "a mapping of options or None")
        self.options: Options = use_own_names(options or {}, SYSTEM_NAMES)
        super().__init__(system_texts(self.options.pop("system", None)), turns)
        self._client: C = client

    @property
    def total_tokens(self) -> int:
        """Tokens used by all turns, as far as providers reported them; None if none of them did."""
        return self.usage.total_tokens

    def switch(self, model: str | None = None, *, provider: BaseProvider | str | None = None) -> Self:
        """Uses another model from now on. It receives all earlier turns.

        Args:
            model: The new model, also with a provider before it: `"anthropic/claude-sonnet-5"`.
            provider: The new provider. The `model` of the conversation is dropped, as it belongs to the old provider.

        Raises:
            ProviderConfigurationError: If neither is given.
        """
        if provider is None and model is None:
            raise ProviderConfigurationError("switch needs a target. Pass model=... or provider=...")
        stored = {name: value for name, value in self.options.items() if name != "model" or provider is None}
        old = stored.get("provider")
        if model is not None and provider is None and isinstance(old, str) and names_other_provider(model, old):
            del stored["provider"]
        target = {name: value for name, value in (("provider", provider), ("model", model)) if value is not None}
        self._client._operations.require_context_support({**stored, **target})
        self.options = {**stored, **target}
        return self

    def branch(self, turns: int | None = None) -> Self:
        """Returns a new conversation that begins with the turns of this one; both go on independently.

        Args:
            turns: The number of turns to copy; None copies all.
        """
        return type(self)(self._client, {**self.options, "system": self.instructions}, self._turns[:turns])

    def plan(self, prompt: str, **options: Unpack[AskOptions]) -> Plan:
        """Returns what each part of the conversation would become at the provider. Nothing is sent.

        Args:
            prompt: The next question.
            **options: See `AskOptions`; they override those of the conversation.
        """
        return self._client._operations.plan(prompt, self._merge_options(use_own_names(options, SYSTEM_NAMES)))

    @classmethod
    def from_json(cls, saved: bytes | str, client: C, **options: Unpack[AskOptions]) -> Self:
        """Restores a conversation from the JSON of `to_json`, also from the engine's. Saving it again gives the same
        bytes.

        Args:
            saved: The JSON text.
            client: The client to send through.
            **options: Options for all turns.
        """
        conversation = read_saved(saved)
        client._operations.require_context_support(dict(options))
        given = use_own_names(options, SYSTEM_NAMES)
        return cls(client, {"system": conversation.instructions, **given}, conversation.turns)

    @classmethod
    def load(cls, path: str | Path, client: C, **options: Unpack[AskOptions]) -> Self:
        """Restores a conversation from a file written by `save`; `save` may replace that file.

        Args:
            path: The file.
            client: The client to send through.
            **options: Options for all turns; see `AskOptions`.

        Raises:
            ProviderConfigurationError: If the file is not a saved conversation.
        """
        conversation = cls.from_json(read_saved_file(path), client, **options)
        conversation.remember_file(path)
        return conversation

    def _merge_options(self, options: Mapping[str, object]) -> Options:
        """The options of this turn, on top of those of the conversation."""
        if "context" in options:
            raise ProviderCapabilityError("a conversation has its own context. Start another chat for another context.")
        instructions = {"system": system_argument(self.instructions)} if self.instructions else {}
        return {**self.options, **instructions, **options, "context": tuple(self.messages)}

    def _prepare_turn(self, prompt: str, options: Options) -> tuple[Options, TurnRecorder]:
        """The options of the next request, and the recorder for its outcome."""
        options = use_own_names(options, SYSTEM_NAMES)
        files = options.get("files", self.options.get("files"))
        message = add_files(prompt, files) if files else prompt
        recorder = TurnRecorder(self.record, self.record_run, message, system_texts(options.get("system")))
        merged = self._merge_options(options)
        if options.get("resume") is not None:
            saved = self._to_resume(options["resume"])
            recorder.record_run = lambda prompt, *, instructions, run: self._record_resumed(saved, run)
            del merged["context"]
            merged["resume"] = saved
        return self._client._operations.with_run_callback(merged, recorder.run), recorder

    def _prepare_typed(self, prompt: str, options: Options) -> tuple[Options, TurnRecorder]:
        """As `_prepare_turn`, but only the last answer is recorded, not each attempt."""
        merged, recorder = self._prepare_turn(prompt, dict(options))
        merged.pop("on_end", None)
        return merged, recorder

    def _record_stream(self, stream: S, recorder: TurnRecorder) -> S:
        stream.on_end(recorder.result)
        stream.on_close(recorder.record_partial)
        return stream


@with_secret_options
class Chat(ChatBase["AiClient"]):
    """A synchronous conversation. The model may change from turn to turn."""

    @conceals_its_options
    def ask(self, prompt: str = "", **options: Unpack[AskOptions]) -> AskResult:
        """Sends the next question and adds the turn to the history.

        Args:
            prompt: The question. Left out with `resume=run.decide(...)`, which continues the last turn.
            **options: See `AskOptions`; they apply to this question only.

        Returns:
            The answer.

        Raises:
            ProviderError: If the request fails; the question is not added to the history then.
        """
        conceal_options(options)
        merged, recorder = self._prepare_turn(prompt, dict(options))
        call = self._client._ask_call(prompt, merged)
        with call.context():
            result = call.read(call.send())
        recorder.result(result)
        return result

    @conceals_its_options
    def ask_typed(
        self, prompt: str, response_model: type[T], *, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> T:
        """Sends the next question and returns the answer as an instance of a type; see `AiClient.ask_typed`.

        Question and answer are one turn, also if an invalid answer was sent back.

        Args:
            prompt: The new user message.
            response_model: The type of the result: a Pydantic model, a dataclass, a `TypedDict` or any other type.
            max_repairs: How often an invalid answer is sent back with its errors, to be corrected.
            **options: See `AskOptions`.
        """
        conceal_options(options)
        reader = OutputReader(response_model, "ask_typed", prompt)
        merged, recorder = self._prepare_typed(prompt, dict(options))
        operations = self._client._operations
        asking = operations.ask_typed(prompt, reader, max_repairs, merged)
        while not asking.done:
            call = operations.prepare_ask(asking.request, asking.options())
            with call.context():
                asking.check(call.read(call.send()))
        recorder.result(asking.value)
        return asking.value.output

    def ask_stream(self, prompt: str = "", **options: Unpack[AskOptions]) -> AskStream | ProviderStream:
        """Streams the next answer. The turn is recorded when the stream ends or is closed.

        Args:
            prompt: The question.
            **options: See `AskOptions`; they apply to this question only.

        Returns:
            An iterator of text pieces.
        """
        merged, recorder = self._prepare_turn(prompt, dict(options))
        return self._record_stream(self._client.ask_stream(prompt, **merged), recorder)


@with_secret_options
class AsyncChat(ChatBase["AsyncAiClient"]):
    """A conversation for `AsyncAiClient`, made by `client.chat()`. Methods are those of `Chat`, and are awaited."""

    @conceals_its_options
    async def ask(self, prompt: str = "", **options: Unpack[AskOptions]) -> AskResult:
        """Sends the next question and adds the turn to the history.

        Args:
            prompt: The question. Left out with `resume=run.decide(...)`, which continues the last turn.
            **options: See `AskOptions`; they apply to this question only.

        Returns:
            The answer.

        Raises:
            ProviderError: If the request fails; the question is not added to the history then.
        """
        conceal_options(options)
        merged, recorder = self._prepare_turn(prompt, dict(options))
        result = await self._client.ask(prompt, **merged)
        recorder.result(result)
        return result

    @conceals_its_options
    async def ask_typed(
        self, prompt: str, response_model: type[T], *, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> T:
        """Sends the next question and returns the answer as an instance of a type; see `Chat.ask_typed`.

        Args:
            prompt: The new user message.
            response_model: The type of the result: a Pydantic model, a dataclass, a `TypedDict` or any other type.
            max_repairs: How often an invalid answer is sent back with its errors, to be corrected.
            **options: See `AskOptions`.
        """
        conceal_options(options)
        reader = OutputReader(response_model, "ask_typed", prompt)
        merged, recorder = self._prepare_typed(prompt, dict(options))
        operations = self._client._operations
        asking = operations.ask_typed(prompt, reader, max_repairs, merged)
        while not asking.done:
            call = await operations.prepare_ask_async(asking.request, asking.options())
            with call.context():
                asking.check(call.read(await call.send()))
        recorder.result(asking.value)
        return asking.value.output

    def ask_stream(self, prompt: str = "", **options: Unpack[AskOptions]) -> AsyncAskStream | AsyncProviderStream:
        """Streams the next answer; not awaited. The turn is recorded when the stream ends or is closed.

        Args:
            prompt: The question.
            **options: See `AskOptions`; they apply to this question only.

        Returns:
            An async iterator of text pieces.
        """
        merged, recorder = self._prepare_turn(prompt, dict(options))
        return self._record_stream(self._client.ask_stream(prompt, **merged), recorder)


def system_texts(system: str | Sequence[str] | None) -> tuple[str, ...]:
    """System instructions as a tuple, the form of the engine's conversation."""
    return (system,) if isinstance(system, str) else tuple(system or ())


def system_argument(instructions: Sequence[str]) -> str | Sequence[str]:
    """Instructions as `ask` takes them; a single one is a plain string, which custom providers expect."""
    return instructions[0] if len(instructions) == 1 else list(instructions)
