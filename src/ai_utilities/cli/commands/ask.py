"""`ai-utilities ask`: send one prompt and print the answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..flags import (
    CacheFlag,
    EnvFileFlag,
    MaxTokensFlag,
    ModelFlag,
    ParamFlag,
    ProviderFlag,
    SystemFlag,
    TagFlag,
    TemperatureFlag,
    TimeoutFlag,
)
from ..streams import show

PromptArgument = Annotated[str | None, typer.Argument(help="The prompt; `-` or nothing reads standard input.")]
FilesFlag = Annotated[
    list[Path] | None, typer.Option("--file", "-f", metavar="PATH", help="File to attach; may be repeated.")
]
StreamFlag = Annotated[
    bool | None, typer.Option("--stream/--no-stream", help="Stream the answer; default on a terminal.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print answer, usage, cost and model as JSON.")]
SchemaFlag = Annotated[
    Path | None, typer.Option("--schema", metavar="FILE", help="JSON Schema that the answer must match.")
]
UsageFlag = Annotated[bool, typer.Option("--usage", "-u", help="Show token usage and cost after the answer.")]
SaveFlag = Annotated[
    Path | None, typer.Option("--save", metavar="FILE", help="Save the call to this file, for `replay`.")
]


def register_ask(app: typer.Typer) -> None:
    app.command("ask")(ask)


def ask(
    prompt: PromptArgument = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    file: FilesFlag = None,
    schema: SchemaFlag = None,
    stream: StreamFlag = None,
    as_json: JsonFlag = False,
    usage: UsageFlag = False,
    temperature: TemperatureFlag = None,
    max_tokens: MaxTokensFlag = None,
    param: ParamFlag = None,
    timeout: TimeoutFlag = None,
    cache: CacheFlag = None,
    tag: TagFlag = None,
    save: SaveFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Send one prompt and print the answer. Piped input is appended to the prompt.

    Example: ai-utilities ask "Summarise this." < report.txt
    """
    from ..clients import client_for
    from ..inputs import read_parameters, read_prompt
    from ..output import show_usage, show_warnings, to_json
    from ..streams import require_output

    require_output()
    fields: dict[str, Any] = {
        "system": system,
        "files": file,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "timeout": timeout,
        "structured_output": read_schema(schema),
    }
    options = {name: value for name, value in fields.items() if value}
    if temperature is not None:
        options["temperature"] = temperature
    options |= read_parameters(param)
    question = read_prompt(prompt)
    with client_for(provider, model, env_file, tag, cache_enabled=cache) as client:
        streaming = (sys.stdout.isatty() if stream is None else stream) and not as_json and schema is None
        result = stream_answer(client, question, options) if streaming else client.ask(question, **options)
    if not streaming:
        show(json.dumps(to_json(result), ensure_ascii=False, indent=2) if as_json else result.text)
    show_warnings(result)
    if usage:
        show_usage(result)
    if save is not None:
        from .replay import save_call

        save_call(save, question, {name: value for name, value in options.items() if name != "files"}, result)


def stream_answer(client: Any, question: str, options: dict[str, Any]) -> Any:
    """Prints the answer while it arrives. Ctrl-C cancels the request."""

    with client.ask_stream(question, **options) as pieces:
        for piece in pieces:
            show(piece, end=False)
    show()
    return pieces.result


def read_schema(path: Path | None) -> Any:
    """The JSON Schema in the file; None without a file."""
    if path is None:
        return None
    from pydantic import ValidationError

    from dhenara.ai.types import AIModelCallConfig

    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unusable(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise unusable(path, "is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise unusable(path, f"is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise unusable(path, 'is not a JSON Schema, which is an object such as {"type": "object", "properties": {}}')
    try:
        AIModelCallConfig.model_validate({"structured_output": schema})
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise unusable(path, f"cannot be used: {why}") from error
    return schema


def unusable(path: Path, why: str) -> Exception:
    from ...exceptions import ProviderConfigurationError

    return ProviderConfigurationError(f"--schema: {path} {why}")
