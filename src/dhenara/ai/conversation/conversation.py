"""A conversation for everyday use: ask, stream, change the model in the middle, undo, branch, save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from ..history.parsing import MessageLike
from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint
from ..types.fingerprint import Fingerprint
from ..types.message import Message
from ..types.plan import Plan
from ..types.response import ChatResponse
from ..types.secret_options import with_secret_options
from .client_protocol import ClientProtocol
from .runs import ConversationRuns
from .serialization import read_saved
from .streams import AsyncConversationStream, ConversationStream
from .turn import Turn, as_tuple, read


@with_secret_options
class Conversation(ConversationRuns):
    """Grows by a turn with every answer; a call that fails leaves it as it was.

    `instructions` hold until they are changed; those given with one question hold for that one. One conversation
    is for one thread or task at a time: `branch()` makes another one from the same turns.
    """

    def __init__(self, client: ClientProtocol, instructions: Sequence[str] = (), turns: Sequence[Turn] = ()) -> None:
        super().__init__(instructions, turns)
        self.client = client
        self._made: list[ClientProtocol] = []

    def ask(self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> AIModelCallResponse:
        """The answer to what is said now: prompts, parts, results of tools. `config` are settings of this call."""
        request, data = read(prompts), as_tuple(instructions)
        response = self.client.generate(**self._request(request, data, {**config, "streaming": False}))
        self._record_response(request, data, response)
        return response

    async def ask_async(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> AIModelCallResponse:
        """The same, awaited."""
        request, data = read(prompts), as_tuple(instructions)
        response = await self.client.generate_async(**self._request(request, data, {**config, "streaming": False}))
        self._record_response(request, data, response)
        return response

    def stream(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> ConversationStream:
        """The answer as `(chunk, final)`; the turn is written down when it ends, or when it is closed early."""
        request, data = read(prompts), as_tuple(instructions)
        response = self.client.generate(**self._request(request, data, {**config, "streaming": True}))
        return ConversationStream(response.stream_generator, lambda *answer: self._write(request, data, *answer))

    async def stream_async(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> AsyncConversationStream:
        """The same for `async for`: `async for chunk, final in await talk.stream_async(...)`."""
        request, data = read(prompts), as_tuple(instructions)
        response = await self.client.generate_async(**self._request(request, data, {**config, "streaming": True}))
        return AsyncConversationStream(response.stream_generator, lambda *answer: self._write(request, data, *answer))

    def plan(self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> Plan:
        """What would become of each part if this were asked now."""
        return self.client.plan(**self._request(read(prompts), as_tuple(instructions), {**config, "streaming": False}))

    def switch(self, to: AIModelEndpoint | ClientProtocol) -> Self:
        """From now on another model answers; it hears the whole conversation as it plainly is."""
        if isinstance(to, AIModelEndpoint):
            known = [client for client in (self.client, *self._made) if client.model_endpoint == to]
            to = known[0] if known else self.client.with_endpoint(to)
            if not known:
                self._made.append(to)
        self.client = to
        return self

    def branch(self, turns: int | None = None) -> Conversation:
        """Another conversation with the same beginning: all turns, or so many of them."""
        return Conversation(self.client, self.instructions, self._turns[:turns])

    @classmethod
    def from_json(cls, saved: bytes | str, client: ClientProtocol) -> Self:
        """The conversation again, to go on with this client. Saved again it has the same bytes."""
        match = read_saved(saved)
        return cls(client, match.instructions, match.turns)

    @classmethod
    def load(cls, path: str | Path, client: ClientProtocol) -> Self:
        return cls.from_json(Path(path).read_bytes(), client)

    def close(self) -> None:
        """Closes the clients that were made by switching; the one it began with is its owner's."""
        for client in self._made:
            client.close()

    async def aclose(self) -> None:
        for client in self._made:
            await client.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _record_response(
        self, prompt_messages: list[Message], instructions: tuple[str, ...], response: AIModelCallResponse
    ) -> None:
        if response.chat_response is not None:
            self._write(prompt_messages, instructions, response.chat_response, response.fingerprint)

    def _write(
        self,
        prompt_messages: list[Message],
        system: tuple[str, ...],
        answer: ChatResponse,
        fingerprint: Fingerprint | None,
    ) -> None:
        self._append(Turn(prompt=prompt_messages, instructions=list(system), answer=answer, fingerprint=fingerprint))
