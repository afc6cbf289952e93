"""`ai-utilities transcribe`: speech to text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..flags import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag
from ..streams import show


class TranscriptFormat(StrEnum):
    """Output formats."""

    TEXT = "text"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"


SoundArgument = Annotated[Path, typer.Argument(help="Audio file of any length.", exists=True, dir_okay=False)]
FormFlag = Annotated[TranscriptFormat, typer.Option("--format", help="Plain text, JSON, or subtitles.")]
LanguageFlag = Annotated[
    str | None, typer.Option("--language", "-l", metavar="CODE", help="Language code of the speech: en, de.")
]
HintFlag = Annotated[str | None, typer.Option("--prompt", help="Names and words likely to occur.")]
EnglishFlag = Annotated[bool, typer.Option("--translate", help="Translate to English.")]
SpeakersFlag = Annotated[bool, typer.Option("--speakers", help="Label speakers, if supported by the model.")]
OutputFlag = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Output file.")]


def register_transcribe(app: typer.Typer) -> None:
    app.command("transcribe")(transcribe)


def transcribe(
    sound: SoundArgument,
    form: FormFlag = TranscriptFormat.TEXT,
    language: LanguageFlag = None,
    prompt: HintFlag = None,
    translate: EnglishFlag = False,
    speakers: SpeakersFlag = False,
    output: OutputFlag = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    timeout: TimeoutFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Transcribe an audio file, or make subtitles.

    Long recordings are split at silences and the parts are joined.
    """
    from ..clients import client_for
    from ..exit_codes import print_note

    timed = "segment" if form in (TranscriptFormat.SRT, TranscriptFormat.VTT, TranscriptFormat.JSON) else None
    fields: dict[str, Any] = {
        "model": model,
        "language": language,
        "prompt": prompt,
        "timestamps": timed,
        "timeout": timeout,
        "diarize": speakers or None,
    }
    options = {name: value for name, value in fields.items() if value is not None}
    with client_for(provider, env_file=env_file) as client:
        received = client.translate(sound, **options) if translate else client.transcribe(sound, **options)
    for warning in received.warnings:
        print_note(f"warning: {warning.message}")
    written = WRITERS[form](received)
    if output is None:
        show(written)
    else:
        output.write_text(written.rstrip("\n") + "\n", encoding="utf-8")
        show(str(output))


WRITERS: dict[TranscriptFormat, Any] = {
    TranscriptFormat.TEXT: lambda received: received.text,
    TranscriptFormat.JSON: lambda received: received.model_dump_json(indent=2, exclude_none=True),
    TranscriptFormat.SRT: lambda received: received.to_srt(),
    TranscriptFormat.VTT: lambda received: received.to_vtt(),
}
