"""`ai-utilities image`: a picture from words, or from words and pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag, TimeoutFlag
from .terminal_escape import show

PromptArgument = Annotated[str | None, typer.Argument(help="What to draw; `-` or nothing reads standard input.")]
OutputFlag = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where it goes; the ending may be left out.")
]
FilesFlag = Annotated[
    list[Path] | None,
    typer.Option("--file", "-f", metavar="PATH", help="A picture to change; may be repeated.", exists=True),
]
MaskFlag = Annotated[
    Path | None,
    typer.Option("--mask", metavar="PATH", help="Transparent where the picture may change.", exists=True),
]
OptionFlag = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="In the provider's own words: size=1024x1024, n=2."),
]
UsageFlag = Annotated[bool, typer.Option("--usage", "-u", help="Say afterwards what it cost.")]


def register(app: typer.Typer) -> None:
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
    timeout: TimeoutFlag = None,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Draw a picture, or change one.

    Prints the names of the files it wrote; nothing that is there is overwritten.
    """
    from .clients import client_for
    from .exit_codes import print_note
    from .inputs import read_prompt
    from .results import format_cost

    words = read_prompt(prompt)
    fields: dict[str, Any] = {"model": model, "mask": mask, "timeout": timeout, "options": read_options(option)}
    options = {name: value for name, value in fields.items() if value is not None}
    with client_for(provider, env_file=env_file, tag=tag) as client:
        response = client.image(words, list(file or ()), **options)
    for warning in response.warnings:
        print_note(f"warning: {warning.message}")
    for picture in response.images:
        show(str(picture.save(unused_path(output)) if picture.data else picture.url))
    if response.text:
        print_note(response.text)
    if usage:
        print_note(
            f"[{response.provider} {response.model}: {format_cost(response.cost.amount if response.cost else None)}]"
        )


def read_options(given: Sequence[str] | None) -> dict[str, Any]:
    """Values are JSON where they can be, else text."""
    from ..exceptions import ProviderConfigurationError

    match: dict[str, Any] = {}
    for pair in given or ():
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ProviderConfigurationError(f"--option takes name=value, such as size=1024x1024, not {pair!r}")
        try:
            match[name] = json.loads(value)
        except ValueError:
            match[name] = value
    return match


def unused_path(path: Path) -> Path:
    """This name, or the first numbered one that nobody has."""
    number = 1
    wanted = path
    while wanted.exists() or (not wanted.suffix and any(wanted.parent.glob(f"{wanted.name}.*"))):
        number += 1
        wanted = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return wanted
