"""Resolving: which provider, key, model and address a client uses, and who said so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from dhenara.ai.dataclass import dataclass

from .config_explained import Explanation, Line, explain_settings
from .config_models import PREFIX, AiSettings
from .config_origins import Level, Origin, named
from .exceptions import ProviderConfigurationError
from .providers.auto import AUTO, pick
from .providers.facts import ProviderFacts, facts_of
from .secret import Secret
from .ways_out import missing_key, missing_model


@dataclass(frozen=True, slots=True)
class Said:
    """A value, and who said it."""

    value: str | None
    origin: Origin

    def __repr__(self) -> str:
        return f"Said({'...' if self.value else None!r}, {self.origin})"


NOBODY = Said(None, Origin(Level.DEFAULT))


@dataclass(frozen=True, slots=True)
class Resolved:
    """Everything a provider is made from. `chosen` says why it is this provider."""

    facts: ProviderFacts
    api_key: Said
    model: Said
    base_url: Said
    chosen: Origin
    reason: str = ""

    @property
    def provider(self) -> str:
        return self.facts.name


class ConfigurationResolver:
    """Explicit values win over the environment, that over `.env`, that over defaults. Within one source, the
    provider's own variable wins over the generic one. What is said for one provider never goes to another.
    """

    def __init__(
        self, settings: AiSettings | None = None, *, environment: Mapping[str, str] | None = None, **given: Any
    ) -> None:
        self.settings = AiSettings(**given) if settings is None else settings.model_copy(update=given)
        self._environment = os.environ if environment is None else environment

    def resolve(self, provider: str | None = None, *, own_only: bool = False) -> Resolved:
        """The configuration of this provider, or of the one that the settings name; nothing is checked yet.

        With `own_only`, what is said for no provider in particular is not meant for this one.
        """
        facts, chosen, reason = self._choose(provider)
        generic = not own_only and self._is_main(facts.name)
        model = self._said("model", facts.model, generic)
        if model.value is None and facts.first_model:
            model = Said(facts.first_model, Origin(Level.DEFAULT))
        return Resolved(
            facts=facts,
            api_key=self._said("api_key", facts.key, generic),
            model=model,
            base_url=self._said("base_url", facts.base_url, generic),
            chosen=chosen,
            reason=reason,
        )

    def validate(self, provider: str | None = None, *, own_only: bool = False, needs_model: bool = True) -> Resolved:
        """The same, or an error that says what is missing and which ways out there are.

        Args:
            provider: The provider; None for the one that the settings name.
            own_only: Whether what is said for no provider in particular is not meant for this one.
            needs_model: Whether a chat model must be named or known. Embeddings and the like do without.

        Raises:
            ProviderConfigurationError: If something is missing.
        """
        found = self.resolve(provider, own_only=own_only)
        facts = found.facts
        if facts.needs_key and found.api_key.value is None and not facts.fetches_proof:
            raise ProviderConfigurationError(missing_key(found.facts, self.variables(), own_only=own_only))
        if needs_model and found.model.value is None and facts.needs_key and facts.chats:
            raise ProviderConfigurationError(missing_model(facts))
        if facts.name == "openai_compatible" and found.base_url.value is None:
            raise ProviderConfigurationError(
                "openai_compatible needs the address of its server: set AI_BASE_URL, or pass base_url='http://...'."
            )
        return found

    def explain(self, provider: str | None = None) -> Explanation:
        """Every value and who said it, secrets masked: `print()` it, or read its lines."""
        return self.explained(self.resolve(provider))

    def explained(self, found: Resolved) -> Explanation:
        """The same for a configuration that was resolved before."""
        lines = [Line("provider", found.provider, str(found.chosen), found.reason)]
        for name in ("api_key", "model", "base_url"):
            said: Said = getattr(found, name)
            lines.append(Line.of(name, said.value, str(said.origin)))
        return Explanation((*lines, *explain_settings(self.settings, {line.name for line in lines})))

    def variables(self) -> Mapping[str, str]:
        """The environment over `.env`."""
        said = {**self.settings.dotenv, **{name: value for name, value in self._environment.items() if value}}
        return {name: Secret(value) for name, value in said.items()}

    def _choose(self, wanted: str | None) -> tuple[ProviderFacts, Origin, str]:
        if wanted is not None and wanted.strip().lower() != AUTO:
            return facts_of(wanted), Origin(Level.EXPLICIT), ""
        origin = self.settings.origin("provider")
        if wanted is None and self.settings.provider != AUTO:
            return facts_of(self.settings.provider), origin, ""
        picked = pick(self.settings, self.variables())
        return facts_of(picked.name), origin, picked.reason

    def _is_main(self, name: str) -> bool:
        """Whether generic values are meant for this provider."""
        settings = self.settings
        unsaid = settings.origin("provider").level is Level.DEFAULT
        return unsaid or settings.provider == AUTO or facts_of(settings.provider).name == name

    def _said(self, field: str, own: tuple[str, ...], generic: bool) -> Said:
        """The first who says something, from the strongest source to the weakest."""
        return next((said for said in self._sayings(field, own, generic) if said.value), NOBODY)

    def _sayings(self, field: str, own: tuple[str, ...], generic: bool) -> Iterator[Said]:
        value, origin = getattr(self.settings, field), self.settings.origin(field)
        if generic and origin.level is Level.EXPLICIT:
            yield Said(value, origin)
        names = (*own, f"{PREFIX}{field.upper()}") if generic else own
        for level, source in ((Level.ENVIRONMENT, self._environment), (Level.DOTENV, self.settings.dotenv)):
            written = named(source)
            for name in (written.get(name.lower(), name) if name not in source else name for name in names):
                yield Said(tidied(source.get(name)), Origin(level, name))
        if generic and origin.variable is None:
            yield Said(value, origin)  # from a source of a subclass of the settings


def tidied(value: str | None) -> str | None:
    """Without the space and line ends around it that files and shells leave; blank is nothing."""
    return None if value is None else value.strip() or None
