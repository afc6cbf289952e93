"""A turn of a conversation, and its streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, ValidationError

from ..errors import CallError, ConfigurationError
from ..history.parsing import MessageLike, read_message
from ..output_files import require_path
from ..pipeline.agent.run_state import answers_of
from ..streams.chat import AsyncStream, ChatStreamBase, SyncStream
from ..streams.text import AsyncTextStream, ReadByAsync, ReadBySyncFor, TextStream
from ..types.chat.cost import Cost, total_cost
from ..types.chat.message import AnswerParts, Message, Text
from ..types.chat.report import Fingerprint
from ..types.chat.response import AIModelCallResponse, ChatResponse
from ..types.chat.run import InnerRun, Run
from ..types.chat.stream import StreamEvent
from ..types.chat.usage import ReportedUsage, Usage, total_usage
from ..types.display import ShownAsText
from ..types.model_base import FrozenModel


class TurnExchange(FrozenModel):
    """All messages of a turn with tool runs, with their total usage and cost."""

    messages: list[Message]
    usage: ReportedUsage
    cost: Cost


class Turn(ShownAsText, AnswerParts, FrozenModel):
    """One prompt and its response.

    Attributes:
        prompt: The messages that were sent.
        instructions: System instructions of this turn only.
        answer: The response; with tools, the last one.
        choice: Index of the choice that the conversation continues with.
        fingerprint: Fingerprint of the request, for `explain_cache`.
        exchange: All messages of the turn, if tools were run.
        run: The run of the turn while calls are pending, or an agent has not ended; for `resume=`. The conversation has
            its messages.
    """

    prompt: list[Message] = Field(default_factory=list)
    instructions: list[str] = Field(default_factory=list)
    answer: ChatResponse
    choice: int = 0
    fingerprint: Fingerprint | None = None
    exchange: TurnExchange | None = None
    if TYPE_CHECKING:
        run: Run[Any] | None = None
    else:
        run: InnerRun = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "prompt", " ".join(message.text for message in self.prompt)
        yield "text", self.text
        yield "model", self.model
        yield "usage", self.usage

    @property
    def messages(self) -> list[Message]:
        """The messages of this turn; a response without content is left out."""
        if self.exchange is not None:
            return list(self.exchange.messages)
        if self.choice >= len(self.answer.choices):
            return list(self.prompt)
        reply = self.answer.to_message(self.choice)
        return [*self.prompt, reply] if reply.contents else list(self.prompt)

    @property
    def usage(self) -> Usage:
        """Token usage of all requests of this turn."""
        return self.exchange.usage if self.exchange is not None else self.answer.usage

    @property
    def cost(self) -> Cost:
        """Cost of all requests of this turn; if it is unknown, `amount` is None and `reason` says why."""
        return self.exchange.cost if self.exchange is not None else self.answer.cost

    @property
    def text(self) -> Text:
        """Text of the chosen response."""
        choices = self.answer.choices
        return choices[self.choice].text if self.choice < len(choices) else Text()

    def _answer(self) -> ChatResponse:
        """The response with the chosen choice alone."""
        if not self.choice:
            return self.answer
        return self.answer.model_copy(update={"choices": self.answer.choices[self.choice : self.choice + 1]})


def read(prompts: Sequence[MessageLike]) -> list[Message]:
    return [read_message(one) for one in prompts]


def run_turn(prompt_messages: Sequence[Message], system: Sequence[str], run: Run[Any]) -> Turn:
    """Return the turn of a run: the prompt and everything that the run added."""
    return Turn(
        prompt=list(prompt_messages),
        instructions=list(system),
        answer=run.response or ChatResponse(),
        fingerprint=run.steps[-1].response.fingerprint if run.steps else None,
        exchange=TurnExchange(messages=[*prompt_messages, *run.added], usage=run.usage, cost=run.cost),
        run=pending_run(run),
    )


def pending_run(run: Run[Any]) -> Run[Any] | None:
    """Return the run without its messages if it has to be resumed: calls are pending, or an agent has not ended."""
    if run.stopped != "pending" and not has_open_agent(run):
        return None
    return replace(run, messages=(), added=())


def has_open_agent(run: Run[Any]) -> bool:
    """Return whether an agent was begun, and has no result yet."""
    return any(tool.run is not None and tool.result is None for step in run.steps[-1:] for tool in step.tools)


def answers_since(saved: Run[Any], run: Run[Any]) -> list[Any]:
    """Return the answers that a resumed run has got since it was saved."""
    earlier = {id(answer) for answer in answers_of(saved)}
    return [answer for answer in answers_of(run) if id(answer) not in earlier]


def resumed_turn(begun: Turn, saved: Run[Any], run: Run[Any]) -> Turn:
    """Return the turn after its pending run was resumed: `run` has everything that `saved` had.

    Of the usage of the turn, that of the resumed part is new.
    """
    messages = begun.messages
    here = answers_since(saved, run)
    whole = TurnExchange(
        messages=[*messages[: len(messages) - len(saved.added)], *run.added],
        usage=total_usage((begun.usage, *(one.usage for one in here))),
        cost=total_cost((begun.cost, *(one.cost for one in here))),
    )
    later = run_turn(begun.prompt, begun.instructions, run)
    return later.model_copy(update={"exchange": whole, "fingerprint": later.fingerprint or begun.fingerprint})


def continue_turn(begun: Turn, system: Sequence[str], run: Run[Any]) -> Turn:
    """Return the turn extended by a later run, for example after a tool call was approved."""
    later = run_turn((), system, run)
    whole = TurnExchange(
        messages=[*begun.messages, *run.added],
        usage=total_usage((begun.usage, run.usage)),
        cost=total_cost((begun.cost, run.cost)),
    )
    return Turn(
        prompt=begun.prompt,
        instructions=later.instructions or begun.instructions,
        answer=run.response or begun.answer,
        fingerprint=later.fingerprint or begun.fingerprint,
        exchange=whole,
        run=later.run,
    )


def turns_cost(costs: Sequence[Cost]) -> Cost:
    """Return the sum; if a turn has no price, `amount` is None and `components` has the known part."""
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    known = sum(amounts, Decimal(0))
    if len(amounts) == len(costs):
        return Cost(amount=known, source="turns")
    missing = len(costs) - len(amounts)
    return Cost(components={"known": known}, reason=f"{missing} of {len(costs)} turns have no known price")


VERSION = 1
"""The format of saved conversations."""


class SavedConversation(FrozenModel):
    """A saved conversation, without endpoints because these contain API keys.

    Attributes:
        version: Version of the format. Default 1.
        instructions: System instructions.
        turns: The turns, oldest first.
    """

    version: int = VERSION
    instructions: list[str] = Field(default_factory=list)
    turns: list[Turn] = Field(default_factory=list)


def read_saved_file(path: str | Path) -> bytes:
    """Return the contents of a saved conversation.

    Args:
        path: Path of the file.

    Raises:
        ConfigurationError: If the file cannot be read.
    """
    place = require_path("Conversation.load(path)", path)
    try:
        return place.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"file {path} cannot be read: {error.strerror}") from error


def read_saved(saved: bytes | str) -> SavedConversation:
    """Parse a saved conversation.

    Args:
        saved: The JSON, as text or bytes.

    Raises:
        ConfigurationError: If it is invalid.
    """
    try:
        conversation = SavedConversation.model_validate_json(saved)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the beginning"
        raise ConfigurationError(f"not a valid saved conversation: {first['msg']} at {where}") from error
    if "turns" not in conversation.model_fields_set:  # any other JSON object would be an empty conversation
        raise ConfigurationError("not a valid saved conversation: it has no turns")
    if conversation.version > VERSION:
        raise ConfigurationError(
            f"the saved conversation has format {conversation.version}, and this version of the library reads format "
            f"{VERSION}. Install a newer version."
        )
    return conversation


Keep = Callable[[ChatResponse, Fingerprint | None], None]


class TurnWriter:
    """Adds the turn once: complete, or with what was received."""

    def __init__(self, keep: Keep) -> None:
        self._keep: Keep | None = keep

    def write(self, answer: ChatResponse, fingerprint: Fingerprint | None = None) -> None:
        keep, self._keep = self._keep, None
        if keep is not None and (answer.contents or not answer.interrupted):
            keep(answer, fingerprint)


class ConversationStreamBase:
    """Base of the sync and async streams of conversations."""

    def __init__(self, stream: ChatStreamBase, keep: Keep) -> None:
        self._received = stream
        self._stored = TurnWriter(keep)

    @property
    def response(self) -> AIModelCallResponse:
        """The whole response, once the stream has ended; if it was interrupted or closed, what had arrived.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        return self._received.response

    @property
    def error(self) -> CallError | None:
        """The error that interrupted the stream, or None."""
        return self._received.error

    def partial(self) -> ChatResponse:
        """Return the response so far, also after the stream was interrupted or closed."""
        return self._received.partial()


class ConversationStream(ReadBySyncFor, ConversationStreamBase):
    """Iterator of `(chunk, final)`; closing it adds the turn with the text received so far."""

    def __init__(self, stream: SyncStream, keep: Keep) -> None:
        super().__init__(stream, keep)
        self._stream = stream

    @property
    def text_stream(self) -> TextStream:
        """Iterator over the text alone."""
        return TextStream(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent:
        chunk, final = next(self._stream)
        if final is not None:
            self._stored.write(self._stream.partial(), final.fingerprint)
        return chunk, final

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, and add the turn with the text received so far."""
        self._stream.close()
        self._stored.write(self._stream.partial())


class AsyncConversationStream(ReadByAsync, ConversationStreamBase):
    """Async version of `ConversationStream`."""

    def __init__(self, stream: AsyncStream, keep: Keep) -> None:
        super().__init__(stream, keep)
        self._stream = stream

    @property
    def text_stream(self) -> AsyncTextStream:
        """Iterator over the text alone."""
        return AsyncTextStream(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        chunk, final = await anext(self._stream)
        if final is not None:
            self._stored.write(self._stream.partial(), final.fingerprint)
        return chunk, final

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, and add the turn with the text received so far."""
        await self._stream.aclose()
        self._stored.write(self._stream.partial())
