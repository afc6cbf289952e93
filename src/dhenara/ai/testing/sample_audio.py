"""Sample audio results: speech is a tone, transcripts are always the same text."""

from __future__ import annotations

import base64
import json
import math
import re
import struct

from ..wire.media_headers import write_wav
from .replies import Raw, ReceivedRequest

SPEECH = re.compile(r"/(audio/speech|tts|speak)$")
TRANSCRIPT = re.compile(r"/(audio/transcriptions|audio/translations|stt|listen)$")
SAMPLE_TRANSCRIPT = "Hello there."
WORDS = [
    {"word": "Hello", "text": "Hello", "start": 0.0, "end": 0.5},
    {"word": "there.", "text": "there.", "start": 0.5, "end": 1.0},
]
SEGMENTS = [{"id": 0, "start": 0.0, "end": 1.0, "text": " Hello there.", "speaker": "A"}]


def is_audio_path(path: str) -> bool:
    bare = path.partition("?")[0]
    return bool(SPEECH.search(bare) or TRANSCRIPT.search(bare))


def sample_audio(resolved: ReceivedRequest) -> Raw | None:
    """Return the reply to an audio request, or None for other requests."""
    bare = resolved.path.partition("?")[0]
    if SPEECH.search(bare):
        return speech_reply(resolved)
    if bare.endswith("/listen"):
        return Raw(json.dumps(transcript_result()).encode())
    if TRANSCRIPT.search(bare):
        text = {"text": SAMPLE_TRANSCRIPT, "duration": 1.0, "language": "english", "segments": SEGMENTS, "words": WORDS}
        return Raw(json.dumps(text).encode())
    return None


def speech_reply(resolved: ReceivedRequest) -> Raw:
    """Return speech of 0.05 s per character; Voxtral's is inside JSON."""
    request = resolved.json
    sound = wav_tone(len(request.get("input") or request.get("text") or "") / 20)
    if str(request.get("model")).startswith("voxtral"):
        return Raw(json.dumps({"audio_data": base64.b64encode(sound).decode()}).encode())
    return Raw(sound, headers={"content-type": "audio/wav"})


def wav_tone(seconds: float = 1.0, rate: int = 8000, pitch: float = 440.0) -> bytes:
    """Return a WAV file with one tone."""
    turns = (math.sin(2 * math.pi * pitch * n / rate) for n in range(int(seconds * rate)))
    return write_wav(b"".join(struct.pack("<h", int(12_000 * turn)) for turn in turns), rate)


def transcript_result() -> dict[str, object]:
    received = {
        "transcript": SAMPLE_TRANSCRIPT,
        "confidence": 0.99,
        "words": [{**w, "punctuated_word": w["word"]} for w in WORDS],
    }
    text = {"start": 0.0, "end": 1.0, "transcript": SAMPLE_TRANSCRIPT, "speaker": 0}
    return {
        "metadata": {"request_id": "r-1", "duration": 1.0, "model_info": {"1": {"name": "nova"}}},
        "results": {"channels": [{"alternatives": [received]}], "utterances": [text]},
    }
