"""Error messages for an incomplete configuration, with the ways to fix it."""

from __future__ import annotations

from collections.abc import Mapping

from .providers.facts import EMBEDDED, ProviderFacts, engine_facts, known_providers

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
    made = f" Create a key at {facts.keys_url}." if facts.keys_url else ""
    there = other_keys(facts.name, variables)
    hint = f" {there[0][1]} is set: AI_PROVIDER={there[0][0]} uses it." if there else ""
    return f"{facts.name}: API key missing. Set {names} or pass api_key='...'.{made}{hint} {setup_options()}"


def missing_model(facts: ProviderFacts) -> str:
    """The provider has no default model and none is set."""
    return (
        f"{facts.name} has no default model. Set {facts.model[0]} or AI_MODEL, "
        "or pass model='...'; list_models() lists them."
    )


def missing_operation_model(facts: ProviderFacts, operation: str) -> str:
    """The operation has no default model at this provider."""
    return f"{facts.name} has no default model for {operation}. Pass model='...', or set {facts.model[0]}."


def nothing_configured(order: tuple[str, ...]) -> str:
    """`auto` found no provider."""
    names = f"none of {', '.join(order)}" if len(order) <= FEW else f"none of the {len(order)} known ones"
    return f"no provider is configured: {names} has a key or runs on this machine. {setup_options()}"


def other_keys(name: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Other providers whose keys are set, with the variable."""
    match = []
    for other in known_providers():
        facts = engine_facts(other)
        if facts is not None and facts.name != name:
            match += [(other, variable) for variable in facts.key if variables.get(variable)]
    return match


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
