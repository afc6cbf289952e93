"""Resolves the settings of a client from arguments, environment, `.env` files and defaults, and explains them."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dhenara.ai.integration import shown_address

from .config_models import PREFIX, AiSettings
from .config_origins import SECRETS, OriginLevel, SettingOrigin, lowercase_names
from .config_secrets import MASK, Secret, redact
from .exceptions import ProviderConfigurationError
from .providers.defaults import AUTO, pick_provider
from .providers.facts import ProviderFacts, facts_of, missing_key, missing_model


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting and its source. `value` is safe to print."""

    name: str
    value: str | None
    source: str
    note: str = ""

    @classmethod
    def of(cls, name: str, value: object, source: str) -> SettingLine:
        """Creates a line, with secrets masked."""
        if value in (None, "", {}):
            return cls(name, None, source)
        if name == "base_url":
            return cls(name, shown_address(str(value)), source)
        return cls(name, MASK if name in SECRETS else redact(str(value)), source)

    def __str__(self) -> str:
        note = f"  {self.note}" if self.note else ""
        return f"{self.name:<22} {self.value or '-':<32} {self.source}{note}"


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """All settings; `str()` gives a table."""

    lines: tuple[SettingLine, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.lines))

    def __getitem__(self, name: str) -> SettingLine:
        return next(line for line in self.lines if line.name == name)

    def to_dict(self) -> dict[str, dict[str, str | None]]:
        """Value and source by setting name."""
        return {line.name: {"value": line.value, "source": line.source} for line in self.lines}


def explain_settings(settings: AiSettings, without: Container[str]) -> Iterator[SettingLine]:
    """The other settings, as they are set."""
    for name in type(settings).model_fields:
        if name not in without:
            yield SettingLine.of(name, getattr(settings, name), str(settings.origin(name)))


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A value and its source."""

    value: str | None
    origin: SettingOrigin

    def __repr__(self) -> str:
        return f"SettingValue({'...' if self.value else None!r}, {self.origin})"


NOBODY = SettingValue(None, SettingOrigin(OriginLevel.DEFAULT))


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedConfiguration:
    """Everything needed to create a provider; `chosen` and `reason` tell why it is this provider.

    Attributes:
        facts: What is known about the provider.
        api_key: The API key and its source.
        model: The model name and its source.
        base_url: The base URL and its source.
        chosen: The source of the provider's name.
        reason: Why `auto` chose this provider; empty otherwise.
    """

    facts: ProviderFacts
    api_key: SettingValue
    model: SettingValue
    base_url: SettingValue
    chosen: SettingOrigin
    reason: str = ""

    @property
    def provider(self) -> str:
        """The name of the provider."""
        return self.facts.name


class ConfigurationResolver:
    """Resolves the settings of a provider.

    Values in code override environment variables, those override `.env`, then come the defaults. Within one source,
    the provider's own variable (`GROQ_MODEL`) wins over the generic one (`AI_MODEL`). Values given for one provider
    are never used for another.

    Args:
        settings: The settings; None reads the environment and `.env`.
        environment: Variables to use instead of `os.environ`.
        **given: Fields of `AiSettings` that override `settings`.
    """

    def __init__(
        self, settings: AiSettings | None = None, *, environment: Mapping[str, str] | None = None, **given: Any
    ) -> None:
        self.settings = AiSettings(**given) if settings is None else settings.model_copy(update=given)
        self._environment = os.environ if environment is None else environment

    def resolve(self, provider: str | None = None, *, own_only: bool = False) -> ResolvedConfiguration:
        """Returns the configuration of a provider. Nothing is validated yet.

        Args:
            provider: The provider; None uses the one in the settings.
            own_only: Whether to ignore generic values such as `AI_MODEL`, which are meant for another provider.
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
        """Like `resolve`, but raises an error if something is missing.

        Args:
            provider: The provider; None uses the one in the settings.
            own_only: Whether to ignore generic values such as `AI_MODEL`, which are meant for another provider.
            needs_model: Whether a chat model is required; False for embeddings and other operations.

        Raises:
            ProviderConfigurationError: If a key, model or address is missing; the message lists the options.
        """
        resolved = self.resolve(provider, own_only=own_only)
        facts = resolved.facts
        if facts.needs_key and resolved.api_key.value is None and not facts.fetches_token:
            raise ProviderConfigurationError(missing_key(resolved.facts, self.variables(), own_only=own_only))
        if needs_model and resolved.model.value is None and facts.needs_key and facts.chats:
            raise ProviderConfigurationError(missing_model(facts))
        if facts.name == "openai_compatible" and resolved.base_url.value is None:
            raise ProviderConfigurationError(
                "openai_compatible: base URL missing. Set AI_BASE_URL or pass base_url='http://...'."
            )
        return resolved

    def explain(self, provider: str | None = None) -> Explanation:
        """Returns every setting with its source, secrets masked; `print()` it or read its `lines`."""
        return self.explain_resolved(self.resolve(provider))

    def explain_resolved(self, resolved: ResolvedConfiguration) -> Explanation:
        """Like `explain`, for a configuration that was already resolved."""
        lines = [SettingLine("provider", resolved.provider, str(resolved.chosen), resolved.reason)]
        for name in ("api_key", "model", "base_url"):
            setting: SettingValue = getattr(resolved, name)
            lines.append(SettingLine.of(name, setting.value, str(setting.origin)))
        return Explanation((*lines, *explain_settings(self.settings, {line.name for line in lines})))

    def variables(self) -> Mapping[str, str]:
        """Environment variables merged over `.env`."""
        merged = {**self.settings.dotenv, **{name: value for name, value in self._environment.items() if value}}
        return {name: Secret(value) for name, value in merged.items()}

    def _choose_provider(self, wanted: str | None) -> tuple[ProviderFacts, SettingOrigin, str]:
        if wanted is not None and wanted.strip().lower() != AUTO:
            return facts_of(wanted), SettingOrigin(OriginLevel.EXPLICIT), ""
        origin = self.settings.origin("provider")
        if wanted is None and self.settings.provider != AUTO:
            return facts_of(self.settings.provider), origin, ""
        picked = pick_provider(self.settings, self.variables())
        return facts_of(picked.name), origin, picked.reason

    def _is_main_provider(self, name: str) -> bool:
        """Whether generic values such as `AI_MODEL` apply to this provider."""
        settings = self.settings
        unset = settings.origin("provider").level is OriginLevel.DEFAULT
        return unset or settings.provider == AUTO or facts_of(settings.provider).name == name

    def _find_value(self, field: str, own: tuple[str, ...], generic: bool) -> SettingValue:
        """The first value from the strongest source to the weakest."""
        return next((setting for setting in self._iter_values(field, own, generic) if setting.value), NOBODY)

    def _iter_values(self, field: str, own: tuple[str, ...], generic: bool) -> Iterator[SettingValue]:
        value, origin = getattr(self.settings, field), self.settings.origin(field)
        if generic and origin.level is OriginLevel.EXPLICIT:
            yield SettingValue(value, origin)
        names = (*own, f"{PREFIX}{field.upper()}") if generic else own
        for level, source in ((OriginLevel.ENVIRONMENT, self._environment), (OriginLevel.DOTENV, self.settings.dotenv)):
            actual_names = lowercase_names(source)
            for name in (actual_names.get(name.lower(), name) if name not in source else name for name in names):
                yield SettingValue(strip_value(source.get(name)), SettingOrigin(level, name))
        if generic and origin.variable is None:
            yield SettingValue(value, origin)  # from a source of a subclass of the settings


def strip_value(value: str | None) -> str | None:
    """Strips whitespace and line ends left by files and shells; a blank value becomes None."""
    return None if value is None else value.strip() or None
