"""The ways out of a configuration with which nothing can be asked."""

from __future__ import annotations

from collections.abc import Mapping

from .providers.facts import EMBEDDED, ProviderFacts, engine_facts, known_providers

FEW = 6
"""More names than this are not read."""


def setup_options() -> str:
    """What there is to choose from."""
    ways = [
        "a key in the environment or in .env, where `ai-utilities setup` puts it",
        "a server of your own such as Ollama, LM Studio or llama.cpp (AI_PROVIDER=lm_studio)",
    ]
    if engine_facts(EMBEDDED) is not None:
        small = f"(AI_PROVIDER={EMBEDDED}; `ai-utilities local install` installs it)"
        ways.append(f"the small model that runs inside this process {small}")
    return f"The ways on are: {'; '.join(ways)}. AI_PROVIDER=auto takes the first of them that is there."


def missing_key(facts: ProviderFacts, variables: Mapping[str, str], *, own_only: bool = False) -> str:
    """This provider cannot be asked without a key."""
    names = " or ".join(facts.key if own_only else (*facts.key, "AI_API_KEY"))
    made = f" Keys are made at {facts.keys_url}." if facts.keys_url else ""
    there = other_keys(facts.name, variables)
    hint = f" {there[0][1]} is set: AI_PROVIDER={there[0][0]} uses it." if there else ""
    return f"{facts.name} needs an API key: set {names}, or pass api_key='...'.{made}{hint} {setup_options()}"


def missing_model(facts: ProviderFacts) -> str:
    """This provider cannot be asked without the name of a model."""
    return (
        f"{facts.name} has no model that is asked by default: set {facts.model[0]} or AI_MODEL, "
        "or pass model='...'; list_models() says which there are."
    )


def missing_operation_model(facts: ProviderFacts, operation: str) -> str:
    """Nobody named a model for an operation that has no usual one here."""
    return f"{facts.name} has no usual model for {operation}. Pass model='...', or set {facts.model[0]}."


def nothing_configured(order: tuple[str, ...]) -> str:
    """`auto` found nobody."""
    request = f"none of {', '.join(order)}" if len(order) <= FEW else f"none of the {len(order)} known ones"
    return f"no provider is configured: {request} has a key, or answers on this machine. {setup_options()}"


def other_keys(name: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Other providers whose keys are there, with the variable."""
    match = []
    for other in known_providers():
        facts = engine_facts(other)
        if facts is not None and facts.name != name:
            match += [(other, variable) for variable in facts.key if variables.get(variable)]
    return match


def no_models_message(facts: ProviderFacts) -> str:
    """The server is there and empty."""
    return f"{facts.name} has no model yet: load one there first, or name one with {facts.model[0]} or model='...'."


def no_embedding_model(facts: ProviderFacts) -> str:
    """Nobody said which model embeds."""
    return f"{facts.name} has no usual model for embeddings: set AI_EMBEDDING_MODEL, or pass model='...'."


def no_image_model(facts: ProviderFacts, painters: tuple[str, ...]) -> str:
    """Nobody said which model draws."""
    return (
        f"{facts.name} has no usual model for pictures: name one with --model or model='...', "
        f"or ask another provider ({', '.join(painters)})."
    )
