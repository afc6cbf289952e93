"""Sound files: their kinds, and WAV read and written, for everyone who handles sound."""

from __future__ import annotations

from ..wire.audio_headers import (
    SUFFIXES as SUFFIXES,
    Wav as Wav,
    audio_type as audio_type,
    read_wav as read_wav,
    write_wav as write_wav,
)
