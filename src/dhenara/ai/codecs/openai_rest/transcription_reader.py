"""Transcripts read: JSON in its dialects, plain text, subtitles, and streams of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.audio import TranscriptionResponse
from ...types.delta import Began, Delta, Failed, Made, Terminal, TextDelta
from ...types.subtitles import SpokenSegment, read_cues
from ...types.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..audio import Wire, read_segment, read_word
from ..base import Blob
from ..counts import amount, count, number, section, unreadable, used
from ..openai_chat.codec import read_error
from ..openai_chat.usage import heard
from ..operation import says_why
from ..reported import reported_cost
from ..token_buckets import Report as Counted, split
from ..told import named

PLAIN = ("text/plain", "text/vtt", "application/x-subrip")
OWN = ("text", "language", "duration", "segments", "words", "usage", "task", "model")


class TranscriptionReader:
    """One answer. Segments of a stream are kept for its end."""

    __slots__ = ("_language", "_model", "_segments", "_text")

    def __init__(self) -> None:
        self._segments: list[SpokenSegment] = []
        self._text: list[str] = []
        self._language: str | None = None
        self._model: str | None = None

    def whole(self, body: Any) -> Iterator[Delta]:
        if isinstance(body, Blob):
            kind = body.head.headers.get("content-type", "").partition(";")[0].strip().lower()
            body = body.data.decode() if kind in PLAIN else json.loads(body.data)
        if isinstance(body, str):
            yield Made(read_text(body))
        elif "text" not in body and says_why(body):
            yield Failed(read_error(Head(0), body))
            return
        else:
            yield from self._read(body)
        yield Terminal()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = (json.loads(data) if data and data != b"[DONE]" else None) or {}
        kind = str(event.get("type") or frame.event or "")
        if kind.endswith("text.delta"):
            # Mistral says `text` where OpenAI says `delta`.
            return self._said(event.get("delta") or event.get("text") or "")
        if kind.endswith("segment"):
            self._segments.append(read_segment(event))
            return self._said(event.get("text") or "") if not self._text else ()
        if kind.endswith("language"):
            self._language = event.get("audio_language")
        elif kind.endswith("done"):
            return [*self._read(event), Terminal()]
        elif kind == "error" or event.get("error"):
            return (Failed(read_error(Head(0), event)),)
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()

    def _said(self, text: str) -> Iterable[Delta]:
        return (TextDelta("transcript", text),)

    def _read(self, body: Wire) -> Iterator[Delta]:
        if body.get("model"):
            yield Began(None, named(body, "model"))
        yield from used(read_usage(body))
        segments = [read_segment(one) for one in body.get("segments") or ()] or self._segments
        yield Made(
            TranscriptionResponse(
                text=body["text"],
                language=body.get("language") or self._language,
                duration=amount(body, "duration"),
                segments=segments,
                words=[read_word(one) for one in body.get("words") or ()],
                extras={name: value for name, value in body.items() if name not in OWN and value and name != "type"},
            )
        )


def read_text(text: str) -> TranscriptionResponse:
    """A transcript as text alone, or subtitles with their times."""
    cues = read_cues(text) if " --> " in text else []
    if not cues:
        return TranscriptionResponse(text=text)
    return TranscriptionResponse(text=" ".join(cue.text for cue in cues), segments=cues, extras={"subtitles": text})


def read_usage(body: Wire) -> Usage:
    """Tokens where they are counted, and seconds: reported ones before those of the sound itself."""
    told = section(body, "usage")
    details = section(told, "input_token_details") or section(told, "prompt_tokens_details")
    # Mistral counts the sound beside the prompt, OpenAI within it.
    found = split(
        Counted(
            first_count(told, "input_tokens", "prompt_tokens"),
            first_count(told, "output_tokens", "completion_tokens"),
            count(told, "total_tokens"),
            read={
                "input_audio_tokens": heard(told, details),
                "cache_read_tokens": number(details, "cached_tokens"),
            },
        )
    )
    seconds = amount(told, "seconds", "prompt_audio_seconds") or amount(body, "duration")
    return Usage.made(
        **found.counts,
        units={"seconds": seconds} if seconds else {},
        reported_cost=reported_cost(told),
        unclear=(*found.unclear, *unreadable(told)),
        raw=dict(told),
    )


def first_count(report: Wire, *names: str) -> int | None:
    return next((found for name in names if (found := count(report, name)) is not None), None)
