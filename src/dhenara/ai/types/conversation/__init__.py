"""Conversation nodes, as applications store them: user query, files and response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from ..chat.message import Message, Prompt
from ..chat.response import ChatResponse
from ..content.parsing import read_parts
from ..content.parts import ContentItem, TextContent
from ..model_base import FrozenModel
from ..operations.images import ImageResponse


class ConversationNode(FrozenModel):
    """One turn of a conversation with its response.

    Attributes:
        user_query: The user's text.
        input_files: Files of the query: paths, bytes or content parts. Also accepted as `attached_files`.
        response: The response, if there is one.
        timestamp: When the turn happened.
    """

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
            raise ValueError("input_files and attached_files are both set. Pass only one of them")
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
        """Return the user's query and files as a prompt.

        Args:
            max_words_query: Maximum number of words of the query. Default None: no limit.

        Returns:
            The prompt.
        """
        return query_prompt(self.user_query, self.input_files, max_words_query)

    def get_context(self, max_words_query: int | None = None, max_words_response: int | None = None) -> list[Message]:
        """Return the node as history messages: the query and, if there is one, the response.

        Args:
            max_words_query: Maximum number of words of the query. Default None: no limit.
            max_words_response: Maximum number of words of the response. Default None: no limit.

        Returns:
            The messages.
        """
        turns: list[Message] = [self.get_prompt(max_words_query)] if self.user_query or self.input_files else []
        return turns + answer_messages(self.response, max_words_response)


def query_prompt(query: str | None, files: list[ContentItem], max_words: int | None = None) -> Prompt:
    words = [TextContent(text=shorten(query, max_words))] if query else []
    return Prompt(role="user", contents=[*words, *files])


def answer_messages(response: ChatResponse | ImageResponse | None, max_words: int | None = None) -> list[Message]:
    """Return the first choice as a message. A shortened one is plain text without provider data such as signatures."""
    if response is None:
        return []
    if isinstance(response, ImageResponse):
        words = [TextContent(text=response.text)] if response.text else []
        options = [*words, *response.images]
        return [Message(role="assistant", contents=options)] if options else []
    if not response.contents:
        return []
    if max_words is not None:
        return [Message(role="assistant", contents=[TextContent(text=shorten(response.text, max_words))])]
    return [response.to_message()]


def shorten(text: str, max_words: int | None) -> str:
    words = text.split() if max_words is not None else []
    if max_words is None or len(words) <= max_words:
        return text
    return " ".join([*words[:max_words], "…"])
