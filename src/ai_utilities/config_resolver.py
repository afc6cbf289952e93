"""Resolves the settings of a client from arguments, environment, `.env` files and defaults, and explains them."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import NoneType
from typing import Unpack

from dhenara.ai.integration import (
    named_provider,
    names_other_provider,
    provider_name,
    read_model_name,
    read_next_model_name,
    require_type,
    shown_address,
)

from .config import AUTO, SECRETS, MainProvider, OriginLevel, SettingOrigin, lowercase_names, main_provider
from .config.client_settings import SettingArguments
from .config.routes import route_name
from .config.secrets import MASK, Secret, redact
from .config_models import PREFIX, AiSettings
from .exceptions import ProviderConfigurationError
from .providers.defaults import pick_provider
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    """All settings; `str()` gives a table."""

    lines: tuple[SettingLine, ...]

    def __repr__(self) -> str:
        return f"Explanation({len(self.lines)} settings, provider={self['provider'].value!r})"

    def _repr_markdown_(self) -> str:
        return f"```text\n{self}\n```"

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
    are never used for another: if a source names a provider (`AI_PROVIDER`, or `AI_MODEL=openai/gpt-5.4-mini`), its
    generic values are for that one.

    Args:
        settings: The settings; None reads the environment and `.env`.
        environment: Variables to use instead of `os.environ`.
        **given: Fields of `AiSettings` that override `settings`.
    """

    def __init__(
        self,
        settings: AiSettings | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        **given: Unpack[SettingArguments],
    ) -> None:
        require_type("configuration", "settings", settings, (AiSettings, NoneType), "an AiSettings or None")
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
        model = self._find_model(facts, generic, chosen)
        if model.value is None and facts.first_model:
            model = SettingValue(facts.first_model, SettingOrigin(OriginLevel.DEFAULT))
        return ResolvedConfiguration(
            facts=facts,
            api_key=self._find_value("api_key", facts.key, generic, facts.name),
            model=model,
            base_url=self._find_value("base_url", facts.base_url, generic, facts.name),
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
        if route_name(resolved.model.value) is not None:
            return resolved  # each deployment has its own key
        if facts.needs_key and resolved.api_key.value is None and not facts.fetches_token:
            raise ProviderConfigurationError(missing_key(resolved.facts, self.variables(), own_only=own_only))
        if needs_model and resolved.model.value is None and facts.needs_key and facts.chats:
            raise ProviderConfigurationError(missing_model(facts))
        model = resolved.model.value
        if model is not None and resolved.base_url.value is None:
            read_next_model_name(model, facts.name)  # refuses a wrong separator and a misspelt provider
        if model is not None and resolved.base_url.value is None and names_other_provider(model, facts.name):
            raise ProviderConfigurationError(
                f"{facts.name}: the model {model!r} is at another provider. Set the provider, or write it before the "
                "model, not both."
            )
        return resolved

    def explain(self, provider: str | None = None) -> Explanation:
        """Returns every setting with its source, secrets masked; `print()` it or read its `lines`.

        Args:
            provider: The provider; None uses the one in the settings.
        """
        return self.explain_resolved(self.resolve(provider))

    def explain_resolved(self, resolved: ResolvedConfiguration) -> Explanation:
        """Like `explain`, for a configuration that was already resolved.

        Args:
            resolved: The configuration.
        """
        lines = [SettingLine("provider", resolved.provider, str(resolved.chosen), resolved.reason)]
        for name in ("api_key", "model", "base_url"):
            setting: SettingValue = getattr(resolved, name)
            lines.append(SettingLine.of(name, setting.value, str(setting.origin)))
        return Explanation((*lines, *explain_settings(self.settings, {line.name for line in lines})))

    def variables(self) -> Mapping[str, str]:
        """Environment variables merged over `.env`."""
        merged = {**self.settings.dotenv, **{name: value for name, value in self._environment.items() if value}}
        return {name: Secret(value) for name, value in merged.items()}

    @cached_property
    def _main(self) -> MainProvider:
        return main_provider(self.settings)

    def _choose_provider(self, wanted: str | None) -> tuple[ProviderFacts, SettingOrigin, str]:
        if wanted is not None and wanted.strip().lower() != AUTO:
            facts = facts_of(wanted)
            is_main = self._main.is_named and facts_of(self._main.name).name == facts.name
            return facts, self._main.origin if is_main else SettingOrigin(OriginLevel.EXPLICIT), ""
        if wanted is None and self._main.name != AUTO:
            return facts_of(self._main.name), self._main.origin, ""
        picked = pick_provider(self.settings, self.variables())
        return facts_of(picked.name), self._main.origin, picked.reason

    def _is_main_provider(self, name: str) -> bool:
        """Whether generic values such as `AI_MODEL` apply to this provider."""
        return not self._main.is_named or facts_of(self._main.name).name == name

    def _find_model(self, facts: ProviderFacts, generic: bool, chosen: SettingOrigin) -> SettingValue:
        """The model as the provider names it. One for another provider, from a weaker source, is left out."""
        for setting in self._iter_values("model", facts.model, generic, facts.name):
            model, is_weaker = setting.value, setting.origin.level < chosen.level
            if model and not (is_weaker and route_name(model) is None and names_other_provider(model, facts.name)):
                return replace(setting, value=self._model_at(facts.name, model))
        return NOBODY

    def _model_at(self, name: str, model: str) -> str | None:
        if route_name(model) is not None:
            return model
        if self._main.from_model and provider_name(model) == name:
            return None  # only a provider is written
        if named_provider(model) != name:
            return model
        # At a server of the user's own without a provider, ids of open models stay as they are.
        is_default = not (self._main.is_named or self._main.from_model)
        return read_model_name(model, None if is_default else name, own_server=is_default).model

    def _find_value(self, field: str, own: tuple[str, ...], generic: bool, provider: str) -> SettingValue:
        """The first value from the strongest source to the weakest."""
        return next((setting for setting in self._iter_values(field, own, generic, provider) if setting.value), NOBODY)

    def _iter_values(self, field: str, own: tuple[str, ...], generic: bool, provider: str) -> Iterator[SettingValue]:
        value, origin = getattr(self.settings, field), self.settings.origin(field)
        if generic and origin.level is OriginLevel.EXPLICIT:
            yield SettingValue(value, origin)
        for level, source in ((OriginLevel.ENVIRONMENT, self._environment), (OriginLevel.DOTENV, self.settings.dotenv)):
            actual_names = lowercase_names(source)
            is_meant = generic and is_source_for(provider, source.get(actual_names.get(PROVIDER, "")))
            names = (*own, f"{PREFIX}{field.upper()}") if is_meant else own
            for name in (actual_names.get(name.lower(), name) if name not in source else name for name in names):
                yield SettingValue(strip_value(source.get(name)), SettingOrigin(level, name))
        if generic and origin.variable is None:
            yield SettingValue(value, origin)  # from a source of a subclass of the settings


PROVIDER = f"{PREFIX}provider".lower()


def is_source_for(provider: str, written: str | None) -> bool:
    """Whether the generic values of a source, in which this provider is written, are for that provider."""
    named = (written or "").strip().lower()
    return named in ("", AUTO) or facts_of(named).name == provider


def strip_value(value: str | None) -> str | None:
    """Strips whitespace and line ends left by files and shells; a blank value becomes None."""
    return None if value is None else value.strip() or None
