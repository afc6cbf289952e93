"""`ai-utilities speak`: a text, read aloud into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag, finite
from .terminal_escape import show

TextArgument = Annotated[str | None, typer.Argument(help="What to say; `-` or nothing reads standard input.")]
OutputFlag = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where it goes; the ending may be left out.")
]
VoiceFlag = Annotated[str | None, typer.Option("--voice", metavar="NAME", help="Whose voice, by the provider's name.")]
FormatFlag = Annotated[str | None, typer.Option("--format", metavar="KIND", help="mp3, wav, opus, ... as offered.")]
SpeedFlag = Annotated[
    float | None, typer.Option("--speed", metavar="FACTOR", help="1 is as people speak.", min=0.1, callback=finite)
]


def register(app: typer.Typer) -> None:
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
    """Read a text aloud into a file.

    Prints the name of the file it wrote; nothing that is there is overwritten.
    """
    from .clients import client_for
    from .exit_codes import print_note
    from .image import unused_path
    from .inputs import read_prompt

    fields: dict[str, Any] = {"model": model, "voice": voice, "format": kind, "speed": speed, "timeout": timeout}
    options = {name: value for name, value in fields.items() if value is not None}
    words = read_prompt(text)
    with client_for(provider, env_file=env_file) as client:
        spoken = client.speak(words, **options)
    for warning in spoken.warnings:
        print_note(f"warning: {warning.message}")
    show(str(spoken.save(unused_path(output))))
