"""Settings and providers as version 1 described them."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from dhenara.ai.integration import fold_name, provider_name
from dhenara.ai.lazy_package import missing_attribute

from ..config_models import NULLABLE, AiSettings
from ..exceptions import ProviderConfigurationError
from ..providers.base_provider import BaseProvider, run_in_thread
from ..providers.engine_provider import EngineProvider
from ..results import AskResult
from . import KNOWLEDGE

if TYPE_CHECKING:
    from ..exceptions import Json, Options


RENAMED: Mapping[str, str] = {
    "ai_auto_select_order": "auto_select_order",
    "cache_sqlite_max_entries": "cache_max_entries",
    "cache_sqlite_path": "cache_path",
    "request_timeout_s": "timeout",
}
"""Name of version 1 to the name here."""

VENDORS: Mapping[str, str] = {
    "fastchat": "openai_compatible",
    "groq": "groq",
    "lmstudio": "lm_studio",
    "ollama": "ollama",
    "openai": "openai",
    "openrouter": "openrouter",
    "text_generation_webui": "openai_compatible",
    "together": "together",
}
"""Beginning of the names of settings of one provider, to the provider."""

VENDOR_FIELDS = ("api_key", "base_url", "model")

WITHOUT_EFFECT: Mapping[str, Json] = {
    "cache_sqlite_busy_timeout_ms": 3000,
    "cache_sqlite_prune_batch": 200,
    "cache_sqlite_table": "ai_cache",
    "cache_sqlite_wal": True,
    "update_check_days": 30,
}
"""Settings that are accepted with a warning, and their defaults in version 1."""

RETAINED: Mapping[str, Json] = {"ai_log_level": None, "usage_client_id": None, "usage_scope": "per_client"}
"""Settings that are kept for what reads them, and their defaults in version 1."""


def read_settings(given: Options) -> tuple[Options, Options]:
    """Return the settings under the names of this version, and the values of version 1 to keep.

    Args:
        given: Settings, some with names that this version does not have.

    Raises:
        ProviderConfigurationError: If a setting is given under both names, or was left out on purpose.
    """
    own: Options = {}
    retained: Options = {}
    for name, value in given.items():
        if name.startswith("knowledge_"):
            raise ProviderConfigurationError(f"the setting {name!r} of ai-utilities 1.x does not exist. {KNOWLEDGE}")
        if value is None and (name in NULLABLE or is_old(name)):
            continue
        if name in WITHOUT_EFFECT:
            warnings.warn(f"the setting {name!r} of ai-utilities 1.x has no effect here; remove it", stacklevel=4)
        if name == "cache_max_temperature":
            put(own, "cache_policy", "deterministic" if not value else "always", name)
        elif name in RENAMED:
            put(own, RENAMED[name], value, name)
        elif not is_old(name):
            put(own, name, value, name)
        if is_old(name):
            retained[name] = value
    if retained.get("ai_log_level"):
        logging.getLogger("ai_utilities").setLevel(str(retained["ai_log_level"]).upper())
    return {**own, **vendor_values(own, retained)}, retained


def is_old(name: str) -> bool:
    """Whether a setting belongs to version 1 alone."""
    return name in (*RENAMED, *WITHOUT_EFFECT, *RETAINED, "cache_max_temperature") or vendor_field(name) is not None


def put(own: Options, name: str, value: Json, written: str) -> None:
    if name in own:
        raise ProviderConfigurationError(f"the setting {name!r} is given twice, also as {written!r}. Remove one.")
    own[name] = value


def vendor_field(name: str) -> tuple[str, str] | None:
    """The beginning and the field of a setting of one provider, such as `groq` and `model`; None for others."""
    for field in VENDOR_FIELDS:
        vendor = name.removesuffix(f"_{field}")
        if vendor != name and vendor in VENDORS:
            return vendor, field
    return None


def vendor_values(own: Options, retained: Options) -> Options:
    """The values for the provider that the settings name, or for the only one that has values."""
    by_vendor: dict[str, Options] = {}
    for name, value in retained.items():
        matches = vendor_field(name)
        if matches is not None:
            by_vendor.setdefault(matches[0], {})[matches[1]] = value
    named = own.get("provider")
    wanted = None if named in (None, "auto") else provider_name(str(named)) or fold_name(str(named))
    meant = [one for one in by_vendor if wanted in (None, VENDORS[one], fold_name(one))]
    if len(meant) != 1:
        return {}
    values = {name: value for name, value in by_vendor[meant[0]].items() if name not in own}
    return {**values, "provider": own.get("provider") or VENDORS[meant[0]]} if wanted is None else values


def other_values(retained: Options) -> dict[str, str]:
    """The values for other providers, as the variables in which these read them."""
    names = ((vendor_field(name), value) for name, value in retained.items())
    return {f"{matches[0]}_{matches[1]}".upper(): str(value) for matches, value in names if matches is not None}


def is_deterministic(settings: AiSettings) -> float:
    return 0.0 if settings.cache_policy == "deterministic" else 0.7


READERS: Mapping[str, Callable[[AiSettings], Json]] = {
    "ai_auto_select_order": lambda settings: settings.auto_select_order,
    "cache_max_temperature": is_deterministic,
    "cache_sqlite_max_entries": lambda settings: settings.cache_max_entries,
    "cache_sqlite_path": lambda settings: settings.cache_path,
    "request_timeout_s": lambda settings: settings.timeout,
}


def old_setting(settings: AiSettings, name: str, retained: Mapping[str, Json]) -> Json:
    """Return a setting that version 1 had.

    Args:
        settings: The settings.
        name: The name of the setting.
        retained: The values of version 1 that were given.

    Raises:
        AttributeError: Version 1 had no such setting.
    """
    if name in READERS:
        return READERS[name](settings)
    if name in retained:
        return retained[name]
    if name in WITHOUT_EFFECT or name in RETAINED:
        return {**WITHOUT_EFFECT, **RETAINED}[name]
    matches = vendor_field(name)
    if matches is not None:
        value = settings.dotenv.get(name.upper())
        return getattr(settings, matches[1]) if value is None and VENDORS[matches[0]] == settings.provider else value
    raise missing_attribute(settings, name)


@runtime_checkable
class SyncProvider(Protocol):
    """An object that answers prompts."""

    def ask(self, prompt: str, **kwargs: object) -> object: ...


@runtime_checkable
class AsyncProvider(Protocol):
    """An object that answers prompts in async code."""

    async def ask(self, prompt: str, **kwargs: object) -> object: ...


@dataclass
class ProviderCapabilities:
    """What a provider supports; nothing here reads it."""

    supports_text: bool = True
    supports_json_mode: bool = False
    supports_streaming: bool = False
    supports_tools: bool = False
    supports_images: bool = False
    supports_files_upload: bool = False
    supports_files_download: bool = False
    supports_temperature: bool = True
    supports_max_tokens: bool = True
    supports_top_p: bool = False
    supports_frequency_penalty: bool = False
    supports_presence_penalty: bool = False
    max_context_length: int | None = None
    supported_models: set[str] | None = None

    @classmethod
    def openai(cls) -> Self:
        """Return those of OpenAI: everything."""
        flags: Options = {field.name: True for field in fields(cls) if field.name.startswith("supports_")}
        return cls(**flags, max_context_length=128_000)

    @classmethod
    def openai_compatible(cls) -> Self:
        """Return those that every server with OpenAI's API has."""
        return cls(supports_json_mode=True, max_context_length=4096)


class OpenAICompatibleProvider(EngineProvider):
    """A server with OpenAI's API.

    Args:
        api_key: Its key, if it needs one.
        base_url: Its address.
        timeout: Seconds for a whole call.
        extra_headers: Headers of every request.
        model: The model.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 30,
        extra_headers: Mapping[str, str] | None = None,
        model: str | None = None,
    ) -> None:
        if not base_url:
            raise ProviderConfigurationError("openai_compatible: base_url is missing. Pass the address of the server.")
        given: Options = {"api_key": api_key, "model": model, "extra_headers": dict(extra_headers or {})}
        given = {name: value for name, value in given.items() if value}
        settings = AiSettings(provider="openai_compatible", base_url=base_url, timeout=timeout, **given)
        super().__init__(settings, "openai_compatible")
        self.capabilities = ProviderCapabilities.openai_compatible()


class CustomProvider(BaseProvider):
    """An object that answers prompts, used as a provider.

    Args:
        target: The object; its `ask` may be async.
        settings: The settings of the client.
    """

    def __init__(self, target: SyncProvider | AsyncProvider, settings: AiSettings | None = None) -> None:
        self.target = target
        named = getattr(target, "provider_name", None)
        self.provider_name = named if isinstance(named, str) and named else type(target).__name__.lower()
        super().__init__(settings)

    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        answer = self.target.ask(prompt, **kwargs)
        return as_result(answer, prompt)

    async def ask_async(self, prompt: str, **kwargs: object) -> AskResult:
        if inspect.iscoroutinefunction(self.target.ask):
            return as_result(await self.target.ask(prompt, **kwargs), prompt)
        answer = await run_in_thread(self.target.ask, prompt, **kwargs)
        return as_result(await answer if inspect.isawaitable(answer) else answer, prompt)

    async def ask_batch_async(self, prompts: Sequence[str], **kwargs: object) -> list[AskResult]:
        return [await self.ask_async(prompt, **kwargs) for prompt in prompts]


class AsyncOpenAIProvider(CustomProvider):
    """OpenAI, for async code.

    Args:
        settings: The settings.
    """

    def __init__(self, settings: AiSettings | None = None) -> None:
        super().__init__(EngineProvider(settings or AiSettings(), "openai"), settings)


def as_result(answer: object, prompt: str) -> AskResult:
    """Return what `ask` of a provider returned as a result: a text, a dict or a result."""
    if isinstance(answer, AskResult):
        return answer
    if isinstance(answer, str):
        return AskResult(answer, prompt=prompt)
    if inspect.iscoroutine(answer):
        answer.close()
        raise ProviderConfigurationError("ask of this provider is async. Use it with AsyncAiClient.")
    text = getattr(answer, "text", None)
    if isinstance(text, str):
        return AskResult(text, prompt=prompt)
    if isinstance(answer, dict | list):
        return AskResult(dump(answer), prompt=prompt)
    raise ProviderConfigurationError(
        f"ask of a provider must return an AskResult or a text, not {type(answer).__name__}."
    )


def dump(value: Json) -> str:
    from json import dumps

    return dumps(value)


def use_provider(target: object, settings: AiSettings | None) -> BaseProvider | None:
    """Return a provider for an object that version 1 accepts as one; None for any other."""
    if isinstance(target, type) or not callable(getattr(target, "ask", None)):
        return None
    return CustomProvider(target, settings)  # type: ignore[arg-type]  # it has `ask`
