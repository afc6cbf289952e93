"""`ai-utilities image`, `speak`, `transcribe`, `ocr` and `embed`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dhenara.ai.types import TranscriptionResponse

from ...exceptions import JsonObject, Options, ProviderConfigurationError
from ...providers.defaults import EMBEDDING_MODELS
from ..clients import ForceFlag, check_source, check_target, client_for, engine_for, write_target
from ..inputs import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag, TimeoutFlag, finite, read_input, read_prompt
from ..output import print_note, show_operation_usage, show_warnings
from ..streams import require_output, show

PromptArgument = Annotated[str | None, typer.Argument(help="The description; `-` or nothing reads standard input.")]
OutputFlag = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Output file; the extension is added if missing.")
]
FilesFlag = Annotated[
    list[Path] | None,
    typer.Option("--file", "-f", metavar="PATH", help="Image to edit; may be repeated.", exists=True),
]
MaskFlag = Annotated[
    Path | None,
    typer.Option("--mask", metavar="PATH", help="Mask image; transparent areas are edited.", exists=True),
]
OptionFlag = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="Provider option, such as size=1024x1024 or n=2."),
]
UsageFlag = Annotated[bool, typer.Option("--usage", "-u", help="Show usage and cost afterwards.")]


def register_image(app: typer.Typer) -> None:
    app.command("image")(image)


def image(
    prompt: PromptArgument = None,
    output: OutputFlag = Path("image"),
    file: FilesFlag = None,
    mask: MaskFlag = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    option: OptionFlag = None,
    usage: UsageFlag = False,
    force: ForceFlag = False,
    timeout: TimeoutFlag = None,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Generate an image, or edit one.

    Prints the names of the files it wrote. Existing files are not overwritten without --force: the name gets a number.
    """
    check_source("--output", output, [*(file or ()), mask])
    description = read_prompt(prompt, "image")
    fields: Options = {"model": model, "mask": mask, "timeout": timeout, "options": read_options(option)}
    options = {name: value for name, value in fields.items() if value is not None}
    with client_for(provider, env_file=env_file, tag=tag) as client:
        response = client.image(description, list(file or ()), **options)
    show_warnings(response)
    for number, picture in enumerate(response.images):
        replaces = force and number == 0  # further images get numbers
        place = output if replaces else unused_path(output)
        show(str(picture.save(place, overwrite=replaces) if picture.data else picture.url))
    if response.text:
        print_note(response.text)
    if usage:
        show_operation_usage(response)


def read_options(pairs: Sequence[str] | None) -> JsonObject:
    """Parses name=value options; values are JSON if possible, else text."""
    options: JsonObject = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ProviderConfigurationError(f"--option takes name=value, such as size=1024x1024, not {pair!r}")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def unused_path(path: Path) -> Path:
    """The path, or the first numbered variant that does not exist."""
    number = 1
    wanted = path
    while wanted.exists() or (not wanted.suffix and any(wanted.parent.glob(f"{wanted.name}.*"))):
        number += 1
        wanted = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return wanted


TextArgument = Annotated[str | None, typer.Argument(help="The text; `-` or nothing reads standard input.")]
VoiceFlag = Annotated[str | None, typer.Option("--voice", metavar="NAME", help="Voice name of the provider.")]
FormatFlag = Annotated[str | None, typer.Option("--format", metavar="KIND", help="Audio format: mp3, wav, opus, ...")]
SpeedFlag = Annotated[
    float | None,
    typer.Option("--speed", metavar="FACTOR", help="Speaking speed; 1 is normal.", min=0.1, callback=finite),
]


def register_speak(app: typer.Typer) -> None:
    app.command("speak")(speak)


def speak(
    text: TextArgument = None,
    output: OutputFlag = Path("speech"),
    voice: VoiceFlag = None,
    kind: FormatFlag = None,
    speed: SpeedFlag = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    timeout: TimeoutFlag = None,
    usage: UsageFlag = False,
    force: ForceFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Convert text to speech.

    Prints the name of the file it wrote. Existing files are not overwritten without --force: the name gets a number.
    """
    fields: Options = {"model": model, "voice": voice, "format": kind, "speed": speed, "timeout": timeout}
    options = {name: value for name, value in fields.items() if value is not None}
    content = read_prompt(text, "speak")
    with client_for(provider, env_file=env_file) as client:
        spoken = client.speak(content, **options)
    show_warnings(spoken)
    show(str(spoken.save(output if force else unused_path(output), overwrite=force)))
    if usage:
        show_operation_usage(spoken)


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
HintFlag = Annotated[str | None, typer.Option("--prompt", metavar="TEXT", help="Names and words likely to occur.")]
EnglishFlag = Annotated[bool, typer.Option("--translate", help="Translate to English.")]
SpeakersFlag = Annotated[bool, typer.Option("--speakers", help="Label speakers, if supported by the model.")]
TranscriptFlag = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Output file.")]


def register_transcribe(app: typer.Typer) -> None:
    app.command("transcribe")(transcribe)


def transcribe(
    sound: SoundArgument,
    form: FormFlag = TranscriptFormat.TEXT,
    language: LanguageFlag = None,
    prompt: HintFlag = None,
    translate: EnglishFlag = False,
    speakers: SpeakersFlag = False,
    output: TranscriptFlag = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    timeout: TimeoutFlag = None,
    usage: UsageFlag = False,
    force: ForceFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Transcribe an audio file, or make subtitles.

    Long recordings are split at silences and the parts are joined.
    """
    if output is not None:
        check_target("--output", output, force, [sound])
    timed = "segment" if form in (TranscriptFormat.SRT, TranscriptFormat.VTT, TranscriptFormat.JSON) else None
    fields: Options = {
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
    show_warnings(received)
    content = WRITERS[form](received)
    if output is None:
        show(content)
    else:
        write_target(output, content, force)
        show(str(output))
    if usage:
        show_operation_usage(received)


WRITERS: dict[TranscriptFormat, Callable[[TranscriptionResponse], str]] = {
    TranscriptFormat.TEXT: lambda received: received.text,
    TranscriptFormat.JSON: lambda received: received.model_dump_json(indent=2, exclude_none=True),
    TranscriptFormat.SRT: lambda received: received.to_srt(),
    TranscriptFormat.VTT: lambda received: received.to_vtt(),
}


TextsArgument = Annotated[list[str] | None, typer.Argument(help="The texts; by default each line of standard input.")]
WholeFlag = Annotated[bool, typer.Option("--whole", help="Treat all of standard input as one text.")]
DimensionsFlag = Annotated[int | None, typer.Option("--dimensions", metavar="COUNT", help="Vector length.", min=1)]
PurposeFlag = Annotated[
    str | None, typer.Option("--for", metavar="WHAT", help="Purpose: query, document, similarity, ...")
]


def register_embed(app: typer.Typer) -> None:
    app.command("embed")(embed)


def embed(
    texts: TextsArgument = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    dimensions: DimensionsFlag = None,
    purpose: PurposeFlag = None,
    whole: WholeFlag = False,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Create an embedding vector for each text.

    Prints JSON lines with `text` and `vector`. Example: ai-utilities embed < titles.txt > vectors.jsonl
    """
    require_output()
    fields: Options = {"dimensions": dimensions, "input_type": purpose}
    options = {name: value for name, value in fields.items() if value is not None}
    wanted = list(texts or read_texts(whole))
    with engine_for("embedding", EMBEDDING_MODELS, provider, model, env_file, tag) as client:
        response = client.embed(wanted, **options)
    show_warnings(response)
    for text, vector in zip(wanted, response.vectors, strict=True):
        show(json.dumps({"text": text, "vector": vector}, ensure_ascii=False))


def read_texts(whole: bool) -> list[str]:
    """The texts on standard input."""
    piped = "" if sys.stdin is None or sys.stdin.isatty() else read_input()
    texts = [piped.strip()] if whole else [line for line in piped.splitlines() if line.strip()]
    if not any(texts):
        raise ProviderConfigurationError('no text to embed. Use ai-utilities embed "a text", or pipe lines in.')
    return texts
