"""Masks secrets in errors, response heads and bodies, and in the ids and model names of responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..errors import CallError
from ..http.protocol.message import Head
from ..providers.secret_values import distinct
from ..types.chat.delta import Delta, FinishDelta, ResponseStart
from ..wire.redaction import redact, shows

OPENING = (ResponseStart, FinishDelta)
"""Deltas whose fields are shown with a response and are not content."""

FACTS = ("message", "request_id", "provider_code", "provider_type", "body")


class Redactor:
    """Masks the secrets of one request."""

    __slots__ = ("_last", "_secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = distinct(secrets)
        self._last: tuple[str | None, str | None] = (None, None)
        """Id and model that were checked last; some protocols repeat them in every event."""

    def text(self, text: str) -> str:
        """Return the text with every encoded form of every secret masked."""
        return redact(text, self._secrets) if self._secrets and shows(text, self._secrets, thorough=True) else text

    def body(self, body: bytes) -> bytes:
        """Return the bytes with every secret masked, whatever their encoding."""
        if not self._secrets:
            return body
        decoded = body.decode("utf-8", "surrogateescape")
        masked = self.text(decoded)
        return body if masked is decoded else masked.encode("utf-8", "surrogateescape")

    def redact_head(self, head: Head) -> Head:
        """Return the head, masked if it contains a secret."""
        headers = head.headers
        has_failed = not 200 <= head.status < 300
        if not shows("\n".join((*headers.values(), head.reason)), self._secrets, thorough=has_failed):
            return head
        masked = {name: self.text(value) for name, value in headers.items()}
        return replace(head, headers=masked, reason=self.text(head.reason))

    def redact_batch(self, batch: Sequence[Delta]) -> Sequence[Delta]:
        """Return the deltas of an event with id, model, extras and finish reason masked; content is not changed."""
        if self._secrets:
            for delta in batch:
                if isinstance(delta, OPENING):
                    return [self._redact_delta(one) for one in batch]
        return batch

    def _redact_delta(self, delta: Delta) -> Delta:
        if isinstance(delta, ResponseStart):
            named = (delta.id, delta.model)
            if (named != self._last and self._shown(*named)) or (delta.extras and self._shown(repr(delta.extras))):
                return ResponseStart(self.value(delta.id), self.value(delta.model), self.value(delta.extras))
            self._last = named
        elif isinstance(delta, FinishDelta) and self._shown(delta.raw, delta.stop_sequence, delta.message):
            raw, stop, message = map(self.value, (delta.raw, delta.stop_sequence, delta.message))
            return replace(delta, raw=raw, stop_sequence=stop, message=message)
        return delta

    def _shown(self, *texts: str | None) -> bool:
        return shows("\n".join(text for text in texts if text), self._secrets)

    def redact_error(self, error: CallError) -> CallError:
        """Mask secrets in the error; drop its cause if that contains one."""
        for name in FACTS:
            setattr(error, name, self.value(getattr(error, name)))
        error.args = (error.message,)
        if self._in_causes(error):
            error.__cause__, error.__context__, error.__suppress_context__ = None, None, True
        return error

    def value(self, value: Any) -> Any:
        """Return a JSON value with strings and keys masked."""
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.body(value)
            case dict():
                return {self.value(name): self.value(one) for name, one in value.items()}
            case list():
                return [self.value(one) for one in value]
        return value

    def _in_causes(self, error: BaseException) -> bool:
        seen: set[int] = set()
        waiting = [error.__cause__, error.__context__]
        while waiting:
            one = waiting.pop()
            if one is None or id(one) in seen:
                continue
            seen.add(id(one))
            if shows(f"{one} {one.args!r}", self._secrets):
                return True
            waiting += [one.__cause__, one.__context__]
        return False
