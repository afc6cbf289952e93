"""Deepgram's listening: the sound is the body, or an address in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.audio import TranscriptionRequest, TranscriptionResponse
from ...types.call import Call
from ...types.delta import Began, Delta, Made, Used
from ...types.usage import Usage
from ..audio import Wire, kind_of, named, read_segment, read_word, sound_bytes
from ..audio_quirks import TranscriptionQuirks
from ..base import Outgoing
from ..counts import amount
from ..operation import OperationCodec, request_of
from ..told import section, words
from ..warnings import Warnings
from .asked import address, read_refusal


def write(call: Call, quirks: TranscriptionQuirks) -> Outgoing:
    request, provider = request_of(call, TranscriptionRequest), str(call.endpoint.api.provider)
    if request.task == "translate":
        raise UnsupportedError(
            f"{provider} writes speech down in its own language; whisper at openai or groq translates it"
        )
    warnings = Warnings(provider)
    if call.config.streaming:
        warnings.unsupported("streaming", "the transcript comes whole")
    wanted: Wire = {"model": call.endpoint.ai_model.model_name, **quirks.defaults}
    said = {"language": request.language, "prompt": request.prompt, "temperature": call.config.temperature}
    wanted.update(named(said, quirks.params, warnings))
    if request.timestamps == "segment" or request.diarize:
        wanted["utterances"] = True
    if request.diarize:
        wanted.update(quirks.speakers or {})
    wanted.update({**call.endpoint.ai_model.parameters, **call.config.options})
    audio, path = request.audio, address(quirks.path, wanted)
    if audio.data is None and audio.url is not None:
        return Outgoing(path, {"url": audio.url}, {}, warnings.all())
    kind = {"content-type": kind_of(audio)}
    return Outgoing(path, {}, kind, warnings.all(), payload=sound_bytes(audio, provider))


def read(quirks: TranscriptionQuirks, body: Any) -> Iterator[Delta]:
    told, results = section(body, "metadata"), body["results"]
    yield Began(words(told, "request_id") or None, heard_by(told))
    duration = amount(told, "duration")
    yield Used(Usage(units={"seconds": duration} if duration else {}))
    heard = [alternatives[0] for channel in results["channels"] if (alternatives := channel.get("alternatives"))]
    languages = [channel.get("detected_language") for channel in results["channels"]]
    yield Made(
        TranscriptionResponse(
            text="\n".join(one.get("transcript") or "" for one in heard),
            language=next(filter(None, languages), None),
            duration=duration,
            segments=[read_segment(one) for one in results.get("utterances") or ()],
            words=[read_word(word) for one in heard for word in one.get("words") or ()],
            extras={name: value for name, value in results.items() if name not in ("channels", "utterances") and value},
        )
    )


def heard_by(told: Wire) -> str | None:
    """The model, by the name that it has beside its number."""
    known = section(told, "model_info").values()
    return next((name for model in known if isinstance(model, dict) and (name := words(model, "name"))), None)


CODEC = OperationCodec("deepgram.transcription", write, read, read_refusal)
