"""Responses of a fake provider, independent of its protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FakeToolCall:
    """A tool call in a response."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str = "call_1"


@dataclass(frozen=True, slots=True)
class FakeUsage:
    """Token counts: `input` without cached tokens, `output` including reasoning."""

    input: int = 11
    output: int = 7
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. The protocol of the request decides how it is written, as a body or a stream."""

    text: str = ""
    reasoning: str = ""
    signature: str | None = None
    tool_calls: tuple[FakeToolCall, ...] = ()
    refusal: str | None = None
    finish: str | None = None
    usage: FakeUsage = FakeUsage()
    id: str = "answer-1"
    model: str | None = None
    choices: tuple[str, ...] = ()
    """Texts of further choices, for requests with n > 1."""

    @property
    def pieces(self) -> list[str]:
        """The text in the pieces in which it is streamed."""
        return split_pieces(self.text)


def split_pieces(text: str, size: int = 6) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]
