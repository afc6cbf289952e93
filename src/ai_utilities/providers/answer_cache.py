"""Caches answers of custom providers, whose requests pass no layer, by prompt and options."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..cache.memory import TIMEOUT
from ..cache.policy import owner_tags
from ..results import AskResult
from ..storage.store_calls import within
from ..usage.data import UsageData

if TYPE_CHECKING:
    from ..config_models import AiSettings
    from ..value_types import Json, Options
    from .base_provider import BaseProvider


T = TypeVar("T")
FORMAT = 4


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
