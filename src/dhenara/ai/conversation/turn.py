"""A turn: prompt and response. A conversation consists of turns."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ..history.parsing import MessageLike, read_message
from ..types.cost import Cost
from ..types.fingerprint import Fingerprint
from ..types.message import Message
from ..types.model_base import FrozenModel
from ..types.response import ChatResponse
from ..types.usage import Usage


class TurnExchange(FrozenModel):
    """All messages of a turn with tool runs, with their total usage and cost."""

    messages: list[Message]
    usage: Usage
    cost: Cost


class Turn(FrozenModel):
    """One prompt and its response.

    Attributes:
        prompt: The messages that were sent.
        instructions: System instructions of this turn only.
        answer: The response; with tools, the last one.
        choice: Index of the choice that the conversation continues with.
        fingerprint: Fingerprint of the request, for `explain_cache`.
        exchange: All messages of the turn, if tools were run.
    """

    prompt: list[Message] = Field(default_factory=list)
    instructions: list[str] = Field(default_factory=list)
    answer: ChatResponse
    choice: int = 0
    fingerprint: Fingerprint | None = None
    exchange: TurnExchange | None = None

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
    def usage(self) -> Usage | None:
        """Token usage of all requests of this turn."""
        return self.exchange.usage if self.exchange is not None else self.answer.usage

    @property
    def cost(self) -> Cost | None:
        return self.exchange.cost if self.exchange is not None else self.answer.cost

    @property
    def text(self) -> str:
        """Text of the chosen response."""
        choices = self.answer.choices
        return choices[self.choice].text() if self.choice < len(choices) else ""


def read(prompts: Sequence[MessageLike]) -> list[Message]:
    return [read_message(one) for one in prompts]


def as_tuple(instructions: Sequence[str] | str) -> tuple[str, ...]:
    return (instructions,) if isinstance(instructions, str) else tuple(instructions)
