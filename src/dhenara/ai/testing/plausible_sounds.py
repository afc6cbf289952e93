"""Made-up answers to those who ask for speech or a transcript: a tone, and words that are always the same."""

from __future__ import annotations

import base64
import json
import math
import re
import struct

from ..wire.sounds import write_wav
from .replies import Asked, Raw

SPEECH = re.compile(r"/(audio/speech|tts|speak)$")
TRANSCRIPT = re.compile(r"/(audio/transcriptions|audio/translations|stt|listen)$")
HEARD = "Hello there."
WORDS = [
    {"word": "Hello", "text": "Hello", "start": 0.0, "end": 0.5},
    {"word": "there.", "text": "there.", "start": 0.5, "end": 1.0},
]
SEGMENTS = [{"id": 0, "start": 0.0, "end": 1.0, "text": " Hello there.", "speaker": "A"}]


def is_sound(path: str) -> bool:
    bare = path.partition("?")[0]
    return bool(SPEECH.search(bare) or TRANSCRIPT.search(bare))


def plausible_sound(asked: Asked) -> Raw | None:
    """The answer, where sound is what is asked for or about."""
    bare = asked.path.partition("?")[0]
    if SPEECH.search(bare):
        return spoken(asked)
    if bare.endswith("/listen"):
        return Raw(json.dumps(listened()).encode())
    if TRANSCRIPT.search(bare):
        said = {"text": HEARD, "duration": 1.0, "language": "english", "segments": SEGMENTS, "words": WORDS}
        return Raw(json.dumps(said).encode())
    return None


def spoken(asked: Asked) -> Raw:
    """As long as the text: a twentieth of a second a letter. Voxtral's comes inside JSON."""
    request = asked.json
    sound = tone(len(request.get("input") or request.get("text") or "") / 20)
    if str(request.get("model")).startswith("voxtral"):
        return Raw(json.dumps({"audio_data": base64.b64encode(sound).decode()}).encode())
    return Raw(sound, headers={"content-type": "audio/wav"})


def tone(seconds: float = 1.0, rate: int = 8000, pitch: float = 440.0) -> bytes:
    """A WAV file of one tone."""
    turns = (math.sin(2 * math.pi * pitch * n / rate) for n in range(int(seconds * rate)))
    return write_wav(b"".join(struct.pack("<h", int(12_000 * turn)) for turn in turns), rate)


def listened() -> dict[str, object]:
    heard = {"transcript": HEARD, "confidence": 0.99, "words": [{**w, "punctuated_word": w["word"]} for w in WORDS]}
    said = {"start": 0.0, "end": 1.0, "transcript": HEARD, "speaker": 0}
    return {
        "metadata": {"request_id": "r-1", "duration": 1.0, "model_info": {"1": {"name": "nova"}}},
        "results": {"channels": [{"alternatives": [heard]}], "utterances": [said]},
    }
