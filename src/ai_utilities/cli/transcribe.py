"""`ai-utilities transcribe`: what is said in a recording."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag
from .terminal_escape import show


class TranscriptFormat(StrEnum):
    """How what was heard is written."""

    TEXT = "text"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"


SoundArgument = Annotated[Path, typer.Argument(help="A recording of any length.", exists=True, dir_okay=False)]
FormFlag = Annotated[TranscriptFormat, typer.Option("--format", help="Words alone, everything as JSON, or subtitles.")]
LanguageFlag = Annotated[str | None, typer.Option("--language", "-l", metavar="CODE", help="What is spoken: en, de.")]
HintFlag = Annotated[str | None, typer.Option("--prompt", help="Names and words that are likely to be said.")]
EnglishFlag = Annotated[bool, typer.Option("--translate", help="Tell it in English.")]
SpeakersFlag = Annotated[bool, typer.Option("--speakers", help="Tell who speaks, where the model can.")]
OutputFlag = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where it goes.")]


def register(app: typer.Typer) -> None:
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
    """Write down what is said in a recording, or make subtitles of it.

    Long recordings are cut at silences and joined again.
    """
    from .clients import client_for
    from .exit_codes import print_note

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
