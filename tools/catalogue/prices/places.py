"""Where the names of other lists are here: host, model at that host, region, size of a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

HOSTS = {
    **dict.fromkeys(("openai", "text-completion-openai"), "openai"),
    **dict.fromkeys(("mistral", "codestral", "text-completion-codestral"), "mistral"),
    **dict.fromkeys(("azure", "azure_ai", "azure_text"), "azure"),
    **dict.fromkeys(("bedrock", "bedrock_converse", "bedrock_mantle"), "amazon_bedrock"),
    **dict.fromkeys(("fireworks_ai", "fireworks_ai-embedding-models"), "fireworks"),
    **dict.fromkeys(("cohere", "cohere_chat"), "cohere"),
    **{name: name for name in ("anthropic", "xai", "deepseek", "moonshot", "zai", "minimax", "groq", "cerebras")},
    **{name: name for name in ("deepinfra", "sambanova", "perplexity", "voyage", "deepgram", "elevenlabs", "meta")},
    "gemini": "google_ai",
    "dashscope": "alibaba",
    "together_ai": "together",
    "nvidia_nim": "nvidia",
}
"""LiteLLM's name of a provider to the file of ours; those of Vertex AI all begin with `vertex_ai`."""

BEFORE = {
    "openai": ("openai/",),
    "google_ai": ("gemini/",),
    "google_vertex_ai": ("vertex_ai/",),
    "mistral": ("mistral/", "codestral/", "text-completion-codestral/"),
    "azure": ("azure/", "azure_ai/"),
    "amazon_bedrock": ("bedrock/invoke/", "bedrock/", "bedrock_mantle/"),
    "alibaba": ("dashscope/",),
    "together": ("together_ai/",),
    "fireworks": ("fireworks_ai/",),
    "nvidia": ("nvidia_nim/ranking/", "nvidia_nim/"),
}
"""What LiteLLM writes before the names of a host, if it is not the host's name."""

GENAI = {
    **{name: name for name in ("openai", "anthropic", "mistral", "deepseek", "cohere", "groq", "cerebras", "together")},
    **{
        name: name
        for name in ("fireworks", "perplexity", "minimax", "zai", "openrouter", "azure", "elevenlabs", "meta")
    },
    "google": "google_ai",
    "x-ai": "xai",
    "aws": "amazon_bedrock",
    "moonshotai": "moonshot",
    "voyageai": "voyage",
}
"""genai-prices' name of a provider to the file of ours."""

MODELS_DEV = {
    **{name: name for name in ("openai", "anthropic", "mistral", "xai", "deepseek", "cohere", "groq", "cerebras")},
    **{name: name for name in ("deepinfra", "perplexity", "minimax", "zai", "openrouter", "alibaba", "azure")},
    "google": "google_ai",
    "google-vertex": "google_vertex_ai",
    "google-vertex-anthropic": "google_vertex_ai",
    "amazon-bedrock": "amazon_bedrock",
    "togetherai": "together",
    "fireworks-ai": "fireworks",
    "moonshotai": "moonshot",
}
"""models.dev's name of a provider to the file of ours."""

SIZE = re.compile(
    r"(?:(?P<quality>low|medium|high|standard|hd)/)?(?P<size>(?:\d+|max)-x-(?:\d+|max))/"
    r"(?:(?P<steps>\d+|max)-steps/)?(?:bedrock/)?(?P<model>.+)"
)
AZURE_REGION = re.compile(r"(eu|us|apac|us-gov|global|global-standard)/(.+)")
AWS_REGION = re.compile(r"([a-z]{2}(?:-gov)?-[a-z]+-\d|\*)/(.+)")
RESERVED = re.compile(r"\d+-month-commitment/(.+)")


class Place(NamedTuple):
    """A name of another list: host, model, and what else the name says."""

    host: str
    model: str
    region: str = ""
    size: str = ""
    quality: str = ""
    steps: str = ""
    reserved: bool = False


def place_of(name: str, entry: Mapping[str, Any]) -> Place | None:
    """Return where a name of LiteLLM's list is; None if it is at none of our hosts."""
    provider = str(entry.get("litellm_provider") or "")
    host = "google_vertex_ai" if provider.startswith("vertex_ai") else HOSTS.get(provider)
    if host is None:
        return None
    model = without(name, BEFORE.get(host, (f"{host}/",)))
    if match := SIZE.fullmatch(model):
        size = match["size"].replace("-x-", "x")
        return Place(host, match["model"], "", size, match["quality"] or "", match["steps"] or "")
    if host == "azure" and (match := AZURE_REGION.fullmatch(model)):
        return Place(host, match[2], "" if match[1].startswith("global") else match[1])
    if host == "amazon_bedrock" and (match := AWS_REGION.fullmatch(model)):
        region, rest = match.groups()
        if RESERVED.fullmatch(rest):
            return Place(host, model, reserved=True)
        return Place(host, rest, region)
    notes = str((entry.get("metadata") or {}).get("comment") or "")
    return Place(host, model, "cn" if "China (Beijing) list price" in notes else "")


def without(name: str, prefixes: tuple[str, ...]) -> str:
    return next((name[len(prefix) :] for prefix in prefixes if name.startswith(prefix)), name)
