"""Names of providers: built-in and registered ones, aliases, spellings, and suggestions for wrong names.

The names are data without the providers themselves, so that a name can be checked where it is written without
loading a provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ..errors import ConfigurationError
from ..wire.secrets import is_key
from ..wire.text import similar_names

MODULES = {
    "anthropic": ("anthropic",),
    "google": ("google_ai", "google_vertex_ai"),
    "labs": ("openai", "mistral", "xai"),
    "chinese_labs": ("deepseek", "alibaba", "moonshot", "zai", "minimax"),
    "clouds": ("microsoft_openai", "microsoft_azure_ai", "amazon_bedrock"),
    "open_model_hosts": ("together", "fireworks", "groq", "cerebras", "deepinfra", "nvidia", "sambanova"),
    "specialists": ("cohere", "perplexity", "voyage", "deepgram", "openrouter", "huggingface", "github_models"),
    "local_servers": ("ollama", "lm_studio", "llama_cpp", "vllm", "local", "openai_compatible"),
}
"""Module in `known/` to the providers in it; each is a constant of that name in capital letters."""

ALIASES = {
    "gpt": "openai",
    "chatgpt": "openai",
    "claude": "anthropic",
    "gemini": "google_ai",
    "google": "google_ai",
    "google_gemini": "google_ai",
    "google_gemini_api": "google_ai",
    "google_genai": "google_ai",
    "vertex": "google_vertex_ai",
    "vertex_ai": "google_vertex_ai",
    "google_vertex": "google_vertex_ai",
    "bedrock": "amazon_bedrock",
    "aws_bedrock": "amazon_bedrock",
    "azure": "microsoft_openai",
    "azure_openai": "microsoft_openai",
    "azure_ai": "microsoft_azure_ai",
    "azure_ai_foundry": "microsoft_azure_ai",
    "foundry": "microsoft_azure_ai",
    "grok": "xai",
    "mistral_ai": "mistral",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "perplexity_ai": "perplexity",
    "voyage_ai": "voyage",
    "nvidia_nim": "nvidia",
    "hf": "huggingface",
    "github": "github_models",
    "dashscope": "alibaba",
}
"""Other names that each stand for exactly one provider. Spellings such as `x-ai` and `TogetherAI` need no entry."""

KNOWN = {**{name: name for names in MODULES.values() for name in names}, **ALIASES}
"""Every name of a built-in provider, also aliases, to its own name."""

MEANT = {
    "aws": ("amazon_bedrock",),
    "amazon": ("amazon_bedrock",),
    "microsoft": ("microsoft_openai", "microsoft_azure_ai"),
    "mixtral": ("mistral",),
    "kimi": ("moonshot",),
    "qwen": ("alibaba",),
    "glm": ("zai",),
    "zhipu": ("zai",),
    "sonar": ("perplexity",),
}
"""Names of companies and models that are taken for names of providers, but could mean another one: only suggested."""

SEPARATORS = re.compile(r"[\s_.-]")


@lru_cache(1_024)
def fold_name(name: str) -> str:
    """Return the name as it is compared: `LM-Studio`, `lmstudio` and `lm_studio` are the same."""
    return SEPARATORS.sub("", name.lower())


_registered: dict[str, str] = {}
_by_spelling = {fold_name(name): own for name, own in KNOWN.items()}


def add_provider_name(name: str, aliases: Iterable[str] = ()) -> None:
    """Add the names of a registered provider; they win over those of built-in ones."""
    for one in (name, *aliases):
        _registered[one] = name
        _by_spelling[fold_name(one)] = name


def remove_provider_name(name: str) -> None:
    """Remove the names of a registered provider; those of built-in ones that it replaced are back."""
    for one in [one for one, own in _registered.items() if own == name]:
        del _registered[one]
        _by_spelling.pop(fold_name(one), None)
        if one in KNOWN:
            _by_spelling[fold_name(one)] = KNOWN[one]


def provider_name(given: str) -> str | None:
    """Return the own name of the provider that a name, alias or other spelling stands for; None if there is none."""
    return _registered.get(given) or _by_spelling.get(fold_name(given))


def require_provider_name(given: str) -> str:
    """Return the own name of a provider.

    Args:
        given: A name, an alias or another spelling.

    Raises:
        ConfigurationError: If there is none; the message suggests the one that is probably meant.
    """
    own = provider_name(given)
    if own is None:
        raise ConfigurationError(unknown_provider(given))
    return own


def known_names() -> tuple[str, ...]:
    """Return the names and aliases of all providers, sorted."""
    return tuple(sorted({*KNOWN, *_registered}))


def unknown_provider(name: str) -> str:
    """Return the message for a provider that does not exist. A name that looks like an API key is not shown."""
    return (
        f"unknown provider {quote_name(name)}.{did_you_mean(name, known_names())} Use 'openai_compatible' with a base "
        "URL for any server with OpenAI's API, or register_provider(...) to add a provider."
    )


def quote_name(name: str) -> str:
    """Return the name in quotes, unless it looks like an API key."""
    return "(a text that looks like an API key; pass it as api_key=...)" if is_key(name.strip()) else repr(str(name))


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
        Those whose names, aliases, or names of whose models, are most similar; empty if none is similar enough.
    """
    own_names = {fold_name(one): (KNOWN.get(one, one),) for one in (*ALIASES, *known)}
    meant = {**MEANT, **own_names}
    folded = fold_name(name)
    if folded in meant:
        return meant[folded]
    return tuple(dict.fromkeys(provider for one in similar_names(folded, meant) for provider in meant[one]))
