"""Cache keys and the stored form of answers: JSON with a format version; also for answers of custom providers."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import from_json, to_json

from dhenara.ai import Exchange, LearnedConstraint, Stream, types
from dhenara.ai.integration import ANSWER
from dhenara.ai.types import Call, CallWarning, ChatResponse, ContentItem, Cost, Result

from ..results import AskResult
from ..storage.store_io import within
from ..usage.data import UsageData, tags_now
from .memory import TIMEOUT, ReadAnswers
from .policy import CachePolicy, owner_tags

if TYPE_CHECKING:
    from ..config_models import AiSettings
    from ..exceptions import Json, JsonObject, Options
    from ..providers.base_provider import BaseProvider

VERSION = 3
"""Version of entries and keys; entries of older versions are not read."""


async def cache_key(namespace: str, exchange: Exchange, *, share_accounts: bool = False) -> str:
    """The key under which the answer to this request is stored.

    Args:
        namespace: A name without a colon, before everything else.
        exchange: The call and the request that it becomes.
        share_accounts: Whether calls with other credentials or `OWNER_TAGS` may use the same entry.

    Returns:
        `namespace:version-hash`. It contains no secret.
    """
    key = f"{namespace}:v{VERSION}-{await exchange.key(share_accounts=share_accounts)}"
    owner = owner_of(exchange.call, {} if share_accounts else tags_now(exchange.call))
    return f"{key}-{owner}" if owner else key


def owner_of(call: Call, tags: Mapping[str, str]) -> str:
    """A hash of the user or tenant of the call, also where it is not sent to the provider; empty if none."""
    if not tags and call.config.user is None and not call.config.metadata:
        return ""  # nearly always
    named: dict[str, object] = dict(owner_tags(tags))
    for name, value in (("user", call.config.user), ("metadata", call.config.metadata.get("user_id"))):
        if value is not None:
            named[f"config.{name}"] = value
    return hashlib.sha256(to_json(named, serialize_unknown=True)).hexdigest()[:32] if named else ""


INCOMPLETE = ("error", "pause")
"""Finish reasons of answers that are not complete."""

INFINITE = ('"Infinity"', '"-Infinity"', '"NaN"')
"""How pydantic writes numbers that JSON does not have."""

OF_ONE_CALL = ("uploaded_content", "cache_unavailable")
"""Warnings that concern one call only, and are not stored with the answer."""

T = TypeVar("T")
A = TypeVar("A", bound=ChatResponse | Result)


@dataclass(slots=True, eq=False)
class CacheLookup:
    """What a call looks up.

    Attributes:
        key: The key of its request.
        policy: Its cache options.
        warnings: Warnings about its request. Another call with the same key may have others, since what is not sent,
            such as a setting that the provider does not take, is not part of the key.
        constraints: The learned constraints that are applied to the request.
    """

    key: str
    policy: CachePolicy
    warnings: tuple[CallWarning, ...]
    constraints: tuple[LearnedConstraint, ...] = ()

    def without_warnings(self, answer: A) -> A:
        """The answer as it is stored, without warnings about this call."""
        left = [
            warning for warning in answer.warnings if warning not in self.warnings and warning.code not in OF_ONE_CALL
        ]
        if len(left) == len(answer.warnings):
            return answer
        return cast("A", answer.model_copy(update={"warnings": left}))

    def with_warnings(self, answer: A) -> A:
        """The stored answer with the warnings about this call."""
        if not self.warnings:
            return answer
        return cast("A", answer.model_copy(update={"warnings": [*self.warnings, *answer.warnings]}))


FIELDS: JsonObject = {name: (field.annotation, field) for name, field in ChatResponse.model_fields.items()}
StoredAnswer = create_model("StoredAnswer", __config__=ConfigDict(extra="forbid"), cost=(Cost | None, None), **FIELDS)
"""The fields of an answer with its cost, which is none of them: read in one step by pydantic's core."""


class CacheEntry(BaseModel):
    """One answer in a cache."""

    format: int
    answer: StoredAnswer  # pyright: ignore[reportInvalidTypeForm]  # a class, made of the fields of another one


def is_cacheable(answer: ChatResponse) -> bool:
    """Whether the answer is complete and worth storing."""
    return bool(
        answer.choices
        and not answer.interrupted
        and not answer.cached
        and all(choice.finish_reason not in INCOMPLETE for choice in answer.choices)
    )


def write_entry(answer: ChatResponse) -> str | None:
    """The stored form of an answer: as a hit returns it, so that nothing has to be changed then.

    Fields with their default values are left out, so that a hit reads half as much. None if JSON cannot express the
    answer, as with an infinite number in a tool call.
    """
    stored = mark_as_cached(answer)
    fields = stored.model_dump(mode="json", exclude_defaults=True)
    for choice, written in zip(stored.choices, fields.get("choices", ()), strict=True):
        write_types(choice.contents, written)
    text = to_json(fields, inf_nan_mode="strings").decode()
    if any(word in text for word in INFINITE) and ChatResponse.model_validate_json(text) != stored:
        return None
    return f'{{"format":{VERSION},"answer":{text}}}'


def write_types(parts: Sequence[ContentItem], written: JsonObject) -> None:
    """Adds the types of parts, which are defaults, and by which parts are read."""
    for part, fields in zip(parts, written.get("contents", ()), strict=True):
        fields["type"] = part.type
        write_types(getattr(part, "contents", None) or (), fields)


def read_entry(text: str) -> ChatResponse | None:
    """The stored answer; None if it was written by another version or program."""
    try:
        stored = CacheEntry.model_validate_json(text)
    except (ValidationError, json.JSONDecodeError):
        return None
    fields = vars(stored.answer)
    if stored.format != VERSION or not (fields["cached"] and fields["choices"]):
        return None
    cost = fields.pop("cost")
    return ANSWER.make(fields).with_cost(cost)


def mark_as_cached(answer: ChatResponse) -> ChatResponse:
    """The same answer marked as cached: cost 0, and the original cost as saved."""
    return answer.model_copy(update={"cached": True}).with_cost(zero_cost(answer.cost))


def zero_cost(first: Cost) -> Cost:
    """The cost of a cached answer: 0, with the original cost as saved."""
    return Cost(
        amount=Decimal(0),
        currency=first.currency,
        source="cache",
        saved=first.amount,
    )


KINDS = (
    "ImageResponse",
    "ModerationResponse",
    "OcrResponse",
    "RerankResponse",
    "SpeechResponse",
    "TokenCountResponse",
    "TranscriptionResponse",
)
Answer = ChatResponse | Result


def write_cached(call: Call, stream: Stream, lookup: CacheLookup) -> str | None:
    """The stored form of a finished answer; None if it is not worth storing."""
    if not stream.complete:
        return None
    answer, result = stream.partial(), stream.result()
    if result is not None:
        return None if answer.cached else write_result(lookup.without_warnings(result))
    cacheable = is_cacheable(answer) and (call.operation == "chat" or bool(answer.images))
    return write_entry(lookup.without_warnings(answer)) if cacheable else None


def read_cached(call: Call, text: str, answers: ReadAnswers) -> Answer | None:
    """Reads a stored answer; None if it was written by another version or program, or is damaged."""
    if call.operation == "chat":
        return answers.read(text)
    try:
        entry: object = from_json(text)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    return read_result(entry) if "kind" in entry else read_entry(text)


def write_result(result: Result) -> str | None:
    """The stored form of a result; None if results of its type are not stored."""
    kind = type(result).__name__
    if kind not in KINDS:
        return None
    return f'{{"format":{VERSION},"kind":{json.dumps(kind)},"answer":{result.model_dump_json()}}}'


def read_result(entry: dict[str, object]) -> Result | None:
    """Reads a stored result; None if it was written by another version or program, or is damaged."""
    kind = entry["kind"]
    if not isinstance(kind, str) or kind not in KINDS or entry.get("format") != VERSION:
        return None
    model: type[Result] = getattr(types, kind)
    try:
        stored = model.model_validate_json(to_json(entry.get("answer")))
    except ValidationError:
        return None
    return stored.model_copy().with_cost(zero_cost(stored.cost))


FORMAT = 4
"""Version of keys and entries of custom providers, whose requests pass no layer."""


def provider_cache_key(
    namespace: str,
    provider: BaseProvider,
    prompt: str,
    options: Options,
    tags: Mapping[str, str] | None = None,
    *,
    share_accounts: bool = False,
) -> str | None:
    """The cache key of a request; None if an option cannot be written as JSON."""
    settings = provider.settings
    request = {
        "format": FORMAT,
        "provider": [provider.provider_name, type(provider).__module__, type(provider).__qualname__],
        "address": settings.base_url,
        "model": settings.model,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "system": settings.system_prompt,
        "strict": settings.strict,
        "headers": settings.extra_headers,
        "config": settings.provider_config,
        "account": None if share_accounts else account_of(settings),
        "owner": owner_tags(None if share_accounts else tags),
        "prompt": prompt,
        "said": dict(options),
    }
    try:
        if options.get("files"):
            request["files"] = [file_hash(file) for file in options["files"]]
            request["said"] = {**options, "files": [str(file) for file in options["files"]]}
        text = json.dumps(with_distinct_names(request), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, OSError, RecursionError):
        return None
    return f"{namespace}:plain-v{FORMAT}-{hashlib.sha256(text.encode()).hexdigest()}"


def file_hash(file: object) -> str:
    """The hash of a file's content, which may change between two calls.

    Raises:
        TypeError: If it is not a path.
        OSError: If the file cannot be read.
    """
    if not isinstance(file, str | PathLike):
        raise TypeError("only files at a path are hashed")
    with Path(file).expanduser().open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def with_distinct_names(value: Json) -> Json:
    """The same without names that only JSON takes for equal, such as 1 and "1".

    Raises:
        TypeError: A name is no text.
    """
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("names of entries are texts")
        return {name: with_distinct_names(entry) for name, entry in value.items()}
    return [with_distinct_names(entry) for entry in value] if isinstance(value, list | tuple) else value


def account_of(settings: AiSettings) -> str:
    """A keyed hash of API key and client certificate, so that accounts do not share entries."""
    credentials = f"{settings.api_key or ''}\n{settings.cert or ''}"
    return hashlib.blake2b(credentials.encode("utf-8", "surrogatepass"), key=b"ai_utilities account").hexdigest()


def write_provider_result(result: AskResult) -> Json:
    """The form in which a cache stores the result of a custom provider."""
    return {"format": FORMAT, "text": result.text, "usage": result.usage.model_dump(mode="json")}


def read_provider_result(stored: Json, prompt: str) -> AskResult | None:
    """The cached answer as a result; its cost is 0 and the original cost counts as saved."""
    if not isinstance(stored, Mapping) or stored.get("format") != FORMAT:
        return None
    usage = UsageData.model_validate(stored["usage"])
    update = {"cached": True, "outcome": "cached", "cost": Decimal(0), "saved_cost": usage.cost, "cost_source": "cache"}
    return AskResult(stored["text"], usage=usage.model_copy(update=update), prompt=prompt)


def try_cache(default: T, work: Callable[..., T], *args: object) -> T:
    """Calls the cache; if it fails or takes too long, warns and returns the default."""
    try:
        return within(TIMEOUT, work)(*args)
    except Exception as error:  # noqa: BLE001  # a custom cache may raise anything
        warnings.warn(f"the cache failed and is skipped: {error!r}", RuntimeWarning, stacklevel=2)
        return default
