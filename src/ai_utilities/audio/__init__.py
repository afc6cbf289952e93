"""Sound: what is in a file, whether it can be sent, and long recordings in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .info import (
        AudioInfo as AudioInfo,
        AudioProcessingError as AudioProcessingError,
        UnfinishedTranscriptError as UnfinishedTranscriptError,
        check_audio as check_audio,
        read_audio_info as read_audio_info,
    )
    from .long_transcription import convert_audio as convert_audio, split_wav as split_wav

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "convert_audio": ".long_transcription",
        "AudioProcessingError": ".info",
        "UnfinishedTranscriptError": ".info",
        "AudioInfo": ".info",
        "check_audio": ".info",
        "read_audio_info": ".info",
        "split_wav": ".long_transcription",
    },
    old_names="ai_utilities.compat",
)
