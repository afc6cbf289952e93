"""The settings and the provider of a client, from the arguments of its constructor."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

from dhenara.ai.integration import (
    fold_name,
    is_key,
    names_other_provider,
    provider_name,
    read_model_name,
    read_next_model_name,
    use_own_names,
)

from ..config_models import AiSettings
from ..exceptions import Options, ProviderConfigurationError
from ..providers.base_provider import BaseProvider
from ..providers.facts import facts_of, is_known
from . import OriginLevel, main_provider
from .client_settings import SETTING_NAMES, ClientArguments
from .routes import route_name
from .secrets import Secret

if TYPE_CHECKING:
    from ..middleware import Tracker

ACCEPTED = (
    "'provider/model' such as 'openai/gpt-5.4-mini', a provider such as 'openai', AiSettings(...), or settings by "
    "keyword such as provider='openai', temperature=0"
)
OWN_VALUES = ("api_key", "model", "base_url", "embedding_model", "extra_headers", "provider_config")
"""Settings that are for one provider."""

KEY_BEGINNING = re.compile(r"(?:sk|gsk|csk|hf|xai|nvapi|key)[-_]|AIza")

Target = BaseProvider | str | None


def client_settings(
    first: AiSettings | str | None,
    provider: Target,
    model: str | None,
    env_file: str | Path | None,
    **options: Unpack[ClientArguments],
) -> tuple[AiSettings, Target]:
    """Return the settings of a client, and the provider if it is not the one that they mean.

    Args:
        first: The first argument: settings, or the name of a model or a provider.
        provider: The provider that was passed; an instance is used as it is.
        model: The model that was passed.
        env_file: The file to read instead of `./.env`.
        **options: Settings by keyword; those that are None are left out.

    Raises:
        ProviderConfigurationError: If an argument is of another kind, a name is unknown, or a value is invalid.
    """
    given = cast("Options", options)
    given["model"] = model
    for name in [name for name, value in given.items() if value is None]:
        del given[name]
    provider = read_target(provider, first if isinstance(first, AiSettings) else None)
    if isinstance(first, AiSettings):
        if env_file is not None:
            raise ProviderConfigurationError("the settings are read already. Pass env_file to AiSettings.from_dotenv")
        changes = use_own_names(given, SETTING_NAMES)
        return (override_settings(first, provider, changes), instance_of(provider)) if changes else (first, provider)
    if first is not None:
        read_first(first, provider, given)
    if env_file is not None:
        given["_env_file"] = env_file
    if isinstance(provider, str):
        given["provider"] = provider
    settings = AiSettings(**options)
    if isinstance(first, str) and "model" in given and provider is None:
        check_first(settings, str(given["model"]))
    return settings, instance_of(provider)


def instance_of(provider: Target) -> BaseProvider | None:
    return provider if isinstance(provider, BaseProvider) else None


def read_target(provider: Target, settings: AiSettings | None) -> Target:
    """Return the provider that was passed. An object with an `ask` of its own becomes one.

    Raises:
        ProviderConfigurationError: If it is neither a name nor a provider.
    """
    if provider is None or isinstance(provider, str | BaseProvider):
        return provider
    made: BaseProvider | None = import_module("ai_utilities.compat.configuration").use_provider(provider, settings)
    if made is None:
        shown = provider.__name__ if isinstance(provider, type) else type(provider).__name__
        raise ProviderConfigurationError(
            f"a provider is named by a string or is a BaseProvider, not {shown}: provider='openai'"
        )
    return made


def read_first(first: object, provider: Target, options: Options) -> None:
    """Put the first argument into the options: as the provider if it is one, else as the model."""
    if not isinstance(first, str):
        shown = f"the class {first.__name__}" if isinstance(first, type) else type(first).__name__
        raise ProviderConfigurationError(f"a client takes {ACCEPTED}, not {shown}")
    if looks_like_key(first):
        raise ProviderConfigurationError("an API key was passed as the first argument. Pass it as api_key='...'")
    is_provider = "/" not in first and is_known(first)
    if is_provider and isinstance(provider, str) and not is_model_at(first, provider):
        raise ProviderConfigurationError(f"the provider is named twice: {first!r} and provider={provider!r}")
    name = "provider" if is_provider and provider is None else "model"
    if name in options:
        raise ProviderConfigurationError(f"the {name} is named twice: {first!r} and {name}={options[name]!r}")
    options[name] = first


def is_model_at(name: str, provider: str) -> bool:
    """Whether the name of a provider may be that of a model at this one, such as `mistral` at Ollama."""
    return facts_of(provider).is_local or provider_name(provider) in (None, "openai_compatible", provider_name(name))


def check_first(settings: AiSettings, model: str) -> None:
    """Raise if the first argument is no name that is known, and would go to the default provider."""
    if settings.origin("provider").level is not OriginLevel.DEFAULT or settings.base_url is not None:
        return
    if route_name(model) is not None:
        return
    if read_model_name(model).provider is None:
        raise ProviderConfigurationError(
            f"{model!r} is no provider and no model that is known. Write the provider first, as in "
            f"'openai/gpt-5.4-mini', or pass model={model!r} for the default provider"
        )


def override_settings(settings: AiSettings, provider: Target, options: Options) -> AiSettings:
    """Return the settings with these options. Values for one provider are left out if the options name another."""
    current = main_provider(settings).name
    named = wanted_provider(provider, options.get("model"), current)
    if named is None or same_provider(named, current):
        return settings.model_copy(update=options)
    fields = AiSettings.model_fields
    unset = {name: fields[name].get_default(call_default_factory=True) for name in OWN_VALUES}
    return settings.model_copy(update={**unset, **options, "provider": named})


def wanted_provider(provider: Target, model: str | None, current: str) -> str | None:
    """The provider that the options name, if any."""
    if isinstance(provider, str):
        return provider
    if provider is None and model is not None and route_name(model) is None and names_other_provider(model, current):
        return read_next_model_name(model, current).provider
    return None


def same_provider(one: str, other: str) -> bool:
    return (provider_name(one) or fold_name(one)) == (provider_name(other) or fold_name(other))


def looks_like_key(text: str) -> bool:
    """Whether a text begins as API keys do or is random, and is no name of a provider."""
    return provider_name(text) is None and bool(KEY_BEGINNING.match(text.strip()) or is_key(text.strip()))


def read_tracker(tracker: Tracker | bool | None, options: Options) -> Tracker | None:
    """Return the tracker of a client. The arguments by which version 1 names it are taken out of the options."""
    if isinstance(tracker, bool) or "track_usage" in options or "usage_file" in options:
        chosen: Tracker | None = import_module("ai_utilities.compat.usage").chosen_tracker(tracker, options)
        return chosen
    return tracker


def first_of_create_client(first: AiSettings | str | None, options: ClientArguments) -> AiSettings | str | None:
    """Return the first argument of `create_client`. An API key, which version 1 takes there, goes into the options."""
    if not isinstance(first, str):
        return first
    if looks_like_key(first) and "api_key" not in options:
        options["api_key"] = Secret(first)
        return None
    return first
