"""Deepgram transcription: the body is the audio, or a URL in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.audio import TranscriptionRequest, TranscriptionResponse
from ..base import EncodedRequest
from ..common.fields import amount, read_object, read_text
from ..common.warnings import WarningCollector
from ..operations.audio import TranscriptionQuirks, Wire, audio_bytes, kind_of, read_segment, read_word, rename_fields
from ..operations.operation import OperationCodec, request_of
from .request import address, read_refusal


def write(call: Call, quirks: TranscriptionQuirks) -> EncodedRequest:
    request, provider = request_of(call, TranscriptionRequest), str(call.endpoint.api.provider)
    if request.task == "translate":
        raise UnsupportedError(f"{provider}: translation is not supported. Use whisper at openai or groq")
    warnings = WarningCollector(provider)
    if call.config.streaming:
        warnings.unsupported("streaming", "transcripts are not streamed")
    wanted: Wire = {"model": call.endpoint.ai_model.model_name, **quirks.defaults}
    text = {"language": request.language, "prompt": request.prompt, "temperature": call.config.temperature}
    wanted.update(rename_fields(text, quirks.params, warnings))
    if request.timestamps == "segment" or request.diarize:
        wanted["utterances"] = True
    if request.diarize:
        wanted.update(quirks.speakers or {})
    wanted.update({**call.endpoint.ai_model.parameters, **call.config.options})
    audio, path = request.audio, address(quirks.path, wanted)
    if audio.data is None and audio.url is not None:
        return EncodedRequest(path, {"url": audio.url}, {}, warnings.all())
    kind = {"content-type": kind_of(audio)}
    return EncodedRequest(path, {}, kind, warnings.all(), payload=audio_bytes(audio, provider))


def read(quirks: TranscriptionQuirks, body: Any) -> Iterator[Delta]:
    data, results = read_object(body, "metadata"), body["results"]
    yield ResponseStart(read_text(data, "request_id") or None, model_name(data))
    duration = amount(data, "duration")
    yield UsageDelta(Usage(units={"seconds": duration} if duration else {}))
    received = [alternatives[0] for channel in results["channels"] if (alternatives := channel.get("alternatives"))]
    languages = [channel.get("detected_language") for channel in results["channels"]]
    yield ResultDelta(
        TranscriptionResponse(
            text="\n".join(one.get("transcript") or "" for one in received),
            language=next(filter(None, languages), None),
            duration=duration,
            segments=[read_segment(one) for one in results.get("utterances") or ()],
            words=[read_word(word) for one in received for word in one.get("words") or ()],
            extras={name: value for name, value in results.items() if name not in ("channels", "utterances") and value},
        )
    )


def model_name(data: Wire) -> str | None:
    """Return the name of the model, which is listed next to its id."""
    known = read_object(data, "model_info").values()
    return next((name for model in known if isinstance(model, dict) and (name := read_text(model, "name"))), None)


CODEC = OperationCodec("deepgram.transcription", write, read, read_refusal)
