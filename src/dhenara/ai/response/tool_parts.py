"""Builders for tool calls, of the caller's and the provider's tools."""

from __future__ import annotations

from typing import Any, ClassVar

from ..types.chat.delta import ServerToolDelta, ToolCallDelta
from ..types.content.parts import ContentItem, Origin, ServerToolContent, ToolCallContent
from ..wire import json
from ..wire.partial_json import PartialJson
from .part_builders import Pieces

UNFINISHED = "the arguments are not JSON: they end before they are complete"


class Arguments:
    """The arguments of a call, readable while they arrive; each piece is parsed once."""

    __slots__ = ("_known", "_length", "_parser", "_pieces")

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._parser: PartialJson | None = None
        """Created when incomplete arguments are first read."""

        self._length = -1
        self._known: tuple[dict[str, Any], str | None] = {}, None

    def append(self, piece: str) -> None:
        self._pieces.append(piece)

    def read(self) -> tuple[str, dict[str, Any], str | None]:
        """Return the text, the object, and the problem."""
        new = self._pieces.copy()
        text = self._pieces.text()
        if len(text) != self._length:
            self._length = len(text)
            self._known = self._read(text, new)
        return text, *self._known

    def _read(self, text: str, new: list[str]) -> tuple[dict[str, Any], str | None]:
        if self._parser is None:
            arguments, error = read_arguments(text)
            if error is None:
                return arguments, None
            self._parser, new = PartialJson(), [text]
        for piece in new:
            self._parser.feed(piece)
        return ({}, UNFINISHED) if self._parser.unfinished else read_arguments(text)


class ToolCallPartBuilder:
    __slots__ = ("_arguments", "_extras", "_id", "_name", "_verbatim")
    accepts: ClassVar[tuple[type, ...]] = (ToolCallDelta,)

    def __init__(self) -> None:
        self._id, self._name = "", ""
        self._arguments = Arguments()
        self._verbatim = True
        self._extras: dict[str, Any] = {}

    def add(self, delta: ToolCallDelta) -> None:
        self._id = self._id or delta.id or ""
        self._name = self._name or delta.name or ""
        self._arguments.append(delta.arguments)
        self._verbatim = self._verbatim and delta.verbatim
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text, arguments, error = self._arguments.read()
        return ToolCallContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            arguments_text=text if self._verbatim or error else None,
            error=error,
            origin=origin,
            extras=self._extras,
        )


class ServerToolPartBuilder:
    __slots__ = ("_arguments", "_data", "_extras", "_id", "_name")
    accepts: ClassVar[tuple[type, ...]] = (ServerToolDelta,)

    def __init__(self) -> None:
        self._id: str | None = None
        self._name = ""
        self._arguments = Arguments()
        self._data: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}

    def add(self, delta: ServerToolDelta) -> None:
        self._id = self._id or delta.id
        self._name = self._name or delta.name or ""
        self._arguments.append(delta.arguments)
        self._data.update(delta.data or {})
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        _, arguments, error = self._arguments.read()
        extras = {**self._extras, "arguments_error": error} if error else self._extras
        return ServerToolContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            data=self._data,
            origin=origin,
            extras=extras,
        )


def read_arguments(text: str) -> tuple[dict[str, Any], str | None]:
    """Parse the arguments of a tool call; returns the problem if they are invalid."""
    if not text.strip():
        return {}, None
    try:
        value = json.loads(text, json.DEEPEST_INSIDE)
    except ValueError as error:
        return {}, f"the arguments are not JSON: {error}"
    if value is None:
        return {}, None
    if not isinstance(value, dict):
        return {}, "the arguments are JSON, but not an object"
    return value, None
