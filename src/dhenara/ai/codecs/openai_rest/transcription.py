"""Transcription and translation: requests, and responses complete and streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import CallError, ConfigurationError, UnsupportedError
from ...http.protocol.message import Field, FilePart, Head, Multipart
from ...types.chat.delta import Delta, ErrorDelta, ResponseStart, ResultDelta, StreamEnd, TextDelta
from ...types.chat.message import Text
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.audio import SpokenSegment, TranscriptionRequest, TranscriptionResponse, read_cues
from ...wire import json
from ...wire.sse import Frame, Frames, SseFrames
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.plan import WarningCollector
from ..common.response_fields import (
    TokenReport,
    Wire,
    amount,
    count,
    invalid_counts,
    read_int,
    read_name,
    read_object,
    reported_cost,
    split_if_counted,
    usage_deltas,
)
from ..error_mapping import contains_error, parse_body
from ..openai_chat.response import read_error
from ..openai_chat.response_parts import input_audio
from ..operations.media import (
    audio_bytes,
    counted_seconds,
    file_name,
    kind_of,
    read_segment,
    read_word,
    rename_fields,
    with_least,
)
from ..operations.operation import request_of
from ..operations.quirks import TranscriptionQuirks

PLAIN = ("text/plain", "text/vtt", "application/x-subrip")
OWN = ("text", "language", "duration", "segments", "words", "usage", "task", "model")


class TranscriptionReader:
    """Decodes one response. Segments of a stream are emitted at its end."""

    __slots__ = ("_counted", "_language", "_least_seconds", "_model", "_segments", "_text")

    def __init__(self, counted: Usage | None = None, least_seconds: float = 0) -> None:
        self._counted = counted
        self._least_seconds = least_seconds
        self._segments: list[SpokenSegment] = []
        self._text: list[str] = []
        self._language: str | None = None
        self._model: str | None = None

    def whole(self, body: Any) -> Iterator[Delta]:
        if isinstance(body, BinaryBody):
            kind = body.head.headers.get("content-type", "").partition(";")[0].strip().lower()
            body = body.data.decode() if kind in PLAIN else json.loads(body.data)
        if isinstance(body, str):
            yield from usage_deltas(self._with_seconds(Usage.unknown(), None))
            yield ResultDelta(read_text(body))
        elif "text" not in body and contains_error(body):
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
        yield from usage_deltas(self._with_seconds(read_usage(body), read_seconds(body)))
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

    def _with_seconds(self, usage: Usage, reported: float | None) -> Usage:
        """Return the usage with the billed seconds, reported or counted; without those and tokens, it is unknown."""
        if reported:
            measured = with_least(Usage(units={"seconds": reported}), self._least_seconds)
        elif self._counted is not None:
            measured = self._counted
        else:
            return usage
        update = {"units": measured.units, "counted": measured.counted, "options": measured.options}
        return usage.model_copy(update=update) if usage.known else measured


def read_text(text: str) -> TranscriptionResponse:
    """Read plain text or subtitles with times."""
    cues = read_cues(text) if " --> " in text else []
    if not cues:
        return TranscriptionResponse(text=Text(text))
    spoken = Text(" ".join(cue.text for cue in cues))
    return TranscriptionResponse(text=spoken, segments=cues, extras={"subtitles": text})


def read_seconds(body: Wire) -> float | None:
    """Return the reported seconds; those that are billed take precedence over the audio's length."""
    return amount(read_object(body, "usage"), "seconds", "prompt_audio_seconds") or amount(body, "duration")


def read_usage(body: Wire) -> Usage:
    """Convert the report of tokens and cost; unknown if there is none."""
    data = read_object(body, "usage")
    if not data:
        return Usage.unknown()
    details = read_object(data, "input_token_details") or read_object(data, "prompt_tokens_details")
    # Mistral counts audio separately from the prompt, OpenAI inside of it.
    buckets = split_if_counted(
        TokenReport(
            first_count(data, "input_tokens", "prompt_tokens"),
            first_count(data, "output_tokens", "completion_tokens"),
            count(data, "total_tokens"),
            read={
                "input_audio_tokens": input_audio(data, details),
                "cache_read_tokens": read_int(details, "cached_tokens"),
            },
        )
    )
    return Usage.model_validate(
        {
            **buckets.counts,
            "reported_cost": reported_cost(data),
            "unclear": (*buckets.unclear, *invalid_counts(data)),
            "raw": dict(data),
        }
    )


def first_count(report: Wire, *names: str) -> int | None:
    return next((number for name in names if (number := count(report, name)) is not None), None)


Pairs = list[tuple[str, Any]]


class OpenAITranscription:
    """Stateless codec; one instance is enough."""

    name = "openai_rest.transcription"

    def encode(self, call: Call, quirks: TranscriptionQuirks) -> EncodedRequest:
        return write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: TranscriptionQuirks) -> TranscriptionReader:
        return TranscriptionReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def write(call: Call, quirks: TranscriptionQuirks) -> EncodedRequest:
    request, provider = request_of(call, TranscriptionRequest), str(call.endpoint.api.provider)
    warnings = WarningCollector(provider)
    check_needs(request, quirks, provider)
    fields: Pairs = [("model", call.endpoint.ai_model.model_name)] if quirks.names_model else []
    wanted = {"language": request.language, "prompt": request.prompt, "temperature": call.config.temperature}
    translates = request.task == "translate"
    if translates:
        wanted["language"] = None
    fields += [*rename_fields(wanted, quirks.params, warnings), *write_times(request, quirks, warnings)]
    fields += write_speakers(request, quirks, warnings)
    if call.config.streaming and quirks.streams:
        fields.append(("stream", True))
    elif call.config.streaming:
        warnings.unsupported("streaming", "transcripts are not streamed")
    more = {**quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    fields = [*(pair for pair in fields if pair[0] not in more), *more.items()]
    # xAI requires the file after all other fields.
    form = Multipart((*(part for pair in fields for part in form_fields(*pair)), source(request, quirks, provider)))
    counted = counted_seconds(request.audio, quirks.least_seconds)
    response_format = ResponseFormat(TranscriptionReader(counted, quirks.least_seconds), body="blob")
    return EncodedRequest(
        path(quirks, provider, translates=translates),
        {},
        {},
        warnings.all(),
        payload=form,
        response_format=response_format,
        expected_usage=counted,
    )


def path(quirks: TranscriptionQuirks, provider: str, *, translates: bool) -> str:
    if not translates:
        return quirks.path
    if quirks.translations_path is None:
        raise UnsupportedError(f"{provider}: this model does not support translation. Use whisper at openai or groq")
    return quirks.translations_path


def check_needs(request: TranscriptionRequest, quirks: TranscriptionQuirks, provider: str) -> None:
    for name in quirks.needs:
        if getattr(request, name) is None:
            raise ConfigurationError(f"{provider}: transcription needs {name}. Pass {name}='en' or another")


def write_times(request: TranscriptionRequest, quirks: TranscriptionQuirks, warnings: WarningCollector) -> Pairs:
    if request.timestamps is None or quirks.timestamps == "always":
        return []
    if request.diarize and quirks.speakers is not None and quirks.timestamps == "never":
        return []  # speakers are returned with the timestamps
    if quirks.timestamps == "never":
        warnings.unsupported("timestamps", "this model does not return timestamps")
        return []
    fine = [("timestamp_granularities[]", request.timestamps)]
    if quirks.timestamps == "plain":
        return [("timestamp_granularities", request.timestamps)]
    if request.timestamps == "word":
        fine.append(("timestamp_granularities[]", "segment"))
    # Translations have only segment timestamps.
    return [("response_format", "verbose_json"), *(fine if request.task == "transcribe" else [])]


def write_speakers(request: TranscriptionRequest, quirks: TranscriptionQuirks, warnings: WarningCollector) -> Pairs:
    if not request.diarize:
        return []
    if quirks.speakers is None:
        warnings.unsupported("diarize", "this model does not support speaker detection")
        return []
    return list(quirks.speakers.items())


def source(request: TranscriptionRequest, quirks: TranscriptionQuirks, provider: str) -> Field | FilePart:
    """Return the audio, or a reference to it."""
    audio = request.audio
    if audio.file_id is not None and quirks.audio_id is not None:
        return Field(quirks.audio_id, audio.file_id)
    if audio.data is None and audio.url is not None and quirks.audio_url is not None:
        return Field(quirks.audio_url, audio.url)
    return FilePart("file", audio_bytes(audio, provider), file_name(audio), kind_of(audio))


def form_fields(name: str, value: Any) -> list[Field]:
    """Encode a form value: lists as repeated fields."""
    values = value if isinstance(value, list | tuple) else [value]
    return [Field(name, one if isinstance(one, str) else json.dumps(one).decode()) for one in values]


CODEC = OpenAITranscription()
