"""The exact length of audio, from containers that tell it: WAV, FLAC and Ogg."""

from __future__ import annotations

from .media_types import audio_type, read_wav

END_OF_STREAM = 4
"""Flag of the last page of an Ogg file: a file without it was cut off."""

PAGE_HEAD = 27
OPUS_RATE = 48_000


def exact_seconds(data: bytes) -> float | None:
    """Return the length of the audio; None if the container does not tell it exactly, as in MP3 and MP4."""
    kind = audio_type(data)
    if kind == "audio/wav":
        wav = read_wav(data)
        return wav.seconds if wav is not None and wav.size else None
    if kind == "audio/flac":
        return flac_seconds(data)
    return ogg_seconds(data) if kind == "audio/ogg" else None


def flac_seconds(data: bytes) -> float | None:
    """The first block of a FLAC file has the number of samples, 0 if its writer did not know it."""
    if len(data) < 26:
        return None
    packed = int.from_bytes(data[18:26], "big")
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    return samples / rate if samples and rate else None


def ogg_seconds(data: bytes) -> float | None:
    """The last page of an Ogg file has the number of samples; of Opus at 48 kHz, with those that are skipped."""
    last, opus, vorbis = data.rfind(b"OggS"), data.find(b"OpusHead", 0, 4096), data.find(b"\x01vorbis", 0, 4096)
    if len(data) < last + PAGE_HEAD or not data[last + 5] & END_OF_STREAM:
        return None
    samples = int.from_bytes(data[last + 6 : last + 14], "little")
    if 0 <= opus <= len(data) - 12:
        skipped = int.from_bytes(data[opus + 10 : opus + 12], "little")
        return max(0, samples - skipped) / OPUS_RATE or None
    rate = int.from_bytes(data[vorbis + 12 : vorbis + 16], "little") if vorbis >= 0 else 0
    return samples / rate if rate and samples else None
