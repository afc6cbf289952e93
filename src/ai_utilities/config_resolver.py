"""Resolving: which provider, key, model and address a client uses, and who said so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from dhenara.ai.dataclass import dataclass

from .config_explained import Explanation, SettingLine, explain_settings
from .config_models import PREFIX, AiSettings
from .config_origins import OriginLevel, SettingOrigin, lowercase_names
from .exceptions import ProviderConfigurationError
from .providers.auto import AUTO, pick_provider
from .providers.facts import ProviderFacts, facts_of
from .secret import Secret
from .setup_hints import missing_key, missing_model


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A value, and who said it."""

    value: str | None
    origin: SettingOrigin

    def __repr__(self) -> str:
        return f"Said({'...' if self.value else None!r}, {self.origin})"


NOBODY = SettingValue(None, SettingOrigin(OriginLevel.DEFAULT))


@dataclass(frozen=True, slots=True)
class ResolvedConfiguration:
    """Everything a provider is made from. `chosen` says why it is this provider."""

    facts: ProviderFacts
    api_key: SettingValue
    model: SettingValue
    base_url: SettingValue
    chosen: SettingOrigin
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

    def resolve(self, provider: str | None = None, *, own_only: bool = False) -> ResolvedConfiguration:
        """The configuration of this provider, or of the one that the settings name; nothing is checked yet.

        With `own_only`, what is said for no provider in particular is not meant for this one.
        """
        facts, chosen, reason = self._choose_provider(provider)
        generic = not own_only and self._is_main_provider(facts.name)
        model = self._find_value("model", facts.model, generic)
        if model.value is None and facts.first_model:
            model = SettingValue(facts.first_model, SettingOrigin(OriginLevel.DEFAULT))
        return ResolvedConfiguration(
            facts=facts,
            api_key=self._find_value("api_key", facts.key, generic),
            model=model,
            base_url=self._find_value("base_url", facts.base_url, generic),
            chosen=chosen,
            reason=reason,
        )

    def validate(
        self, provider: str | None = None, *, own_only: bool = False, needs_model: bool = True
    ) -> ResolvedConfiguration:
        """The same, or an error that says what is missing and which ways out there are.

        Args:
            provider: The provider; None for the one that the settings name.
            own_only: Whether what is said for no provider in particular is not meant for this one.
            needs_model: Whether a chat model must be named or known. Embeddings and the like do without.

        Raises:
            ProviderConfigurationError: If something is missing.
        """
        match = self.resolve(provider, own_only=own_only)
        facts = match.facts
        if facts.needs_key and match.api_key.value is None and not facts.fetches_proof:
            raise ProviderConfigurationError(missing_key(match.facts, self.variables(), own_only=own_only))
        if needs_model and match.model.value is None and facts.needs_key and facts.chats:
            raise ProviderConfigurationError(missing_model(facts))
        if facts.name == "openai_compatible" and match.base_url.value is None:
            raise ProviderConfigurationError(
                "openai_compatible needs the address of its server: set AI_BASE_URL, or pass base_url='http://...'."
            )
        return match

    def explain(self, provider: str | None = None) -> Explanation:
        """Every value and who said it, secrets masked: `print()` it, or read its lines."""
        return self.explain_resolved(self.resolve(provider))

    def explain_resolved(self, resolved: ResolvedConfiguration) -> Explanation:
        """The same for a configuration that was resolved before."""
        lines = [SettingLine("provider", resolved.provider, str(resolved.chosen), resolved.reason)]
        for name in ("api_key", "model", "base_url"):
            text: SettingValue = getattr(resolved, name)
            lines.append(SettingLine.of(name, text.value, str(text.origin)))
        return Explanation((*lines, *explain_settings(self.settings, {line.name for line in lines})))

    def variables(self) -> Mapping[str, str]:
        """The environment over `.env`."""
        text = {**self.settings.dotenv, **{name: value for name, value in self._environment.items() if value}}
        return {name: Secret(value) for name, value in text.items()}

    def _choose_provider(self, wanted: str | None) -> tuple[ProviderFacts, SettingOrigin, str]:
        if wanted is not None and wanted.strip().lower() != AUTO:
            return facts_of(wanted), SettingOrigin(OriginLevel.EXPLICIT), ""
        origin = self.settings.origin("provider")
        if wanted is None and self.settings.provider != AUTO:
            return facts_of(self.settings.provider), origin, ""
        picked = pick_provider(self.settings, self.variables())
        return facts_of(picked.name), origin, picked.reason

    def _is_main_provider(self, name: str) -> bool:
        """Whether generic values are meant for this provider."""
        settings = self.settings
        unsaid = settings.origin("provider").level is OriginLevel.DEFAULT
        return unsaid or settings.provider == AUTO or facts_of(settings.provider).name == name

    def _find_value(self, field: str, own: tuple[str, ...], generic: bool) -> SettingValue:
        """The first who says something, from the strongest source to the weakest."""
        return next((text for text in self._iter_values(field, own, generic) if text.value), NOBODY)

    def _iter_values(self, field: str, own: tuple[str, ...], generic: bool) -> Iterator[SettingValue]:
        value, origin = getattr(self.settings, field), self.settings.origin(field)
        if generic and origin.level is OriginLevel.EXPLICIT:
            yield SettingValue(value, origin)
        names = (*own, f"{PREFIX}{field.upper()}") if generic else own
        for level, source in ((OriginLevel.ENVIRONMENT, self._environment), (OriginLevel.DOTENV, self.settings.dotenv)):
            written = lowercase_names(source)
            for name in (written.get(name.lower(), name) if name not in source else name for name in names):
                yield SettingValue(strip_value(source.get(name)), SettingOrigin(level, name))
        if generic and origin.variable is None:
            yield SettingValue(value, origin)  # from a source of a subclass of the settings


def strip_value(value: str | None) -> str | None:
    """Without the space and line ends around it that files and shells leave; blank is nothing."""
    return None if value is None else value.strip() or None
