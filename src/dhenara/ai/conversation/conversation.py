"""A conversation for everyday use: ask, stream, change the model in the middle, undo, branch, save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from ..errors import ConfigurationError
from ..history import MessageLike
from ..types.call_response import AIModelCallResponse
from ..types.cost import Cost
from ..types.endpoint import AIModelEndpoint
from ..types.fingerprint import Fingerprint
from ..types.message import Message
from ..types.plan import Plan
from ..types.response import ChatResponse
from ..types.usage import Usage
from .caching import explain
from .speaker import Speaker
from .streams import SpokenAsyncStream, SpokenStream
from .totals import total_cost, total_usage
from .turn import Saved, Turn, listed, read


class Conversation:
    """Grows by a turn with every answer; a call that fails leaves it as it was.

    `instructions` hold until they are changed; those given with one question hold for that one. One conversation
    is for one thread or task at a time: `branch()` makes another one from the same turns.
    """

    def __init__(self, client: Speaker, instructions: Sequence[str] = (), turns: Sequence[Turn] = ()) -> None:
        self.client = client
        self.instructions: tuple[str, ...] = tuple(instructions)
        self._turns: list[Turn] = list(turns)
        self._made: list[Speaker] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    @property
    def messages(self) -> list[Message]:
        """Everything that was said, as `generate` takes it."""
        return [message for turn in self._turns for message in turn.messages]

    @property
    def last(self) -> ChatResponse | None:
        """The latest answer."""
        return self._turns[-1].answer if self._turns else None

    @property
    def usage(self) -> Usage:
        """The tokens of all turns, those that were undone not among them."""
        return total_usage(turn.answer.usage for turn in self._turns)

    @property
    def cost(self) -> Cost:
        """What all turns cost; unknown where one of them is."""
        return total_cost([turn.answer.cost for turn in self._turns])

    def ask(self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> AIModelCallResponse:
        """The answer to what is said now: prompts, parts, results of tools. `config` are settings of this call."""
        asked, told = read(said), listed(instructions)
        response = self.client.generate(**self._request(asked, told, config, streaming=False))
        self._keep(asked, told, response)
        return response

    async def ask_async(
        self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> AIModelCallResponse:
        """The same, awaited."""
        asked, told = read(said), listed(instructions)
        response = await self.client.generate_async(**self._request(asked, told, config, streaming=False))
        self._keep(asked, told, response)
        return response

    def stream(self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> SpokenStream:
        """The answer as `(chunk, final)`; the turn is written down when it ends, or when it is closed early."""
        asked, told = read(said), listed(instructions)
        response = self.client.generate(**self._request(asked, told, config, streaming=True))
        return SpokenStream(response.stream_generator, lambda *answer: self._write(asked, told, *answer))

    async def stream_async(
        self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any
    ) -> SpokenAsyncStream:
        """The same for `async for`: `async for chunk, final in await talk.stream_async(...)`."""
        asked, told = read(said), listed(instructions)
        response = await self.client.generate_async(**self._request(asked, told, config, streaming=True))
        return SpokenAsyncStream(response.stream_generator, lambda *answer: self._write(asked, told, *answer))

    def plan(self, *said: MessageLike, instructions: Sequence[str] | str = (), **config: Any) -> Plan:
        """What would become of each part if this were asked now."""
        return self.client.plan(**self._request(read(said), listed(instructions), config, streaming=False))

    def record(
        self, *said: MessageLike, answer: ChatResponse, instructions: Sequence[str] | str = (), choice: int = 0
    ) -> Turn:
        """Writes down a turn that was made elsewhere, by a loop over tools for example."""
        turn = Turn(asked=read(said), instructions=list(listed(instructions)), answer=answer, choice=choice)
        self._turns.append(turn)
        return turn

    def switch(self, to: AIModelEndpoint | Speaker) -> Self:
        """From now on another model answers; it hears the whole conversation as it plainly is."""
        if isinstance(to, AIModelEndpoint):
            known = [client for client in (self.client, *self._made) if client.model_endpoint == to]
            to = known[0] if known else self.client.with_endpoint(to)
            if not known:
                self._made.append(to)
        self.client = to
        return self

    def choose(self, choice: int) -> Turn:
        """Goes on with another of the answers to the last question."""
        turn = self._last_turn()
        if not 0 <= choice < len(turn.answer.choices):
            raise ConfigurationError(f"the last turn has {len(turn.answer.choices)} answers, so there is no {choice}")
        self._turns[-1] = turn.model_copy(update={"choice": choice})
        return self._turns[-1]

    def undo(self) -> Turn:
        """Takes the last turn back, and gives it to you."""
        turn = self._last_turn()
        self._turns.pop()
        return turn

    def branch(self, turns: int | None = None) -> Conversation:
        """Another conversation with the same beginning: all turns, or so many of them."""
        return Conversation(self.client, self.instructions, self._turns[:turns])

    def explain_cache(self, turn: int = -1) -> str:
        """Why the provider's prompt cache did, or did not, know the beginning of this turn."""
        self._last_turn()
        return explain(self._turns, range(len(self._turns))[turn])

    def to_json(self) -> bytes:
        """The whole conversation, for `from_json`. Keys and endpoints are not in it."""
        return Saved(instructions=list(self.instructions), turns=self._turns).model_dump_json().encode()

    @classmethod
    def from_json(cls, saved: bytes | str, client: Speaker) -> Self:
        """The conversation again, to go on with this client. Saved again it has the same bytes."""
        try:
            found = Saved.model_validate_json(saved)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the beginning"
            raise ConfigurationError(f"this is not a saved conversation: {first['msg']} at {where}") from error
        return cls(client, found.instructions, found.turns)

    def save(self, path: str | Path) -> None:
        Path(path).write_bytes(self.to_json())

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

    def _request(
        self, asked: list[Message], told: tuple[str, ...], config: dict[str, Any], *, streaming: bool
    ) -> dict[str, Any]:
        messages = [*self.messages, *asked]
        instructions = (*self.instructions, *told)
        fixed = {"messages": messages, "instructions": instructions, "streaming": streaming}
        return {"fingerprint": True, **config, **fixed}

    def _keep(self, asked: list[Message], told: tuple[str, ...], response: AIModelCallResponse) -> None:
        if response.chat_response is not None:
            self._write(asked, told, response.chat_response, response.fingerprint)

    def _write(
        self, asked: list[Message], told: tuple[str, ...], answer: ChatResponse, fingerprint: Fingerprint | None
    ) -> None:
        self._turns.append(Turn(asked=asked, instructions=list(told), answer=answer, fingerprint=fingerprint))

    def _last_turn(self) -> Turn:
        if not self._turns:
            raise ConfigurationError("this conversation has no turns yet: ask something first")
        return self._turns[-1]
