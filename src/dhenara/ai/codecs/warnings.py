"""Warnings collected while a request is written, and what became of the parts they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..types.content import Content
from ..types.plan import Fate
from ..types.warning import CallWarning, WarningCode

Parts = Content | Iterable[Content] | None


class Warnings:
    """Says the same thing once."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._said: dict[CallWarning, None] = {}
        self._fates: dict[int, tuple[Fate, str]] = {}

    def unsupported(self, parameter: str, reason: str = "it was left out") -> None:
        self._say("unsupported_parameter", f"{self._provider} does not take {parameter}: {reason}", parameter)

    def translated(self, parameter: str, how: str) -> None:
        self._say("translated_parameter", f"{parameter} was translated for {self._provider}: {how}", parameter)

    def clamped(self, parameter: str, how: str) -> None:
        self._say("clamped_parameter", f"{parameter} was changed for {self._provider}: {how}", parameter)

    def dropped(self, what: str, why: str, part: Parts = None) -> None:
        self._mark(part, "stays_home", why)
        self._say("dropped_content", f"{what} did not go to {self._provider}: {why}", None)

    def rewritten(self, what: str, how: str, part: Parts = None) -> None:
        self._mark(part, "translated", how)
        self._say("translated_content", f"{what} was rewritten for {self._provider}: {how}", None)

    def rests(self, part: Content, why: str) -> None:
        """The part is not said, as its own origin wants it: nothing to warn of."""
        self._mark(part, "stays_home", why)

    def all(self) -> tuple[CallWarning, ...]:
        return tuple(self._said)

    def fates(self) -> Mapping[int, tuple[Fate, str]]:
        """What became of the parts that were decided about, by their identity."""
        return self._fates

    def _mark(self, part: Parts, fate: Fate, why: str) -> None:
        if part is not None:
            for one in (part,) if isinstance(part, Content) else part:
                self._fates[id(one)] = (fate, why)

    def _say(self, code: WarningCode, message: str, parameter: str | None) -> None:
        self._said[CallWarning(code=code, message=message, parameter=parameter)] = None
