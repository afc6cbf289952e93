"""Facts about the engine's providers, names of custom ones, and error messages for an incomplete configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from urllib.parse import urlsplit

from dhenara.ai.integration import (
    did_you_mean,
    find_provider,
    fold_name,
    known_names,
    provider_name,
    quote_name,
    read_model_name,
)

from ..config import AUTO
from ..exceptions import ProviderConfigurationError

FIRST_MODELS = {
    "openai": "gpt-5.4-mini",
    "anthropic": "claude-haiku-5-5",
    "google_ai": "gemini-3.8-flash",
    "deepseek": "deepseek-v4-flash",
    "groq": "openai/gpt-oss-20b",
    "mistral": "mistral-small-latest",
    "openrouter": "openrouter/auto",
    "perplexity": "sonar",
    "local": "smollm2-135m",
}
"""Default models: small, cheap and current. Local servers are asked for their models."""

KEY_ENDING = re.compile(r"_(API_KEY|API_TOKEN|TOKEN|KEY)$")
LOOPBACK = ("127.0.0.1", "localhost", "::1", "0.0.0.0")
EMBEDDED = "local"
"""The embedded model."""


@dataclass(frozen=True, slots=True, eq=False)
class ProviderFacts:
    """Facts about one provider. `key`, `model` and `base_url` are its variables, in order of precedence."""

    name: str
    key: tuple[str, ...]
    model: tuple[str, ...]
    base_url: tuple[str, ...]
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Credentials other than a key, and their variables."""

    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries of the API config, and their variables."""

    chats: bool = True
    """Whether it has chat models; others have only audio or embeddings."""

    address: str | None = None
    needs_key: bool = False
    fetches_token: bool = False
    """Whether it works without a key, with credentials that the engine finds or fetches."""

    keys_url: str | None = None
    first_model: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is a local server or embedded."""
        return self.name == EMBEDDED or bool(self.address and urlsplit(self.address).hostname in LOOPBACK)


def normalize_name(name: str) -> str:
    """Normalizes a provider name: `LM-Studio`, `lmstudio` and `lm_studio` are the same."""
    return provider_name(name) or name.strip().lower()


def engine_facts(name: str) -> ProviderFacts | None:
    """The facts of a provider of the engine; None if it has none of that name."""
    provider = find_provider(name)
    if provider is None:
        return None
    stems = [*(KEY_ENDING.sub("", variable) for variable in provider.key_env), provider.name.upper()]
    return ProviderFacts(
        name=provider.name,
        key=provider.key_env,
        model=tuple(dict.fromkeys(f"{stem}_MODEL" for stem in stems)),
        base_url=provider.base_url_env or (f"{provider.name.upper()}_BASE_URL",),
        credentials=provider.credentials_env,
        entries=provider.config_env,
        chats=bool(provider.routes),
        address=None if "{" in provider.base_url or provider.embedded else provider.base_url,
        needs_key=provider.needs_key,
        fetches_token=provider.token_source is not None or bool(provider.credentials_env),
        keys_url=provider.keys_url,
        first_model=FIRST_MODELS.get(provider.name),
    )


def facts_of(name: str) -> ProviderFacts:
    """The facts for any name; the variables of a custom provider are derived from its name."""
    known = engine_facts(normalize_name(name))
    if known is not None:
        return known
    stem = re.sub(r"\W", "_", name).upper()
    return ProviderFacts(name, (f"{stem}_API_KEY",), (f"{stem}_MODEL",), (f"{stem}_BASE_URL",))


def known_providers() -> tuple[str, ...]:
    """The engine's providers, each once: the most common ones first, local ones last."""
    every = [facts for name in known_names() if (facts := engine_facts(name)) is not None]
    unique = dict.fromkeys(facts.name for facts in every)
    return tuple(sorted(unique, key=sort_key))


def sort_key(name: str) -> tuple[bool, int, str]:
    facts = engine_facts(name)
    usual = [*FIRST_MODELS]
    return facts is not None and facts.is_local, usual.index(name) if name in usual else len(usual), name


FEW = 6
"""Longer lists of names are left out."""


def setup_options() -> str:
    """The ways to configure a provider."""
    ways = [
        "an API key in the environment or in .env (`ai-utilities setup` writes it)",
        "a local server such as Ollama, LM Studio or llama.cpp (AI_PROVIDER=lm_studio)",
    ]
    if engine_facts(EMBEDDED) is not None:
        small = f"(AI_PROVIDER={EMBEDDED}; `ai-utilities local install` installs it)"
        ways.append(f"the small model that runs inside this process {small}")
    return f"Options: {'; '.join(ways)}. AI_PROVIDER=auto uses the first one available."


def missing_key(facts: ProviderFacts, variables: Mapping[str, str], *, own_only: bool = False) -> str:
    """The provider's API key is missing."""
    names = " or ".join(facts.key if own_only else (*facts.key, "AI_API_KEY"))
    key_hint = f" Create a key at {facts.keys_url}." if facts.keys_url else ""
    other_set = other_keys(facts.name, variables)
    hint = f" {other_set[0][1]} is set: AI_PROVIDER={other_set[0][0]} uses it." if other_set else ""
    return f"{facts.name}: API key missing. Set {names} or pass api_key='...'.{key_hint}{hint} {setup_options()}"


def missing_model(facts: ProviderFacts) -> str:
    """The provider has no default model and none is set."""
    return (
        f"{facts.name} has no default model. Set {facts.model[0]} or AI_MODEL, "
        "or pass model='...'; list_models() lists them."
    )


def missing_operation_model(facts: ProviderFacts, operation: str) -> str:
    """The operation has no default model at this provider."""
    return (
        f"{facts.name} has no default model for {operation}. Pass model='...', or set {facts.model[0]}; "
        "list_models() lists them."
    )


def nothing_configured(order: tuple[str, ...]) -> str:
    """`auto` found no provider."""
    names = f"none of {', '.join(order)}" if len(order) <= FEW else f"none of the {len(order)} known ones"
    return f"no provider is configured: {names} has a key or runs on this machine. {setup_options()}"


def other_keys(name: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Other providers whose keys are set, with the variable."""
    keys = []
    for other in known_providers():
        facts = engine_facts(other)
        if facts is not None and facts.name != name:
            keys += [(other, variable) for variable in facts.key if variables.get(variable)]
    return keys


def no_models_message(facts: ProviderFacts) -> str:
    """The local server has no model loaded."""
    return f"{facts.name} has no model loaded. Load one, or set {facts.model[0]} or pass model='...'."


def no_embedding_model(facts: ProviderFacts) -> str:
    """No embedding model is set."""
    return f"{facts.name} has no default model for embeddings. Set AI_EMBEDDING_MODEL, or pass model='...'."


def no_image_model(facts: ProviderFacts, alternatives: tuple[str, ...]) -> str:
    """No image model is set."""
    return (
        f"{facts.name} has no default model for images. Pass --model or model='...', "
        f"or use another provider ({', '.join(alternatives)})."
    )


GROUP = "ai_utilities.providers"
"""The entry point group by which packages offer providers: name to a factory or class."""

_registered: dict[str, Callable[..., object]] = {}


def add_factory(name: str, factory: Callable[..., object]) -> None:
    """Use this factory for the providers of this name."""
    _registered[fold_name(name)] = factory


def registered_factory(name: str) -> Callable[..., object] | None:
    """The factory that was registered for this name, in any spelling."""
    return _registered.get(fold_name(name))


def list_providers() -> list[str]:
    """Every name that `create_provider` accepts, except `auto`."""
    return sorted({*known_providers(), *_registered, *(point.name for point in iter_entry_points())})


def is_known(name: str) -> bool:
    """Whether `create_provider` accepts this name, in any spelling, or it is `auto`."""
    names = {fold_name(AUTO), *map(fold_name, list_providers())}
    return fold_name(name) in names or find_provider(normalize_name(name)) is not None


def check_known(name: str) -> None:
    """Raises an error for a provider that does not exist, with the one that is probably meant."""
    if not is_known(name):
        raise ProviderConfigurationError(describe_unknown(name))


def suggestion(name: str) -> str:
    """A question that suggests the provider that is probably meant, with a space before it; empty if there is none."""
    return did_you_mean(name, list_providers())


def iter_entry_points() -> Iterator[EntryPoint]:
    yield from entry_points(group=GROUP)


def maker_of_model(name: str) -> str | None:
    """The maker of the model with this name; None if the name is none of a known family."""
    try:
        return read_model_name(name).provider
    except ProviderConfigurationError:
        return None


def describe_unknown(name: str) -> str:
    if (maker := maker_of_model(name)) is not None:
        return f"unknown provider {quote_name(name)}: it is a model. Write '{maker}/{name}', or model={name!r}."
    return (
        f"unknown provider {quote_name(name)}.{suggestion(name)} list_providers() lists all names. Use "
        "'openai_compatible' with base_url=... for any server with OpenAI's API, or register_provider(name, factory) "
        "to add a provider."
    )
