"""Sound files: their kinds, and WAV read and written, for everyone who handles sound."""

from __future__ import annotations

from ..wire.sounds import SUFFIXES as SUFFIXES
from ..wire.sounds import Wav as Wav
from ..wire.sounds import read_wav as read_wav
from ..wire.sounds import sound_of as sound_of
from ..wire.sounds import write_wav as write_wav
