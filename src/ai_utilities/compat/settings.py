"""Settings of version 1 that have another name, and those that have no effect here."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dhenara.ai.integration import fold_name, provider_name

from ..config_models import NULLABLE
from ..exceptions import ProviderConfigurationError
from .names import KNOWLEDGE

if TYPE_CHECKING:
    from ..config_models import AiSettings
    from ..value_types import Json, Options

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
    raise AttributeError(f"{type(settings).__name__!r} object has no attribute {name!r}")
