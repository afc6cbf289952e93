"""`ai-utilities speak`: text to speech."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..flags import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag, finite
from ..streams import show

TextArgument = Annotated[str | None, typer.Argument(help="The text; `-` or nothing reads standard input.")]
OutputFlag = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Output file; the extension is added if missing.")
]
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
    env_file: EnvFileFlag = None,
) -> None:
    """Convert text to speech.

    Prints the name of the file it wrote. Existing files are not overwritten.
    """
    from ..clients import client_for
    from ..exit_codes import print_note
    from ..inputs import read_prompt
    from .image import unused_path

    fields: dict[str, Any] = {"model": model, "voice": voice, "format": kind, "speed": speed, "timeout": timeout}
    options = {name: value for name, value in fields.items() if value is not None}
    content = read_prompt(text)
    with client_for(provider, env_file=env_file) as client:
        spoken = client.speak(content, **options)
    for warning in spoken.warnings:
        print_note(f"warning: {warning.message}")
    show(str(spoken.save(unused_path(output))))
