"""Collector of warnings and part outcomes while a request is encoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...types.chat.report import CallWarning, Fate, WarningCode
from ...types.content.base import Content
from ...types.content.media import Media
from ..base import EncodedRequest

NO_HEADERS: Mapping[str, str] = {}
Parts = Content | Iterable[Content] | None


class WarningCollector:
    """Collects warnings without duplicates."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._text: dict[CallWarning, None] = {}
        self._part_outcomes: dict[int, tuple[Fate, str]] = {}
        self._unfetched: list[Media] = []
        self._oversized: list[Media] = []
        self._stand_ins: dict[int, tuple[Media, Media]] = {}

    def unsupported(self, parameter: str, reason: str = "it was left out") -> None:
        self._add("unsupported_parameter", f"{self._provider} does not support {parameter}: {reason}", parameter)

    def translated(self, parameter: str, how: str) -> None:
        self._add("translated_parameter", f"{parameter} was translated for {self._provider}: {how}", parameter)

    def clamped(self, parameter: str, how: str) -> None:
        self._add("clamped_parameter", f"{parameter} was changed for {self._provider}: {how}", parameter)

    def dropped(self, what: str, why: str, part: Parts = None) -> None:
        self._mark(part, "omitted", why)
        self._add("dropped_content", f"{what} was not sent to {self._provider}: {why}", None)

    def rewritten(self, what: str, how: str, part: Parts = None) -> None:
        self._mark(part, "translated", how)
        self._add("translated_content", f"{what} was converted for {self._provider}: {how}", None)

    def left_out(self, part: Content, fields: Iterable[str], owner: str) -> None:
        """Record that the part is sent without fields that only other protocols support."""
        self._mark(part, "translated", "some of its fields are left out")
        names = ", ".join(fields)
        kind = getattr(part, "type", "part")
        takes = "take" if " and " in owner else "takes"
        self._add(
            "dropped_content",
            f"{names} of a part of kind {kind!r} was not sent to {self._provider}: only {owner} {takes} this",
            names,
        )

    def omit_silently(self, part: Content, why: str) -> None:
        """Record that the part is not sent, as its own provider requires; no warning."""
        self._mark(part, "omitted", why)

    def fetch(self, part: Media) -> None:
        """Record that the part must be downloaded here, because the provider cannot fetch it."""
        self._unfetched.append(self._original_of(part))
        self._mark(part, "translated", "it is downloaded here and sent as bytes")

    def upload(self, part: Media, most: int) -> None:
        """Record that the part must be uploaded, because it is too large for the request."""
        self._oversized.append(self._original_of(part))
        self._mark(part, "translated", f"it is uploaded first, because it is too large for a request of {most} bytes")

    def mark_relayed(self, part: Media, how: str) -> None:
        """Record that the part is sent completely in another place; no warning."""
        self._mark(part, "translated", how)

    def replace_part(self, part: Media, original: Media) -> Media:
        """Record that `part` stands for `original`, so that outcomes apply to the original."""
        if part is not original:
            self._stand_ins[id(part)] = part, self._original_of(original)
        return part

    def all(self) -> tuple[CallWarning, ...]:
        return tuple(self._text)

    def build_request(
        self,
        path: str,
        body: dict[str, Any],
        headers: Mapping[str, str] = NO_HEADERS,
        stream_fields: Mapping[str, Any] | None = None,
        whole_path: str | None = None,
    ) -> EncodedRequest:
        """Build the request with all recorded warnings and outcomes."""
        return EncodedRequest(
            path,
            body,
            headers,
            self.all(),
            part_outcomes=self._part_outcomes,
            unfetched=tuple(self._unfetched),
            oversized=tuple(self._oversized),
            stream_fields=stream_fields,
            whole_path=whole_path,
        )

    def _mark(self, part: Parts, fate: Fate, why: str) -> None:
        if part is not None:
            for one in (part,) if isinstance(part, Content) else part:
                self._part_outcomes[id(self._original_of(one))] = (fate, why)

    def _original_of(self, part: Any) -> Any:
        known = self._stand_ins.get(id(part))
        return part if known is None else known[1]

    def _add(self, code: WarningCode, message: str, parameter: str | None) -> None:
        self._text[CallWarning(code=code, message=message, parameter=parameter)] = None
