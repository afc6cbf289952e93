"""Quirks of audio dialects, as data. Imports little, because every provider file imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from ..dataclass import dataclass
from .base import Quirks


@dataclass(frozen=True, slots=True)
class TranscriptionQuirks(Quirks):
    """Quirks of transcription. `params` gives the request names of language, prompt and temperature; None if
    unsupported.
    """

    path: str = "/audio/transcriptions"
    translations_path: str | None = None
    """Path for translation into English; None if unsupported."""

    names_model: bool = True
    needs: tuple[str, ...] = ()
    """Required parameters."""

    timestamps: Literal["verbose", "plain", "always", "never"] = "verbose"
    """How timestamps are requested: with the verbose format, with a field, not at all because they are always
    returned, or never.
    """

    speakers: Mapping[str, str] | None = None
    """Fields that request speaker detection; None if unsupported."""

    audio_url: str | None = None
    """Field for a URL instead of a file."""

    audio_id: str | None = None
    """Field for the id of an uploaded file."""

    streams: bool = False


@dataclass(frozen=True, slots=True)
class SpeechQuirks(Quirks):
    """Quirks of speech. `params` gives the request names of voice, format, speed, instructions and language; None
    if unsupported.
    """

    path: str = "/audio/speech"
    text: str = "input"
    names_model: bool = True
    usual_voice: str | None = None
    """Default voice, for providers that require one."""

    formats: Mapping[str, Any] = field(default_factory=dict)
    """Our format names and the provider's where they differ; None if a format is unsupported."""

    answers: Literal["sound", "json"] = "sound"
    """Whether the audio is sent as bytes or as base64 in JSON; when streamed, such JSON comes in events."""
