"""How dialects of speech differ, as data. Light: providers' files read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from ..dataclass import dataclass
from .base import Quirks


@dataclass(frozen=True, slots=True)
class TranscriptionQuirks(Quirks):
    """`params` names language, prompt and temperature on the wire; those without a name do not exist there."""

    path: str = "/audio/transcriptions"
    translations_path: str | None = None
    """Where speech is told in English; None where it is only written down."""

    names_model: bool = True
    needs: tuple[str, ...] = ()
    """What cannot be left out."""

    timestamps: Literal["verbose", "plain", "always", "never"] = "verbose"
    """How times are asked for: by the verbose format, by a field, not at all because they are always told, or never."""

    speakers: Mapping[str, str] | None = None
    """Fields that ask who is speaking; None where nobody knows."""

    audio_url: str | None = None
    """The field for an address in the place of a file."""

    audio_id: str | None = None
    """The field for a file that was uploaded before."""

    streams: bool = False


@dataclass(frozen=True, slots=True)
class SpeechQuirks(Quirks):
    """`params` names voice, format, speed, instructions and language; those without a name do not exist there."""

    path: str = "/audio/speech"
    text: str = "input"
    names_model: bool = True
    usual_voice: str | None = None
    """The voice where none is named, for hosts that need one."""

    formats: Mapping[str, Any] = field(default_factory=dict)
    """Our words for formats, and the wire's where they differ; None for one that does not exist there."""

    answers: Literal["sound", "json"] = "sound"
    """Whether the sound comes as it is, or in base64 inside JSON; streamed, such JSON comes in events."""
