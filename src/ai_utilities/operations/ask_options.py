"""Options of a single `ask` call, files attached to a prompt, and their translation into arguments of the engine."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from dhenara.ai import types
from dhenara.ai.types import AnswerOptions, Content

from ..config import OriginLevel
from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError
from .option_checks import own_options, read_files, refuse_run_options, starts_run

if TYPE_CHECKING:
    from dhenara.ai import MessageLike, RunStore
    from dhenara.ai.types import Run, RunLimits, ToolCallContent

    from ..exceptions import JsonObject, Options
    from ..providers.base_provider import BaseProvider


File = str | bytes | PathLike[str] | Content


class AskOptions(AnswerOptions, total=False):
    """Options for one call. They override the settings.

    The options of the engine (`AnswerOptions`), and those that belong to the kit.
    """

    provider: str | BaseProvider
    """Provider of this call: a name, or a `BaseProvider`. Default: the client's."""

    model: str
    """Model of this call. Default: the model of the settings, or the provider's default."""

    instructions: str | Callable[..., object] | Sequence[str | Callable[..., object]] | None
    """The same as `system`: system instructions: texts, or functions that get the run so far and return one for each
    request. Default: `system_prompt` of the settings."""

    context: Sequence[MessageLike] | None
    """Earlier messages of the conversation, sent before the prompt. Default: none."""

    files: File | Sequence[File] | None
    """Files for the model: paths, URLs, bytes or content objects; one, or several. Default: none."""

    cache: bool | str | None
    """True caches the answer, False neither reads nor writes the cache; or a cache policy: `"deterministic"`,
    `"always"`, `"never"`, `"refresh"`. Default: the `cache_policy` of the settings."""

    tags: Mapping[str, str] | None
    """Tags for the usage ledger. Default: none."""

    limits: RunLimits
    """Limits of a call with functions as tools. Default: the defaults of `RunLimits`."""

    approve: Callable[[ToolCallContent], object]
    """Function that decides on calls of tools that need approval. Default: the run stops before them."""

    tool_errors: Literal["send", "raise"]
    """`"send"` (default) sends errors of tools to the model, `"raise"` raises them."""

    validators: Callable[..., object] | Sequence[Callable[..., object]]
    """Functions that check the answer: the text, or the object. A ValueError is sent to the model, which corrects its
    answer. In async code they may be async, except with `ask_typed`."""

    resume: Run[Any] | str | bytes
    """A run to resume, or its JSON, in place of a prompt. Pass the same tools as when it was started."""

    store: RunStore
    """Where a run is kept after each step, such as `SQLiteRunStore("runs.sqlite")`. Default: nowhere."""

    run_id: str
    """Id of the run in the store: a run that is there is resumed. Default: a random one."""

    step: Callable[..., object]
    """Hook around each request and each tool call of a run, for durable engines: `step(name, key, do)`."""


@dataclass(slots=True, eq=False)
class ResolvedAsk:
    """One prompt in the form the engine's client takes: `generate(**arguments)`."""

    prompt: str | None
    model: str | None
    cache: bool | str | None
    tags: Mapping[str, str] | None
    arguments: Options
    runs_tools: bool
    """Whether the call is a run of the engine, such as one with tools that run in this process."""


def resolve_ask(
    prompt: object, options: Mapping[str, object], settings: AiSettings, stream: str | None = "ask_stream"
) -> ResolvedAsk:
    """Translates prompt and options into engine arguments; `stream` is the method that streams, None if this one does.

    Raises:
        ProviderConfigurationError: If an option is unknown, or its value can only be a mistake.
    """
    check_prompt(prompt, options)
    text = prompt if isinstance(prompt, str) else None
    if not options and not settings.system_prompt:
        return ResolvedAsk(text, None, None, None, {"prompt": prompt}, False)
    given = own_options(options, stream) if options else {}
    files = given.pop("files", None)
    is_resumed = given.get("resume") is not None
    system = given.pop("system", None) or (None if is_resumed else settings.system_prompt)
    model, cache, tags = given.pop("model", None), given.pop("cache", None), given.pop("tags", None)
    content = prompt if not files else add_files(prompt, files)
    arguments = {**given, "prompt": None if is_resumed else content}
    if system:
        arguments["instructions"] = system
    runs_tools = bool(given or system) and starts_run(arguments)
    if runs_tools:
        tags = tags if tags is not None or not is_resumed else saved_tags(given["resume"])
        arguments |= {} if tags is None else {"tags": tags}
    elif given:
        refuse_run_options(given)
    return ResolvedAsk(text, model, cache, tags, arguments, runs_tools)


def saved_tags(run: object) -> Mapping[str, str] | None:
    """The tags of a saved run; None for what is none, which the engine refuses."""
    saved = types.Run.from_json(run) if isinstance(run, str | bytes) else run
    return saved.record.tags or None if isinstance(saved, types.Run) else None


def check_prompt(prompt: object, options: Mapping[str, object]) -> None:
    """Rejects empty prompts and lists of prompts; a run that is resumed has its own."""
    if isinstance(prompt, str) and "resume" not in options and prompt.strip():
        return  # nearly always
    if options.get("resume") is not None:
        if prompt or options.get("files"):
            raise ProviderConfigurationError("resume= continues the messages of the run. Leave out prompt and files.")
        return
    items = prompt if isinstance(prompt, list | tuple) else ()
    if any(isinstance(one, Mapping) and "role" in one for one in items) or (not prompt and options.get("messages")):
        raise ProviderConfigurationError(
            "ask takes one prompt. Write the last message as the prompt, and context=[...] for the earlier ones."
        )
    if any(isinstance(one, PurePath | bytes) for one in items):
        raise ProviderConfigurationError("ask takes one prompt. Write files beside it: ask(prompt, files=[...]).")
    if isinstance(prompt, list | tuple):
        raise ProviderConfigurationError("ask takes one prompt. Use ask_many or ask_batch for a list.")
    if prompt is None or (isinstance(prompt, str) and not prompt.strip() and not options.get("files")):
        raise ProviderConfigurationError("the prompt is empty. Pass a text.")


def add_files(prompt: object, files: File | Sequence[File]) -> JsonObject:
    """The prompt as a message with its files before the text."""
    return {"role": "user", "contents": [*map(read_file, read_files(files)), prompt]}


def call_defaults(settings: AiSettings) -> Options:
    """The fields of the engine's call config that the settings fill.

    The default temperature of `AiSettings` is sent only to models that are known to support one.
    """
    defaults: Options = {
        "temperature": settings.temperature,
        "max_output_tokens": settings.max_tokens,
        "timeout": settings.timeout,
        "retries": settings.max_retries,
        "strict": settings.strict or None,
    }
    if settings.origin("temperature").level is OriginLevel.DEFAULT:
        defaults["if_supported"] = frozenset({"temperature"})
    return {name: value for name, value in defaults.items() if value is not None}


SIGNATURES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF": "application/pdf",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"OggS": "audio/ogg",
}
MEDIA = ("image", "audio", "video")
TEXT = ("text/", "application/json", "application/xml", "application/x-yaml", "application/toml")


def read_file(file: File) -> Content | JsonObject:
    """One file as a content part of a message."""
    if isinstance(file, bytes | bytearray):
        return content_part(bytes(file), None)
    if isinstance(file, str) and file.startswith(("http://", "https://")):
        return part_from_url(file)
    if isinstance(file, str | PathLike):
        path = Path(file).expanduser()
        try:
            return content_part(path.read_bytes(), path.name)
        except OSError as error:
            raise ProviderConfigurationError(f"cannot read the file {path}: {error.strerror}") from error
    return file


def content_part(data: bytes, name: str | None) -> JsonObject:
    """A content part; the media type comes from the bytes if recognized, else from the file name."""
    mime = sniff_text_type(data) or (name and mimetypes.guess_type(name)[0]) or ""
    if mime.startswith(TEXT) or (not mime and is_text(data)):
        return {"type": "text", "text": f"{name}:\n{data.decode()}" if name else data.decode()}
    kind = mime.partition("/")[0]
    return {
        "type": kind if kind in MEDIA else "file",
        "data": data,
        "mime_type": mime or "application/octet-stream",
        "name": name,
    }


def part_from_url(url: str) -> JsonObject:
    """A content part with a URL; its type comes from the end of the path."""
    kind = (mimetypes.guess_type(url.partition("?")[0])[0] or "").partition("/")[0]
    return {"type": kind if kind in MEDIA else "file", "url": url}


def sniff_text_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    return next((mime for start, mime in SIGNATURES.items() if data.startswith(start)), None)


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data
