"""Prompt prefix: one hash of everything before an answer. Cache markers are ignored, because they move."""

from __future__ import annotations

import hashlib
from typing import Any

from ..types.call import Call
from ..types.content import Content, ReasoningContent
from ..types.message import Message
from ..wire import json
from .origin import is_own_part

Wire = dict[str, Any]
LENGTH = 32
MARKS = ("cache_control", "prompt_cache_breakpoint")


class PromptPrefix:
    """Incremental hash over the turns."""

    def __init__(self, system: object, tools: object) -> None:
        self._hash = hashlib.sha256(json.dumps([without_cache_marks(system), without_cache_marks(tools)]))
        self._turn = 0
        self._block = 0

    def extend(self, turns: list[Wire]) -> str:
        """Add turns and return the hash of everything so far."""
        for number in range(self._turn, len(turns)):
            blocks = turns[number]["content"]
            if number > self._turn:
                self._turn, self._block = number, 0
            for block in without_cache_marks(blocks[self._block :]):
                self._hash.update(json.dumps([turns[number]["role"], block]))
            self._block = len(blocks)
        return self._hash.hexdigest()[:LENGTH]


def without_cache_marks(value: Any) -> Any:
    """Remove cache markers at every depth."""
    if isinstance(value, dict):
        return {name: without_cache_marks(inner) for name, inner in value.items() if name not in MARKS}
    if isinstance(value, list):
        return [
            without_cache_marks(one) for one in value if not (isinstance(one, dict) and one.keys() == {"cachePoint"})
        ]
    return value


def drop_foreign_reasoning(message: Message, before: str, call: Call, protocol: str) -> list[Content]:
    """Remove reasoning that is bound to another prefix, because the API rejects it.

    Reasoning of another model from before prefixes were recorded is not bound.
    """
    return [
        part
        for part in message.contents
        if isinstance(part, ReasoningContent)
        and part.origin is not None
        and is_own_part(part, call, protocol)
        and part.origin.prefix != before
        and not (part.origin.prefix is None and part.origin.model != call.endpoint.ai_model.model_name)
    ]
