"""Slots for calls of tools, the user's and the provider's own."""

from __future__ import annotations

from typing import Any, ClassVar

from ..types.content import ContentItem, Origin, ServerToolContent, ToolCallContent
from ..types.delta import ServerToolDelta, ToolCallDelta
from ..wire import json


class ToolCallSlot:
    __slots__ = ("_extras", "_id", "_name", "_pieces", "_verbatim")
    takes: ClassVar[tuple[type, ...]] = (ToolCallDelta,)

    def __init__(self) -> None:
        self._id, self._name = "", ""
        self._pieces: list[str] = []
        self._verbatim = True
        self._extras: dict[str, Any] = {}

    def add(self, delta: ToolCallDelta) -> None:
        self._id = self._id or delta.id or ""
        self._name = self._name or delta.name or ""
        self._pieces.append(delta.arguments)
        self._verbatim = self._verbatim and delta.verbatim
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = "".join(self._pieces)
        arguments, error = read_arguments(text)
        return ToolCallContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            arguments_text=text if self._verbatim or error else None,
            error=error,
            origin=origin,
            extras=self._extras,
        )


class ServerToolSlot:
    __slots__ = ("_data", "_extras", "_id", "_name", "_pieces")
    takes: ClassVar[tuple[type, ...]] = (ServerToolDelta,)

    def __init__(self) -> None:
        self._id: str | None = None
        self._name = ""
        self._pieces: list[str] = []
        self._data: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}

    def add(self, delta: ServerToolDelta) -> None:
        self._id = self._id or delta.id
        self._name = self._name or delta.name or ""
        self._pieces.append(delta.arguments)
        self._data.update(delta.data or {})
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        arguments, error = read_arguments("".join(self._pieces))
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
    """The arguments of a tool call, or why they cannot be read."""
    if not text.strip():
        return {}, None
    try:
        value = json.loads(text)
    except ValueError as error:
        return {}, f"the arguments are not JSON: {error}"
    if value is None:
        return {}, None
    if not isinstance(value, dict):
        return {}, "the arguments are JSON, but not an object"
    return value, None
