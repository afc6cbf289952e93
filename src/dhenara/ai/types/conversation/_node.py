"""A node: what a user asked, with which files, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from ..content import ContentItem, TextContent
from ..image import ImageResponse
from ..message import Message, Prompt
from ..model_base import FrozenModel
from ..response import ChatResponse
from ..vendor_formats import read_parts


class ConversationNode(FrozenModel):
    """`attached_files` is another name of `input_files`; a file may be a path, bytes or any kind of content."""

    user_query: str | None = None
    input_files: list[ContentItem] = Field(default_factory=list)
    response: ChatResponse | ImageResponse | None = Field(default=None, union_mode="left_to_right")
    timestamp: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_other_name(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "attached_files" not in given:
            return given
        text = dict(given)
        if text.get("input_files"):
            raise ValueError("the files are given once: as input_files or as attached_files")
        text["input_files"] = text.pop("attached_files") or []
        return text

    @field_validator("input_files", mode="before")
    @classmethod
    def _read_files(cls, given: Any) -> Any:
        return [] if given is None else read_parts(given)

    @property
    def attached_files(self) -> list[ContentItem]:
        return self.input_files

    def get_prompt(self, max_words_query: int | None = None) -> Prompt:
        """What the user said in this node, with the files."""
        return query_prompt(self.user_query, self.input_files, max_words_query)

    def get_context(self, max_words_query: int | None = None, max_words_response: int | None = None) -> list[Message]:
        """The node as history: what was asked, and what was answered if anything was."""
        turns: list[Message] = [self.get_prompt(max_words_query)] if self.user_query or self.input_files else []
        return turns + answer_messages(self.response, max_words_response)


def query_prompt(query: str | None, files: list[ContentItem], max_words: int | None = None) -> Prompt:
    words = [TextContent(text=shorten(query, max_words))] if query else []
    return Prompt(role="user", contents=[*words, *files])


def answer_messages(response: ChatResponse | ImageResponse | None, max_words: int | None = None) -> list[Message]:
    """The first answer as a turn; shortened, it is plain text that nobody's own bytes belong to any more."""
    if response is None:
        return []
    if isinstance(response, ImageResponse):
        words = [TextContent(text=response.text)] if response.text else []
        options = [*words, *response.images]
        return [Message(role="assistant", contents=options)] if options else []
    if not response.contents:
        return []
    if max_words is not None:
        return [Message(role="assistant", contents=[TextContent(text=shorten(response.text(), max_words))])]
    return [response.to_message()]


def shorten(text: str, max_words: int | None) -> str:
    words = text.split() if max_words is not None else []
    if max_words is None or len(words) <= max_words:
        return text
    return " ".join([*words[:max_words], "…"])
