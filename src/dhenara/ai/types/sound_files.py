"""Sound files: their kinds, and WAV read and written, for everyone who handles sound."""

from __future__ import annotations

from ..wire.sounds import (
    SUFFIXES as SUFFIXES,
    Wav as Wav,
    read_wav as read_wav,
    sound_of as sound_of,
    write_wav as write_wav,
)
