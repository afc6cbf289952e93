"""Reasoning details: fragments of reasoning from a router, joined by index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..json_fields import read_text

JOINED = ("text", "summary", "data")


class ReasoningDetails:
    """Keeps all details in order, so that they can be sent back unchanged."""

    __slots__ = ("_order", "_result")

    def __init__(self) -> None:
        self._result: dict[tuple[str, str], dict[str, Any]] = {}
        self._order = 0

    def __bool__(self) -> bool:
        return bool(self._result)

    def add(self, details: Iterable[Any]) -> None:
        for detail in details:
            if isinstance(detail, dict):
                self._add(detail)

    def _add(self, detail: dict[str, Any]) -> None:
        key = (str(detail.get("type")), str(detail.get("index", self._order)))
        self._order += "index" not in detail
        known = self._result.setdefault(key, {})
        for name, value in detail.items():
            if name in JOINED and isinstance(value, str) and isinstance(known.get(name), str):
                known[name] += value
            elif value is not None or name not in known:
                known[name] = value

    def text_of(self, details: Iterable[Any]) -> str:
        """Return the readable text of these fragments."""
        return "".join(
            read_text(detail, "text") or read_text(detail, "summary") for detail in details if isinstance(detail, dict)
        )

    def signature(self) -> str | None:
        """The last signature or encrypted block; its presence shows that the reasoning is signed."""
        sealed = [d.get("signature") or d.get("data") for d in self._result.values()]
        return next((str(seal) for seal in reversed(sealed) if seal), None)

    def all(self) -> list[dict[str, Any]]:
        return list(self._result.values())
