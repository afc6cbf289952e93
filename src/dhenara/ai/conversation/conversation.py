"""`Conversation`: ask and stream with history, switch models, undo, branch and save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

from ..errors import ConfigurationError
from ..history.parsing import MessageLike, take_instructions
from ..types.chat.message import Message
from ..types.chat.report import Fingerprint, Plan
from ..types.chat.response import AIModelCallResponse, ChatResponse
from ..types.config.api import AIModelEndpoint, next_endpoint
from ..types.config.call_policies import ACCEPTED, describe_type
from ..types.config.model import AIModel
from ..types.config.other_names import refuse_streaming
from ..wire.secrets import with_secret_options
from .runs import ClientProtocol, ConversationRuns
from .turn import AsyncConversationStream, ConversationStream, Turn, read, read_saved, read_saved_file

if TYPE_CHECKING:
    from ..types.config.call_options import AnswerOptions


@with_secret_options
class Conversation(ConversationRuns):
    """A conversation with a model; each response adds a turn, a failed call changes nothing.

    Use one conversation from one thread or task at a time; `branch()` creates another one from the same turns.

    Args:
        client: Client that sends the calls.
        instructions: System instructions for all turns; those passed with a prompt apply to that turn only.
        turns: Earlier turns to continue from.
    """

    def __init__(self, client: ClientProtocol, instructions: Sequence[str] = (), turns: Sequence[Turn] = ()) -> None:
        super().__init__(instructions, turns)
        self.client = client
        self._used: list[ClientProtocol] = [client]
        self._made: list[ClientProtocol] = []

    def ask(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **options: Unpack[AnswerOptions]
    ) -> AIModelCallResponse:
        """Send prompts with the history and return the response.

        Args:
            *prompts: User messages, parts, or tool results.
            instructions: System instructions for this turn only.
            **options: Fields of `AIModelCallConfig` for this call; see `AnswerOptions`.

        Returns:
            The response; it is added to the conversation.

        Raises:
            ConfigurationError: If an argument is invalid.
            CallError: If the call failed; the conversation is unchanged.
        """
        refuse_streaming(options, "stream")
        request, system = read(prompts), take_instructions(instructions, options)
        response = self.client.generate(**self._request(request, system, {**options, "streaming": False}))
        self._record_response(request, system, response)
        return response

    async def ask_async(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **options: Unpack[AnswerOptions]
    ) -> AIModelCallResponse:
        """Async version of `ask`."""
        refuse_streaming(options, "stream")
        request, system = read(prompts), take_instructions(instructions, options)
        response = await self.client.generate_async(**self._request(request, system, {**options, "streaming": False}))
        self._record_response(request, system, response)
        return response

    def stream(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **options: Unpack[AnswerOptions]
    ) -> ConversationStream:
        """Send prompts and return a stream of `(chunk, final)`; arguments as for `ask`.

        The turn is added when the stream ends, or when it is closed, with the text received so far.

        Args:
            *prompts: The new user messages.
            instructions: System instructions.
            **options: See `AnswerOptions`.
        """
        refuse_streaming(options, None)
        request, system = read(prompts), take_instructions(instructions, options)
        response = self.client.generate(**self._request(request, system, {**options, "streaming": True}))
        return ConversationStream(response.stream_generator, lambda *answer: self._write(request, system, *answer))

    async def stream_async(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **options: Unpack[AnswerOptions]
    ) -> AsyncConversationStream:
        """Async version of `stream`: `async for chunk, final in await conversation.stream_async(...)`."""
        refuse_streaming(options, None)
        request, system = read(prompts), take_instructions(instructions, options)
        response = await self.client.generate_async(**self._request(request, system, {**options, "streaming": True}))
        return AsyncConversationStream(response.stream_generator, lambda *answer: self._write(request, system, *answer))

    def plan(
        self, *prompts: MessageLike, instructions: Sequence[str] | str = (), **options: Unpack[AnswerOptions]
    ) -> Plan:
        """Show how each part of the history and the prompts would be sent, without sending anything.

        Args:
            *prompts: The new user messages.
            instructions: System instructions.
            **options: See `AnswerOptions`.
        """
        refuse_streaming(options, None)
        request, system = read(prompts), take_instructions(instructions, options)
        return self.client.plan(**self._request(request, system, {**options, "streaming": False}))

    def switch(self, to: AIModelEndpoint | AIModel | str | ClientProtocol) -> Self:
        """Continue the conversation on another model.

        Args:
            to: An endpoint or the name of a model, such as `"anthropic/claude-sonnet-5"`, for which a client is
                created; or a client. A model without a provider stays at the current one. Named models are called with
                the API of an endpoint that was used before, if it has the same provider.

        Returns:
            This conversation.

        Raises:
            ConfigurationError: If `to` is none of these.
        """
        if isinstance(to, AIModelEndpoint | AIModel | str):
            to = self._client_for(to)
        elif not callable(getattr(to, "generate", None)):
            raise ConfigurationError(f"a conversation continues on a client or on {ACCEPTED}, not {describe_type(to)}")
        self.client = to
        if to not in self._used:
            self._used.append(to)
        return self

    def _client_for(self, model: AIModelEndpoint | AIModel | str) -> ClientProtocol:
        endpoint = next_endpoint(model, self.client.model_endpoint, *(used.model_endpoint for used in self._used))
        for client in self._used:
            if client.model_endpoint == endpoint:
                return client
        made = self.client.with_endpoint(endpoint)
        self._made.append(made)
        return made

    def branch(self, turns: int | None = None) -> Conversation:
        """Return a new conversation with the same turns, or with the first `turns` of them.

        Args:
            turns: Number of turns; negative numbers leave out the last ones. Default None: all.

        Returns:
            The new conversation; later turns of one are not in the other.
        """
        return Conversation(self.client, self.instructions, self._turns[:turns])

    @classmethod
    def from_json(cls, saved: bytes | str, client: ClientProtocol) -> Self:
        """Load a conversation from JSON.

        Args:
            saved: The result of `to_json`.
            client: Client to continue with.

        Raises:
            ConfigurationError: If `saved` is not a saved conversation.
        """
        data = read_saved(saved)
        return cls(client, data.instructions, data.turns)

    @classmethod
    def load(cls, path: str | Path, client: ClientProtocol) -> Self:
        """Load a conversation from a file written by `save`; `save` may replace that file.

        Args:
            path: The file.
            client: Client to continue with.

        Raises:
            ConfigurationError: If the file cannot be read, or is not a saved conversation.
        """
        conversation = cls.from_json(read_saved_file(path), client)
        conversation.remember_file(path)
        return conversation

    def close(self) -> None:
        """Close the clients created by `switch`; the client passed to the constructor stays open."""
        for client in self._made:
            client.close()

    async def aclose(self) -> None:
        """Async version of `close`."""
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
