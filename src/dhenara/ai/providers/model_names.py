"""Names of models as people write them: `provider/model`, a provider alone, or a model alone.

The text before the first `/` is a provider only if it is the name, an alias or a spelling of one; other names with a
`/`, such as `meta-llama/Llama-4`, are model ids. A model alone is read as its maker's if it belongs to a family that
only its maker offers under that name. Names of models that several hosts serve are refused with a list of hosts.
Nothing is looked up in the catalogue, so new models of a known family are read like old ones.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import ConfigurationError
from ..wire.secrets import is_key
from ..wire.text import matches
from .provider_names import (
    KNOWN,
    did_you_mean,
    fold_name,
    known_names,
    provider_name,
    require_provider_name,
)


class ModelName(NamedTuple):
    """A provider and a model at it.

    Attributes:
        provider: The provider's own name, such as `"openai"`; None if the text does not tell.
        model: The provider's name of the model; None if only a provider was written.
    """

    provider: str | None
    model: str | None


SEVERAL = "several hosts"
"""Stands for a provider in `FAMILIES`, where several hosts serve the models."""

FAMILIES = (
    ("amazon_bedrock", "anthropic.*|amazon.*|meta.*|*.anthropic.*|*.amazon.*|*.meta.*|arn:aws:bedrock:*"),
    ("google_vertex_ai", "publishers/*|projects/*/locations/*"),
    ("google_ai", "models/*"),
    ("fireworks", "accounts/fireworks/*"),
    ("openai", "ft:gpt-*|ft:o4-*|gpt-3.5-*"),
    ("mistral", "ft:mistral-*|ft:ministral-*|ft:open-mistral-*|ft:codestral-*"),
    (SEVERAL, "gpt-oss*|*llama-*|llama3*|llama4*|codellama*|mixtral-*|mistral-7b*|gemini-gemma-*|deepseek-r1*|qwen2*"),
    (SEVERAL, "deepseek-v3*|deepseek-coder*|qwen*[0-9]b*|qwq-32b*|kimi-k2-instruct*|phi-*|phi3*|phi4*|smollm*"),
    (SEVERAL, "*nemotron*|*-instruct|*-gguf|*-hf|*:[0-9]*b|*:latest|*:free|zai-glm-*"),
    ("openai", "gpt-*|chatgpt-*|o1|o1-*|o3|o3-*|o4-*|codex-*|chat-latest|computer-use-preview|daybreak-*"),
    ("openai", "dall-e-*|sora-*|tts-1*|whisper-1|omni-moderation-*|text-embedding-3-*|text-embedding-ada-*"),
    ("anthropic", "claude-*"),
    ("google_ai", "gemini-*|gemma-*|imagen-*|veo-*|lyria-*|learnlm-*|nano-banana-*|deep-research-*"),
    ("deepseek", "deepseek-chat|deepseek-reasoner|deepseek-flash|deepseek-v4*"),
    ("mistral", "mistral-*|ministral-*|magistral-*|codestral-*|devstral-*|pixtral-*|voxtral-*"),
    ("mistral", "open-mistral-*|open-mixtral-*|labs-devstral-*|labs-leanstral-*"),
    ("xai", "grok-*"),
    ("cohere", "command-*|c4ai-aya-*|embed-v4*|embed-english-*|embed-multilingual-*|rerank-v*|rerank-english-*"),
    ("cohere", "rerank-multilingual-*|cohere-transcribe-*"),
    ("moonshot", "kimi-*|moonshot-v1-*"),
    ("zai", "glm-*"),
    ("minimax", "minimax-*|speech-02-*|speech-2.*"),
    ("alibaba", "qwen-*|qwen3*|qwq-plus*|qvq-max*"),
    ("perplexity", "sonar|sonar-*|pplx-*"),
    ("voyage", "voyage-*|rerank-2*"),
    ("deepgram", "nova-2|nova-3|nova-2-general|nova-3-general|nova-2-medical|nova-3-medical|aura-*"),
)
"""Providers and the names of their models in lower case; the first match counts."""

NOT_OFFERED = {
    "openai": "gpt-oss*",
    "mistral": "*-instruct*|mixtral-*|mistral-7b*",
    "deepseek": "deepseek-r1*|deepseek-v3*|*:free",
}
"""Models that a maker gives away and does not serve itself, although ids of hosts begin with its name."""

HOSTS = ("together", "deepinfra", "huggingface", "openrouter", "groq", "cerebras", "fireworks", "ollama")

HUB_VENDORS = ("amazon", "deepseekai", "metallama", "microsoft", "minimaxai", "moonshotai", "qwen", "zaiorg")
"""Vendors with which model ids of hosts begin, folded. They are no providers, and no misspelt ones."""

HUB_MAKERS = ("openai", "google_ai", "mistral", "deepseek", "xai", "cohere")
"""Providers with whose name ids of open models of theirs begin."""

PASSES_VENDORS = {
    **dict.fromkeys(("openrouter", "huggingface", "github_models", "deepinfra", "perplexity"), "*"),
    **dict.fromkeys(("together", "fireworks", "nvidia"), "*"),
    **dict.fromkeys(("vllm", "lm_studio", "llama_cpp", "local", "openai_compatible"), "*"),
    "groq": "openai/gpt-oss*",
    "google_vertex_ai": "*-maas",
}
"""Providers with model ids that begin with the name of another provider, as in `openai/gpt-oss-20b`, and these ids."""

OWN_PREFIX = {"openrouter": "*", "nvidia": "*", "groq": "compound*"}
"""Providers with model ids that begin with their own name: the rest of these ids, which has no `/`."""


NO_VENDORS = ("openai", "anthropic", "google_ai", "mistral", "deepseek", "xai", "cohere", "moonshot", "zai", "minimax")
"""Makers whose own model ids never begin with the name of a vendor."""


def read_model_name(text: str, provider: str | None = None, *, own_server: bool = False) -> ModelName:
    """Read the name of a model, or of a provider alone.

    Args:
        text: `"openai/gpt-5.4-mini"`, `"gpt-5.4-mini"` or `"openai"`. Spellings and aliases of providers are accepted.
        provider: The provider if it is set elsewhere. It is then the one that is used, and only its own name is
            removed from the text, so that ids of hosts such as `openai/gpt-oss-20b` stay as they are.
        own_server: Whether requests go to a base URL that the user set. Names of open models are then ids of that
            server, and no error.

    Returns:
        The provider's own name, and the model. The provider is None if the name belongs to no known family.

    Raises:
        ConfigurationError: If the text is empty, names an unknown provider, or a model of several hosts without one.
    """
    text = check_text(text)
    if provider is not None:
        own = require_provider_name(provider)
        return ModelName(own, model_at(own, text))
    named = named_provider(text)
    if named is None and provider_name(text) is not None:
        return ModelName(provider_name(text), None)
    model = text if named is None else model_at(named, text)
    if named is not None and not matches(model.lower(), NOT_OFFERED.get(named, "")):
        is_hub_id = own_server and named in HUB_MAKERS and is_open(model)
        return ModelName(None, text) if is_hub_id else ModelName(named, model)
    if not own_server:
        check_separator(text)
    maker = SEVERAL if named is not None else maker_of(text)
    if own_server and maker in (SEVERAL, None) and not misspelt_provider(text):
        return ModelName(None, text)
    if maker == SEVERAL or (maker is None and "/" in text):
        raise ConfigurationError(no_provider(text))
    if maker is None and is_key(text):
        raise ConfigurationError(KEY_PASSED)
    if maker is None and (hint := did_you_mean(text, known_names())):
        raise ConfigurationError(f"{text!r} is no provider and no model that is known.{hint}")
    return ModelName(maker, text)


def read_next_model_name(text: str, current: str) -> ModelName:
    """Read the name of a model where a provider is in use already: it stays, unless the text names another one.

    Args:
        text: As for `read_model_name`.
        current: The provider in use. One whose own model ids may begin with the name of another provider always stays.
    """
    text = check_text(text)
    own = provider_name(current)
    if own is None:
        return ModelName(current, text)
    if own in NO_VENDORS:
        check_separator(text)
        if misspelt_provider(text):
            raise ConfigurationError(no_provider(text))
    return read_model_name(text, None if names_other_provider(text, current) else current)


def names_other_provider(text: str, provider: str) -> bool:
    """Whether a model has another provider before it, or is one itself, and is no id of this provider."""
    own, other = provider_name(provider), named_provider(text)
    if own in NO_VENDORS and "/" not in text:
        other = provider_name(text.strip())
    if own is None or own not in KNOWN or other in (None, own):
        return False
    return not matches(text.strip().lower(), PASSES_VENDORS.get(own, ""))


def named_provider(text: str) -> str | None:
    """Return the own name of the provider before the first `/`; None if the text names none."""
    before, slash, _ = text.partition("/")
    return provider_name(before) if slash else None


def model_at(own: str, text: str) -> str:
    """Return the provider's id of a model: the text without the provider's own name, which may be part of the id."""
    if named_provider(text) != own:
        return text
    model = text.partition("/")[2].strip()
    if not model:
        raise ConfigurationError(f"{own}: no model after the '/'. Write '{own}/its-model', or '{own}' alone.")
    return f"{own}/{model}" if "/" not in model and matches(model.lower(), OWN_PREFIX.get(own, "")) else model


def maker_of(model: str) -> str | None:
    """Return the provider of the family that a name belongs to, `SEVERAL` if there are several, None if unknown."""
    return next((provider for provider, patterns in FAMILIES if matches(model.lower(), patterns)), None)


def is_open(model: str) -> bool:
    """Whether the weights of the model can be had, so that servers of users may serve it under this name."""
    return maker_of(model) == SEVERAL or model.lower().startswith("gemma")


def check_text(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        shown = "an empty text" if isinstance(text, str) else type(text).__name__
        raise ConfigurationError(f"a model is named by a text such as 'openai/gpt-5.4-mini', not by {shown}")
    return text.strip()


def check_separator(text: str) -> None:
    """Raise for `:` in place of `/` between a provider and its model, and for a `/` with no provider before it.

    A colon is legal in ids, as in `mistral:latest`, so what is after it must be a known name of a model, too.
    """
    before, colon, after = text.partition(":")
    if colon and provider_name(before) is not None and maker_of(after) is not None:
        raise ConfigurationError(f"{text!r} has no '/' after the provider. Did you mean '{before}/{after}'?")
    if text.startswith("/"):
        maker = maker_of(text[1:])
        example = f"{maker}{text}" if maker not in (None, SEVERAL) else "openai/gpt-5.4-mini"
        raise ConfigurationError(f"no provider is named before the '/' of {text!r}. Write it, as in {example!r}.")


KEY_PASSED = "an API key was passed as the name of a model. Pass it as api_key=..."


def misspelt_provider(text: str) -> str:
    """Return a question that suggests the provider that is meant before the `/`; empty if that is none or right."""
    vendor, slash, _ = text.partition("/")
    if not slash or provider_name(vendor) is not None or fold_name(vendor) in HUB_VENDORS:
        return ""
    return did_you_mean(vendor, known_names())


def no_provider(text: str) -> str:
    """Return the message for a model without a provider that serves it."""
    if any(map(is_key, text.split("/"))):
        return KEY_PASSED
    if hint := misspelt_provider(text):
        return f"unknown provider {text.partition('/')[0]!r} in {text!r}.{hint}"
    return (
        f"no provider is named for {text!r}, and several hosts serve such models. Write the host first, as "
        f"in '{HOSTS[0]}/{text}', with the id that it uses. Hosts: {', '.join(HOSTS)}."
    )
