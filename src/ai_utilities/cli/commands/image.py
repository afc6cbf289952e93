"""`ai-utilities image`: generate or edit an image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag, TimeoutFlag
from ..streams import show

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
UsageFlag = Annotated[bool, typer.Option("--usage", "-u", help="Show the cost afterwards.")]


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
    timeout: TimeoutFlag = None,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Generate an image, or edit one.

    Prints the names of the files it wrote. Existing files are not overwritten.
    """
    from ..clients import client_for
    from ..exit_codes import print_note
    from ..inputs import read_prompt
    from ..output import format_cost

    text = read_prompt(prompt)
    fields: dict[str, Any] = {"model": model, "mask": mask, "timeout": timeout, "options": read_options(option)}
    options = {name: value for name, value in fields.items() if value is not None}
    with client_for(provider, env_file=env_file, tag=tag) as client:
        response = client.image(text, list(file or ()), **options)
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
    """Parses name=value options; values are JSON if possible, else text."""
    from ...exceptions import ProviderConfigurationError

    options: dict[str, Any] = {}
    for pair in given or ():
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
