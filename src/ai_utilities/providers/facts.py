"""What the kit knows of a provider before it is made: its variables, its own address, a model to begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from dhenara.ai.dataclass import dataclass
from dhenara.ai.providers.registry import find_provider, known_names

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
"""What is asked when nobody names a model: small, cheap and current. A server of your own is asked what it has."""

KEY_ENDING = re.compile(r"_(API_KEY|API_TOKEN|TOKEN|KEY)$")
LOOPBACK = ("127.0.0.1", "localhost", "::1", "0.0.0.0")
EMBEDDED = "local"
"""The model that runs in this process."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """`key`, `model` and `base_url` are the names of the provider's own variables, the first one first."""

    name: str
    key: tuple[str, ...]
    model: tuple[str, ...]
    base_url: tuple[str, ...]
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Credentials that do without a key, and their variables."""

    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries of the API's config, and their variables."""

    chats: bool = True
    """Whether it answers in words, or only hears, speaks or embeds."""

    address: str | None = None
    needs_key: bool = False
    fetches_proof: bool = False
    """Whether it may do without a key, by a proof of identity that the engine finds or fetches."""

    keys_url: str | None = None
    first_model: str | None = None

    @property
    def is_local(self) -> bool:
        """A server on this machine, or no server at all."""
        return self.name == EMBEDDED or bool(self.address and urlsplit(self.address).hostname in LOOPBACK)


def normalize_name(name: str) -> str:
    """The engine's spelling of a provider's name: `LM-Studio`, `lmstudio` and `lm_studio` are one."""
    return canonical_names().get(fold_name(name), name.strip().lower())


def fold_name(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name.lower())


def canonical_names() -> dict[str, str]:
    """Folded spellings to the names by which the engine knows its providers, aliases too."""
    return {fold_name(name): name for name in known_names()}


def engine_facts(name: str) -> ProviderFacts | None:
    """The facts of one of the engine's providers; None when it has none of that name."""
    match = find_provider(name)
    if match is None:
        return None
    stems = [*(KEY_ENDING.sub("", variable) for variable in match.key_env), match.name.upper()]
    return ProviderFacts(
        name=match.name,
        key=match.key_env,
        model=tuple(dict.fromkeys(f"{stem}_MODEL" for stem in stems)),
        base_url=match.base_url_env or (f"{match.name.upper()}_BASE_URL",),
        credentials=match.credentials_env,
        entries=match.config_env,
        chats=bool(match.routes),
        address=None if "{" in match.base_url or match.embedded else match.base_url,
        needs_key=match.needs_key,
        fetches_proof=match.proofs is not None or bool(match.credentials_env),
        keys_url=match.keys_url,
        first_model=FIRST_MODELS.get(match.name),
    )


def facts_of(name: str) -> ProviderFacts:
    """The same for any name; a provider of the user's own has variables made from its name."""
    known = engine_facts(normalize_name(name))
    if known is not None:
        return known
    stem = re.sub(r"\W", "_", name).upper()
    return ProviderFacts(name, (f"{stem}_API_KEY",), (f"{stem}_MODEL",), (f"{stem}_BASE_URL",))


def known_providers() -> tuple[str, ...]:
    """The engine's providers, each once: those that people have keys for most often first, local ones last."""
    match = [facts for name in known_names() if (facts := engine_facts(name)) is not None]
    unique = dict.fromkeys(facts.name for facts in match)
    return tuple(sorted(unique, key=sort_key))


def sort_key(name: str) -> tuple[bool, int, str]:
    facts = engine_facts(name)
    usual = [*FIRST_MODELS]
    return facts is not None and facts.is_local, usual.index(name) if name in usual else len(usual), name
