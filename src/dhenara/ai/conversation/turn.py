"""A turn: what was said to a model, and what it answered. Turns are all that a conversation consists of."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ..history import MessageLike, read_message
from ..types.base import Value
from ..types.fingerprint import Fingerprint
from ..types.message import Message
from ..types.response import ChatResponse


class Turn(Value):
    """`instructions` held for this turn only. `choice` says which of several answers the conversation goes on with."""

    asked: list[Message] = Field(default_factory=list)
    instructions: list[str] = Field(default_factory=list)
    answer: ChatResponse
    choice: int = 0
    fingerprint: Fingerprint | None = None

    @property
    def messages(self) -> list[Message]:
        """The turn as history. An answer without a word, such as one that was cut at once, says nothing."""
        if self.choice >= len(self.answer.choices):
            return list(self.asked)
        said = self.answer.to_message(self.choice)
        return [*self.asked, said] if said.contents else list(self.asked)

    @property
    def text(self) -> str:
        """The words of the answer that counts."""
        choices = self.answer.choices
        return choices[self.choice].text() if self.choice < len(choices) else ""


class Saved(Value):
    """A conversation at rest. No endpoint is in it, for endpoints have keys."""

    version: int = 1
    instructions: list[str] = Field(default_factory=list)
    turns: list[Turn] = Field(default_factory=list)


def read(said: Sequence[MessageLike]) -> list[Message]:
    return [read_message(one) for one in said]


def listed(instructions: Sequence[str] | str) -> tuple[str, ...]:
    return (instructions,) if isinstance(instructions, str) else tuple(instructions)
