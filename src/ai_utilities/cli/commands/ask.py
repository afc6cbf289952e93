"""`ai-utilities ask`, `replay` and `batch`: one prompt, which may be recorded and printed again, or many."""

from __future__ import annotations

import difflib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from dhenara.ai.integration import expected_value
from dhenara.ai.types import AIModelCallConfig

from ...batch import OnProvider, run_bulk
from ...batch.rows import BulkProgress, OnProgress
from ...client import AiClient
from ...exceptions import JsonObject, Options, ProviderConfigurationError
from ...results import AskResult
from ..clients import ClusterSettings, CommandSettings, ForceFlag, check_target, client_for, write_target
from ..inputs import (
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
    finite,
    read_parameters,
    read_prompt,
)
from ..output import Exit, format_cost, print_note, show_usage, show_warnings, to_json
from ..streams import drawing, require_output, show

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
    force: ForceFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Send one prompt and print the answer. Piped input is appended to the prompt.

    Example: ai-utilities ask "Summarise this." < report.txt
    """
    require_output()
    if save is not None:
        check_target("--save", save, force, [*(file or ()), schema])
    fields: Options = {
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
    question = read_prompt(prompt, "ask")
    with client_for(provider, model, env_file, tag, cache_enabled=cache) as client:
        streaming = (sys.stdout.isatty() if stream is None else stream) and not as_json and schema is None
        result = stream_answer(client, question, options) if streaming else client.ask(question, **options)
    if not streaming:
        show(json.dumps(to_json(result), ensure_ascii=False, indent=2) if as_json else result.text)
    show_warnings(result)
    if usage:
        show_usage(result)
    if save is not None:
        save_call(save, question, {name: value for name, value in options.items() if name != "files"}, result, force)


def stream_answer(client: AiClient, question: str, options: Options) -> AskResult:
    """Prints the answer while it arrives. Ctrl-C cancels the request."""

    with client.ask_stream(question, **options) as pieces:
        for piece in pieces:
            show(piece, end=False)
    show()
    return pieces.result


def read_schema(path: Path | None) -> JsonObject | None:
    """The JSON Schema in the file; None without a file."""
    if path is None:
        return None
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
        why = expected_value(error.errors()[0])
        raise unusable(path, f"cannot be used: {why}") from error
    return schema


def unusable(path: Path, why: str) -> Exception:
    return ProviderConfigurationError(f"--schema: {path} {why}")


CompareFlag = Annotated[bool, typer.Option("--diff", help="Show a line diff against the saved answer.")]


def register_replay(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    call: Annotated[Path, typer.Argument(help="A file that `ask --save` wrote.", exists=True, dir_okay=False)],
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    diff: CompareFlag = False,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Send a saved call again, also to another model.

    Shows usage and cost of both calls.
    """
    require_output()
    record = load_call(call)
    with client_for(provider, model, env_file, tag) as client:
        result = client.ask(record.prompt, **record.options)
    show(diff_text(record.result["text"], result.text) if diff else result.text)
    show_warnings(result)
    stored = record.result
    tokens = stored["usage"]
    cost = "cost unknown" if stored["cost"] is None else f"${stored['cost']}"
    print_note(
        f"[then: {stored['provider']} {stored['model']}: {tokens['prompt_tokens']} + {tokens['completion_tokens']} "
        f"tokens, {cost}]"
    )
    show_usage(result)


def diff_text(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "saved", "now", lineterm="")
    return "\n".join(lines) or "no difference"


FORMAT = 1


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One saved call."""

    prompt: str
    options: Options
    result: JsonObject


def save_call(path: Path, prompt: str, options: Options, result: AskResult, force: bool) -> None:
    stored = {"format": FORMAT, "prompt": prompt, "options": options, "result": to_json(result)}
    write_target(path, json.dumps(stored, ensure_ascii=False, indent=2), force)


def load_call(path: Path) -> CallRecord:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            raise ProviderConfigurationError(f"{path} has format {stored['format']}; this version reads {FORMAT}")
        return CallRecord(stored["prompt"], stored["options"], stored["result"])
    except KeyError as error:
        raise ProviderConfigurationError(f"{path} was not written by `ask --save`: it has no {error}") from error
    except (ValueError, TypeError) as error:
        raise ProviderConfigurationError(f"{path} was not written by `ask --save`: {error}") from error


def register_batch(app: typer.Typer) -> None:
    app.command("batch")(batch)


def batch(
    source: Annotated[Path, typer.Argument(help="Input file: .jsonl, .csv or .parquet.", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Argument(help="Output file: .jsonl, .csv or .parquet.")],
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", metavar="TEXT", help="Prompt template with row fields: 'Summarise: {text}'."),
    ] = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    temperature: TemperatureFlag = None,
    max_tokens: MaxTokensFlag = None,
    param: ParamFlag = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-c", metavar="COUNT", help="Number of concurrent requests.", min=1)
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="WHERE",
            help="Where to run: 'here'; 'provider': its batch API, within a day at half the price; or 'ray': the "
            "machines of the Ray cluster in RAY_ADDRESS.",
        ),
    ] = "here",
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            help="With --on provider: maximum wait; run again for the rest.",
            min=0,
            callback=finite,
        ),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Start no further request after a failure.")] = False,
    force: ForceFlag = False,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Process every row of a file. Run it again to resume an interrupted run or to retry failed rows.

    An output that exists is not overwritten, and a finished run is not made again, without --force.
    """
    fields = {"system": system, "temperature": temperature, "max_tokens": max_tokens}
    options: Options = {name: value for name, value in fields.items() if value is not None} | read_parameters(param)
    if wait is not None and on != "provider":
        raise typer.BadParameter("--wait needs --on provider")
    backend = on if wait is None else OnProvider(wait=wait)
    kind = ClusterSettings if on == "ray" else CommandSettings
    with client_for(provider, model, env_file, tag, kind=kind) as client, progress_line() as line:
        report = run_bulk(
            source,
            output,
            prompt=prompt,
            client=client,
            concurrency=concurrency,
            on=backend,
            fail_fast=fail_fast,
            overwrite=force,
            on_progress=line,
            **options,
        )
    print_note(str(report))
    if not report.ok:
        some = report.answered or report.reused or report.waiting
        raise typer.Exit(Exit.PARTLY if some else Exit.FAILED)


EVERY = 0.1


@contextmanager
def progress_line() -> Iterator[OnProgress]:
    shown = sys.stderr.isatty()
    drawn_at = 0.0

    def draw(now: BulkProgress) -> None:
        nonlocal drawn_at
        if shown and time.monotonic() - drawn_at >= EVERY:
            drawn_at = time.monotonic()
            drawing(sys.stderr)(f"\r{format_progress(now)}\033[K")
            sys.stderr.flush()

    try:
        yield draw
    finally:
        if drawn_at:
            drawing(sys.stderr)("\r\033[K")


def format_progress(now: BulkProgress) -> str:
    of = f"/{now.total}" if now.total is not None else ""
    failed = f", {now.failed} failed" if now.failed else ""
    cost = format_cost(now.cost) if not now.unpriced else f"{format_cost(now.cost)} and more"
    return f"{now.done}{of} rows{failed}, {now.tokens} tokens, {cost}"
