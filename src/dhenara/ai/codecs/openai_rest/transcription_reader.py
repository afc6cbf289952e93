"""Transcription responses: JSON dialects, plain text, subtitles and streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.audio import TranscriptionResponse
from ...types.delta import Delta, ErrorDelta, ResponseStart, ResultDelta, StreamEnd, TextDelta
from ...types.subtitles import SpokenSegment, read_cues
from ...types.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..audio import Wire, read_segment, read_word
from ..base import BinaryBody
from ..int_fields import amount, count, read_int, read_object, unreadable, used
from ..json_fields import read_name
from ..openai_chat.codec import read_error
from ..openai_chat.usage import input_audio
from ..operation import says_why
from ..reported_cost import reported_cost
from ..token_buckets import Report as Counted, split_if_counted

PLAIN = ("text/plain", "text/vtt", "application/x-subrip")
OWN = ("text", "language", "duration", "segments", "words", "usage", "task", "model")


class TranscriptionReader:
    """Decodes one response. Segments of a stream are emitted at its end."""

    __slots__ = ("_language", "_model", "_segments", "_text")

    def __init__(self) -> None:
        self._segments: list[SpokenSegment] = []
        self._text: list[str] = []
        self._language: str | None = None
        self._model: str | None = None

    def whole(self, body: Any) -> Iterator[Delta]:
        if isinstance(body, BinaryBody):
            kind = body.head.headers.get("content-type", "").partition(";")[0].strip().lower()
            body = body.data.decode() if kind in PLAIN else json.loads(body.data)
        if isinstance(body, str):
            yield ResultDelta(read_text(body))
        elif "text" not in body and says_why(body):
            yield ErrorDelta(read_error(Head(0), body))
            return
        else:
            yield from self._read(body)
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = (json.loads(data) if data and data != b"[DONE]" else None) or {}
        kind = str(event.get("type") or frame.event or "")
        if kind.endswith("text.delta"):
            # Mistral uses `text` instead of OpenAI's `delta`.
            return self._text_delta(event.get("delta") or event.get("text") or "")
        if kind.endswith("segment"):
            self._segments.append(read_segment(event))
            return self._text_delta(event.get("text") or "") if not self._text else ()
        if kind.endswith("language"):
            self._language = event.get("audio_language")
        elif kind.endswith("done"):
            return [*self._read(event), StreamEnd()]
        elif kind == "error" or event.get("error"):
            return (ErrorDelta(read_error(Head(0), event)),)
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()

    def _text_delta(self, text: str) -> Iterable[Delta]:
        return (TextDelta("transcript", text),)

    def _read(self, body: Wire) -> Iterator[Delta]:
        if body.get("model"):
            yield ResponseStart(None, read_name(body, "model"))
        yield from used(read_usage(body))
        segments = [read_segment(one) for one in body.get("segments") or ()] or self._segments
        yield ResultDelta(
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
    """Read plain text or subtitles with times."""
    cues = read_cues(text) if " --> " in text else []
    if not cues:
        return TranscriptionResponse(text=text)
    return TranscriptionResponse(text=" ".join(cue.text for cue in cues), segments=cues, extras={"subtitles": text})


def read_usage(body: Wire) -> Usage:
    """Convert the report: tokens and seconds; reported seconds take precedence over the audio's length."""
    data = read_object(body, "usage")
    details = read_object(data, "input_token_details") or read_object(data, "prompt_tokens_details")
    # Mistral counts audio separately from the prompt, OpenAI inside of it.
    match = split_if_counted(
        Counted(
            first_count(data, "input_tokens", "prompt_tokens"),
            first_count(data, "output_tokens", "completion_tokens"),
            count(data, "total_tokens"),
            read={
                "input_audio_tokens": input_audio(data, details),
                "cache_read_tokens": read_int(details, "cached_tokens"),
            },
        )
    )
    seconds = amount(data, "seconds", "prompt_audio_seconds") or amount(body, "duration")
    return Usage.construct_unchecked(
        **match.counts,
        units={"seconds": seconds} if seconds else {},
        reported_cost=reported_cost(data),
        unclear=(*match.unclear, *unreadable(data)),
        raw=dict(data),
    )


def first_count(report: Wire, *names: str) -> int | None:
    return next((match for name in names if (match := count(report, name)) is not None), None)
