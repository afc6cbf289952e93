"""A turn: what was said to a model, and what it answered. Turns are all that a conversation consists of."""

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
    """A turn in which more was said than a question and an answer: all of it, and what all of it used."""

    messages: list[Message]
    usage: Usage
    cost: Cost


class Turn(FrozenModel):
    """`instructions` held for this turn only. `choice` says which of several answers the conversation goes on with.

    `exchange` is there where tools were run: `asked` and `answer` are then its beginning and its end.
    """

    prompt: list[Message] = Field(default_factory=list)
    instructions: list[str] = Field(default_factory=list)
    answer: ChatResponse
    choice: int = 0
    fingerprint: Fingerprint | None = None
    exchange: TurnExchange | None = None

    @property
    def messages(self) -> list[Message]:
        """The turn as history. An answer without a word, such as one that was cut at once, says nothing."""
        if self.exchange is not None:
            return list(self.exchange.messages)
        if self.choice >= len(self.answer.choices):
            return list(self.prompt)
        text = self.answer.to_message(self.choice)
        return [*self.prompt, text] if text.contents else list(self.prompt)

    @property
    def usage(self) -> Usage | None:
        """The tokens of everything that the turn took."""
        return self.exchange.usage if self.exchange is not None else self.answer.usage

    @property
    def cost(self) -> Cost | None:
        return self.exchange.cost if self.exchange is not None else self.answer.cost

    @property
    def text(self) -> str:
        """The words of the answer that counts."""
        choices = self.answer.choices
        return choices[self.choice].text() if self.choice < len(choices) else ""


def read(prompts: Sequence[MessageLike]) -> list[Message]:
    return [read_message(one) for one in prompts]


def as_tuple(instructions: Sequence[str] | str) -> tuple[str, ...]:
    return (instructions,) if isinstance(instructions, str) else tuple(instructions)
