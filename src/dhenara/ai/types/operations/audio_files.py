"""Audio formats, and reading and writing of WAV files."""

from __future__ import annotations

from ...wire.media_headers import (
    SUFFIXES as SUFFIXES,
    Wav as Wav,
    audio_type as audio_type,
    read_wav as read_wav,
    write_wav as write_wav,
)
