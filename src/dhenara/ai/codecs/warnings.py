"""Warnings collected while a request is written."""

from __future__ import annotations

from ..types.warning import CallWarning, WarningCode


class Warnings:
    """Says the same thing once."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._said: dict[CallWarning, None] = {}

    def unsupported(self, parameter: str, reason: str = "it was left out") -> None:
        self._say("unsupported_parameter", f"{self._provider} does not take {parameter}: {reason}", parameter)

    def translated(self, parameter: str, how: str) -> None:
        self._say("translated_parameter", f"{parameter} was translated for {self._provider}: {how}", parameter)

    def clamped(self, parameter: str, how: str) -> None:
        self._say("clamped_parameter", f"{parameter} was changed for {self._provider}: {how}", parameter)

    def dropped(self, what: str, why: str, part: object = None) -> None:
        self._say("dropped_content", f"{what} did not go to {self._provider}: {why}", None)

    def rewritten(self, what: str, how: str) -> None:
        self._say("translated_content", f"{what} was rewritten for {self._provider}: {how}", None)

    def all(self) -> tuple[CallWarning, ...]:
        return tuple(self._said)

    def _say(self, code: WarningCode, message: str, parameter: str | None) -> None:
        self._said[CallWarning(code=code, message=message, parameter=parameter)] = None
