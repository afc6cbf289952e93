"""`ai-utilities image`: a picture from words, or from words and pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag, TimeoutFlag

if TYPE_CHECKING:
    from dhenara.ai.types import ImageContent

PromptArgument = Annotated[str | None, typer.Argument(help="What to draw; `-` or nothing reads standard input.")]
OutputFlag = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where it goes; the ending may be left out.")
]
FilesFlag = Annotated[
    list[Path] | None,
    typer.Option("--file", "-f", metavar="PATH", help="A picture to change; may be repeated.", exists=True),
]
OptionFlag = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="In the provider's own words: size=1024x1024, n=2."),
]
UsageFlag = Annotated[bool, typer.Option("--usage", "-u", help="Say afterwards what it cost.")]

USUAL = {"openai": "gpt-image-2", "google_ai": "gemini-3.1-flash-image", "xai": "grok-imagine-image"}
"""What draws when nobody names a model."""


def register(app: typer.Typer) -> None:
    app.command("image")(image)


def image(
    prompt: PromptArgument = None,
    output: OutputFlag = Path("image"),
    file: FilesFlag = None,
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
    from .engines import engine_for
    from .inputs import read_prompt
    from .outcome import note
    from .results import money

    words, options = read_prompt(prompt), read_options(option)
    said: dict[str, Any] = {"options": options} | ({"timeout": timeout} if timeout else {})
    with engine_for("image_generation", USUAL, provider, model, env_file, tag) as client:
        pictures = [read_picture(path) for path in file or ()]
        answer = client.edit_image(words, pictures, **said) if pictures else client.generate(words, **said)
        response = answer.image_response
        for warning in response.warnings:
            note(f"warning: {warning.message}")
        asked = client.model_endpoint.ai_model.model_name
        for picture in response.images:
            typer.echo(str(client.download(picture).save(free(output))))
    if response.text:
        note(response.text)
    if usage:
        note(
            f"[{response.provider} {response.model or asked}: {money(response.cost.amount if response.cost else None)}]"
        )


def read_picture(path: Path) -> ImageContent:
    from dhenara.ai.types import ImageContent

    from ..attachments import read_file
    from ..exceptions import ProviderConfigurationError

    found = read_file(path)
    if found["type"] != "image":
        raise ProviderConfigurationError(f"{path} is not a picture, and only pictures can be changed")
    return ImageContent.model_validate(found)


def read_options(given: Sequence[str] | None) -> dict[str, Any]:
    """Values are JSON where they can be, else text."""
    from ..exceptions import ProviderConfigurationError

    found: dict[str, Any] = {}
    for pair in given or ():
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ProviderConfigurationError(f"--option takes name=value, such as size=1024x1024, not {pair!r}")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def free(path: Path) -> Path:
    """This name, or the first numbered one that nobody has."""
    number = 1
    wanted = path
    while wanted.exists() or (not wanted.suffix and any(wanted.parent.glob(f"{wanted.name}.*"))):
        number += 1
        wanted = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return wanted
