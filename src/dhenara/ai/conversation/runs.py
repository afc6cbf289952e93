"""Runs inside a conversation: all their rounds are one turn, written down when the run is over, however it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..history.parsing import MessageLike
from ..types.call_config import AIModelCallConfig
from ..types.message import Message
from ..types.run import Run
from ..types.structured import StructuredOutput
from .client_protocol import ClientProtocol
from .turn import as_tuple, read
from .turns import TurnHistory

if TYPE_CHECKING:
    from ..streams.runs import AsyncRunStream, RunStream

T = TypeVar("T")
Instructions = Sequence[str] | str
Shape = StructuredOutput | Mapping[str, Any] | None


class ConversationRuns(TurnHistory):
    """A part of Conversation. A run to which nothing is said goes on with the last turn, where it was left."""

    client: ClientProtocol

    @overload
    def run(
        self, *prompts: MessageLike, output: type[T], instructions: Instructions = (), **settings: Any
    ) -> Run[T]: ...
    @overload
    def run(
        self, *prompts: MessageLike, output: Shape = None, instructions: Instructions = (), **settings: Any
    ) -> Run[Any]: ...
    def run(
        self, *prompts: MessageLike, output: Any = None, instructions: Instructions = (), **settings: Any
    ) -> Run[Any]:
        """Asks, runs the tools that are called and asks again, until there is an answer: one turn of the conversation.

        `settings` are those of `client.run`: `tools`, `limits`, `approve`, and whatever a call may be told. A run that
        waits for approval, fails, or is left keeps what had happened in it as its turn.
        """
        return self.client.run(output=output, **self._run_request(prompts, instructions, settings))

    @overload
    async def run_async(
        self, *prompts: MessageLike, output: type[T], instructions: Instructions = (), **settings: Any
    ) -> Run[T]: ...
    @overload
    async def run_async(
        self, *prompts: MessageLike, output: Shape = None, instructions: Instructions = (), **settings: Any
    ) -> Run[Any]: ...
    async def run_async(
        self, *prompts: MessageLike, output: Any = None, instructions: Instructions = (), **settings: Any
    ) -> Run[Any]:
        """The same, awaited."""
        return await self.client.run_async(output=output, **self._run_request(prompts, instructions, settings))

    @overload
    def run_streaming(
        self, *prompts: MessageLike, output: type[T], instructions: Instructions = (), **settings: Any
    ) -> RunStream[T]: ...
    @overload
    def run_streaming(
        self, *prompts: MessageLike, output: Shape = None, instructions: Instructions = (), **settings: Any
    ) -> RunStream[Any]: ...
    def run_streaming(
        self, *prompts: MessageLike, output: Any = None, instructions: Instructions = (), **settings: Any
    ) -> RunStream[Any]:
        """The same while it happens; the turn is written down when the stream ends, or is closed."""
        return self.client.run_streaming(output=output, **self._run_request(prompts, instructions, settings))

    @overload
    def run_streaming_async(
        self, *prompts: MessageLike, output: type[T], instructions: Instructions = (), **settings: Any
    ) -> AsyncRunStream[T]: ...
    @overload
    def run_streaming_async(
        self, *prompts: MessageLike, output: Shape = None, instructions: Instructions = (), **settings: Any
    ) -> AsyncRunStream[Any]: ...
    def run_streaming_async(
        self, *prompts: MessageLike, output: Any = None, instructions: Instructions = (), **settings: Any
    ) -> AsyncRunStream[Any]:
        """The same for `async for`; there is nothing to await before."""
        return self.client.run_streaming_async(output=output, **self._run_request(prompts, instructions, settings))

    def ask_typed(self, kind: type[T], *prompts: MessageLike, instructions: Instructions = (), **settings: Any) -> T:
        """The answer as an object of this type; corrections are a part of the turn."""
        return self.run(*prompts, output=kind, instructions=instructions, **settings).output

    async def ask_typed_async(
        self, kind: type[T], *prompts: MessageLike, instructions: Instructions = (), **settings: Any
    ) -> T:
        """The same, awaited."""
        return (await self.run_async(*prompts, output=kind, instructions=instructions, **settings)).output

    def _run_request(
        self, prompts: Sequence[MessageLike], instructions_value: Instructions, settings: dict[str, Any]
    ) -> dict[str, Any]:
        request, instructions = read(prompts), as_tuple(instructions_value)
        if not request and self._turns:
            instructions = instructions or tuple(self._turns[-1].instructions)
        received: Callable[[Run[Any]], object] | None = settings.get("on_end")

        def keep(run: Run[Any]) -> None:
            self._record_run(request, instructions, run)
            if received is not None:
                received(run)

        return {**self._request(request, instructions, settings), "on_end": keep}

    def _request(
        self, prompt_messages: list[Message], system: tuple[str, ...], config: dict[str, Any]
    ) -> dict[str, Any]:
        """What the client is told: everything that was said so far, and what is asked now."""
        fixed = {"messages": [*self.messages, *prompt_messages], "instructions": (*self.instructions, *system)}
        return {**self._fingerprint(config.get("config")), **config, **fixed}

    def _fingerprint(self, config: AIModelCallConfig | None) -> dict[str, bool]:
        """Requests of conversations have fingerprints, unless the client's config or that of the call says no."""
        chosen = config or getattr(self.client, "config", None)
        return {} if chosen is not None and "fingerprint" in chosen.model_fields_set else {"fingerprint": True}
