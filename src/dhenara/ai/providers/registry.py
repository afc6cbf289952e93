"""Provider registry; each built-in provider is imported on first use."""

from __future__ import annotations

from importlib import import_module

from ..errors import ConfigurationError
from .provider import Provider

KNOWN = {
    "openai": "openai",
    "anthropic": "anthropic",
    "openai_compatible": "openai_compatible",
    "google_ai": "google_ai",
    "deepseek": "deepseek",
    "groq": "groq",
    "mistral": "mistral",
    "xai": "xai",
    "openrouter": "openrouter",
    "together": "together",
    "fireworks": "fireworks",
    "perplexity": "perplexity",
    "moonshot": "moonshot",
    "zai": "zai",
    "alibaba": "alibaba",
    "minimax": "minimax",
    "cerebras": "cerebras",
    "huggingface": "huggingface",
    "nvidia": "nvidia",
    "github_models": "github_models",
    "sambanova": "sambanova",
    "deepinfra": "deepinfra",
    "lm_studio": "lm_studio",
    "vllm": "vllm",
    "voyage": "voyage",
    "deepgram": "deepgram",
    "llama_cpp": "llama_cpp",
    "local": "local",
    "amazon_bedrock": "amazon_bedrock",
    "bedrock": "amazon_bedrock",
    "cohere": "cohere",
    "google_vertex_ai": "google_vertex_ai",
    "vertex_ai": "google_vertex_ai",
    "vertex": "google_vertex_ai",
    "microsoft_openai": "microsoft_openai",
    "azure_openai": "microsoft_openai",
    "azure": "microsoft_openai",
    "microsoft_azure_ai": "microsoft_azure_ai",
    "azure_ai": "microsoft_azure_ai",
    "foundry": "microsoft_azure_ai",
    "ollama": "ollama",
    "google_gemini_api": "google_ai",
    "gemini": "google_ai",
}
"""Name of a provider to its module in `known/`."""

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
        module = import_module(f".known.{KNOWN[name]}", __package__)
        _registered.setdefault(name, module.PROVIDER)
    return _registered.get(name)


def load_provider(name: str) -> Provider:
    """Return the provider with this name; raises an error that lists the known ones."""
    provider = find_provider(name)
    if provider is None:
        raise ConfigurationError(
            f"no provider is called {name!r}. Known are {', '.join(known_names())}; any other server that speaks "
            "OpenAI's protocol is reached with 'openai_compatible' and config={'base_url': ...}, and "
            "register_provider(...) adds one for good."
        )
    return provider


def known_names() -> tuple[str, ...]:
    return tuple(sorted({*KNOWN, *_registered}))
