"""Models of a provider, from its list or the catalogue, with prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from dhenara.ai.catalog import ModelFacts, find_facts, known_models, price_usage
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Usage

if TYPE_CHECKING:
    from dhenara.ai.types import ModelListing
from .facts import facts_of, known_providers

SAMPLE = 1000
"""Tokens of a small prompt; some models cost more per token for long prompts."""

MAKERS = {"google_ai": "google", "google_vertex_ai": "google"}
"""The makers' names in the catalogue, where they differ from those of the providers."""

KINDS = {"text_generation": "chat", "speech_to_text": "transcription", "text_to_speech": "speech"}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model. Unknown fields are None or empty. Prices are US dollars per million tokens."""

    provider: str | None
    model: str
    kind: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    takes: tuple[str, ...] = ()
    can: tuple[str, ...] = ()
    price_in: Decimal | None = None
    price_out: Decimal | None = None
    retires: str | None = None
    source: Literal["live", "catalogue"] = "catalogue"

    @property
    def is_chat_model(self) -> bool:
        """Whether it is a chat model; unknown models count as such."""
        return self.kind in ("chat", None)

    def matches(self, words: list[str]) -> bool:
        """Whether all words occur in its fields."""
        searched = " ".join(filter(None, (self.provider, self.model, self.kind, *self.takes, *self.can))).lower()
        return all(word.lower() in searched for word in words)


def models_from_listing(provider: str, listings: list[ModelListing]) -> list[ModelInfo]:
    """The models listed by the provider, with facts from the catalogue."""
    return sorted((model_from_listing(provider, listing) for listing in listings), key=lambda model: model.model)


def model_from_listing(provider: str, listing: ModelListing) -> ModelInfo:
    facts = find_facts(listing.id, provider)
    info = model_from_facts(provider, listing.id, facts) if facts else with_prices(ModelInfo(provider, listing.id))
    return replace(
        info,
        context_window=listing.context_window or info.context_window,
        max_output_tokens=listing.max_output_tokens or info.max_output_tokens,
        takes=listing.input_modalities or info.takes,
        source="live",
    )


def models_from_catalog(provider: str) -> list[ModelInfo]:
    """The catalogue's models of this provider, and its default model."""
    models = [model_from_facts(provider, name, facts) for name, facts in iter_served(provider)]
    first = facts_of(provider).first_model
    if first and all(model.model != first for model in models):
        facts = find_facts(first, provider)
        models.append(model_from_facts(provider, first, facts) if facts else with_prices(ModelInfo(provider, first)))
    return sorted(models, key=lambda model: model.model)


def all_models() -> list[ModelInfo]:
    """Every model of the catalogue, under its maker."""
    makers = {maker: name for name in reversed(known_providers()) for maker in makers_of(name)}
    every = [find_facts(name) for name in known_models()]
    return [model_from_facts(makers.get(facts.vendor or ""), facts.name, facts) for facts in every if facts]


def iter_served(provider: str) -> Iterator[tuple[str, ModelFacts]]:
    """The provider's own models, and the models of others that its table has, without retired ones."""
    makers = makers_of(provider)
    own = [name for name in known_models() if (facts := find_facts(name)) is not None and facts.vendor in makers]
    for name in own:
        if (facts := find_facts(name, provider)) is not None:
            yield name, facts
    for name in known_models(host=provider):
        facts = find_facts(name, provider)
        others = facts is not None and facts.vendor not in ({None, *makers} if own else makers)
        if facts is not None and others and not facts.retired:
            yield name, facts


def makers_of(provider: str) -> set[str]:
    """The names under which the catalogue has the provider's own models."""
    return {provider, MAKERS.get(provider, provider)}


def model_from_facts(provider: str | None, model: str, facts: ModelFacts) -> ModelInfo:
    capabilities = {"tools": facts.tools, "reasoning": facts.reasoning, "schema": facts.structured_output}
    kind = facts.functional_type
    return with_prices(
        ModelInfo(
            provider=provider,
            model=model,
            kind=KINDS.get(kind, kind.removesuffix("_generation")) if kind else None,
            context_window=facts.context_window or facts.max_input_tokens,
            max_output_tokens=facts.max_output_tokens,
            takes=facts.input_modalities,
            can=tuple(name for name, able in capabilities.items() if able),
            retires=facts.retires,
        )
    )


def with_prices(info: ModelInfo) -> ModelInfo:
    """Adds prices per million tokens, if known."""
    if info.provider is None:
        return info
    api = AIModelAPI(provider=info.provider, api_key="not used")
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name=info.model))
    return replace(
        info,
        price_in=per_million(endpoint, Usage(input_tokens=SAMPLE), "input"),
        price_out=per_million(endpoint, Usage(output_tokens=SAMPLE), "output"),
    )


def per_million(endpoint: AIModelEndpoint, usage: Usage, part: str) -> Decimal | None:
    cost = price_usage(endpoint, usage)
    if cost.amount is None:
        return None
    each = cost.components.get(part, Decimal(0) if not cost.components else None)
    return None if each is None else (each * 1_000_000 / SAMPLE).normalize()
