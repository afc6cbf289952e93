"""Provider registry; each built-in provider is imported on first use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module

from ..errors import ConfigurationError
from ..wire.text import similar_names
from .provider import Provider

MODULES = {
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "google": ("google_ai", "google_vertex_ai"),
    "mistral": ("mistral",),
    "xai": ("xai",),
    "chinese_labs": ("deepseek", "alibaba", "moonshot", "zai", "minimax"),
    "gateways": ("openrouter", "huggingface", "github_models"),
    "microsoft": ("microsoft_openai", "microsoft_azure_ai"),
    "amazon_bedrock": ("amazon_bedrock",),
    "open_model_hosts": ("together", "fireworks", "groq", "cerebras", "deepinfra", "nvidia", "sambanova"),
    "specialists": ("cohere", "perplexity", "voyage", "deepgram"),
    "local_servers": ("ollama", "lm_studio", "llama_cpp", "vllm", "local", "openai_compatible"),
}
"""Module in `known/` to the providers in it; each is a constant of that name in capital letters."""

ALIASES = {
    "google_gemini_api": "google_ai",
    "gemini": "google_ai",
    "vertex_ai": "google_vertex_ai",
    "vertex": "google_vertex_ai",
    "bedrock": "amazon_bedrock",
    "azure_openai": "microsoft_openai",
    "azure": "microsoft_openai",
    "azure_ai": "microsoft_azure_ai",
    "foundry": "microsoft_azure_ai",
}

KNOWN = {**{name: name for names in MODULES.values() for name in names}, **ALIASES}
"""Every name of a built-in provider, also aliases, to its own name."""

MEANT = {
    "grok": ("xai",),
    "claude": ("anthropic",),
    "google": ("google_ai", "google_vertex_ai"),
    "aws": ("amazon_bedrock",),
    "amazon": ("amazon_bedrock",),
    "microsoft": ("microsoft_openai", "microsoft_azure_ai"),
    "gpt": ("openai",),
    "chatgpt": ("openai",),
    "mixtral": ("mistral",),
    "kimi": ("moonshot",),
    "qwen": ("alibaba",),
    "dashscope": ("alibaba",),
    "glm": ("zai",),
    "zhipu": ("zai",),
    "sonar": ("perplexity",),
    "hf": ("huggingface",),
    "github": ("github_models",),
}
"""Names of models and companies that are taken for names of providers, with the providers to suggest."""

_registered: dict[str, Provider] = {}


def register_provider(provider: Provider) -> None:
    """Register a provider under its name and aliases.

    Args:
        provider: The provider. It may replace a built-in one.
    """
    for name in (provider.name, *provider.aliases):
        _registered[name] = provider


def find_provider(name: str) -> Provider | None:
    """Return the provider with this name or alias, or None."""
    if name not in _registered and name in KNOWN:
        own_name = KNOWN[name]
        module = next(module for module, names in MODULES.items() if own_name in names)
        provider = getattr(import_module(f".known.{module}", __package__), own_name.upper())
        _registered.setdefault(name, provider)
    return _registered.get(name)


def load_provider(name: str) -> Provider:
    """Return the provider with this name or alias.

    Args:
        name: The name, such as `"openai"`.

    Raises:
        ConfigurationError: If there is none; the message suggests the one that is probably meant.
    """
    provider = find_provider(name)
    if provider is None:
        raise ConfigurationError(
            f"unknown provider {name!r}.{did_you_mean(name, known_names())} Use 'openai_compatible' with "
            "config={'base_url': ...} for any server with OpenAI's API, or register_provider(...) to add a provider."
        )
    return provider


def known_names() -> tuple[str, ...]:
    """Return the names and aliases of all providers, sorted."""
    return tuple(sorted({*KNOWN, *_registered}))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that suggests providers, with a space before it; empty if none is surely meant."""
    names = " or ".join(map(repr, similar_providers(name, known)))
    return f" Did you mean {names}?" if names else ""


def similar_providers(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the providers that a wrong name probably means.

    Args:
        name: The wrong name, in any spelling.
        known: The names of all providers.

    Returns:
        Those whose names, or names of whose models, are most similar; empty if none is similar enough.
    """
    meant = {**MEANT, **{fold_name(one): (one,) for one in known}}
    folded = fold_name(name)
    if folded in meant:
        return meant[folded]
    return tuple(dict.fromkeys(provider for one in similar_names(folded, meant) for provider in meant[one]))


def fold_name(name: str) -> str:
    """Return the name as it is compared: `LM-Studio`, `lmstudio` and `lm_studio` are the same."""
    return re.sub(r"[\s_.-]", "", name.lower())
