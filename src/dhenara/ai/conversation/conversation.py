"""A conversation for everyday use: ask, stream, change the model in the middle, undo, branch, save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from ..history.reading import MessageLike
from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint
from ..types.fingerprint import Fingerprint
from ..types.message import Message
from ..types.plan import Plan
from ..types.response import ChatResponse
from ..types.secret_options import with_secret_options
from .runs import ConversationRuns
from .saved import read_saved
from .speaker import Speaker
from .streams import SpokenAsyncStream, SpokenStream
from .turn import Turn, listed, read


@with_secret_options
class Conversation(ConversationRuns):
    """Grows by a turn with every answer; a call that fails leaves it as it was.

    `instructions` hold until they are changed; those given with one question hold for that one. One conversation
    is for one thread or task at a time: `branch()` makes another one from the same turns.
    """

    def __init__(self, client: Speaker, instructions: Sequence[str] = (), turns: Sequence[Turn] = ()) -> None:
        super().__init__(instructions, turns)
        self.client = client
        self._made: list[Speaker] = []

    def ask(self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> AIModelCallResponse:
        """The answer to what is said now: prompts, parts, results of tools. `config` are settings of this call."""
        asked, told = read(said), listed(instructions)
        response = self.client.generate(**self._request(asked, told, {**config, "streaming": False}))
        self._keep(asked, told, response)
        return response

    async def ask_async(
        self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> AIModelCallResponse:
        """The same, awaited."""
        asked, told = read(said), listed(instructions)
        response = await self.client.generate_async(**self._request(asked, told, {**config, "streaming": False}))
        self._keep(asked, told, response)
        return response

    def stream(self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> SpokenStream:
        """The answer as `(chunk, final)`; the turn is written down when it ends, or when it is closed early."""
        asked, told = read(said), listed(instructions)
        response = self.client.generate(**self._request(asked, told, {**config, "streaming": True}))
        return SpokenStream(response.stream_generator, lambda *answer: self._write(asked, told, *answer))

    async def stream_async(
        self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> SpokenAsyncStream:
        """The same for `async for`: `async for chunk, final in await talk.stream_async(...)`."""
        asked, told = read(said), listed(instructions)
        response = await self.client.generate_async(**self._request(asked, told, {**config, "streaming": True}))
        return SpokenAsyncStream(response.stream_generator, lambda *answer: self._write(asked, told, *answer))

    def plan(self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> Plan:
        """What would become of each part if this were asked now."""
        return self.client.plan(**self._request(read(said), listed(instructions), {**config, "streaming": False}))

    def switch(self, to: AIModelEndpoint | Speaker) -> Self:
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
    def from_json(cls, saved: bytes | str, client: Speaker) -> Self:
        """The conversation again, to go on with this client. Saved again it has the same bytes."""
        found = read_saved(saved)
        return cls(client, found.instructions, found.turns)

    @classmethod
    def load(cls, path: str | Path, client: Speaker) -> Self:
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

    def _keep(self, asked: list[Message], told: tuple[str, ...], response: AIModelCallResponse) -> None:
        if response.chat_response is not None:
            self._write(asked, told, response.chat_response, response.fingerprint)

    def _write(
        self, asked: list[Message], told: tuple[str, ...], answer: ChatResponse, fingerprint: Fingerprint | None
    ) -> None:
        self._append(Turn(asked=asked, instructions=list(told), answer=answer, fingerprint=fingerprint))
