"""Answers without a person: from flags, for builds and scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from dhenara.ai.dataclass import dataclass

from ..exceptions import ProviderConfigurationError
from ..providers.auto import AUTO
from ..providers.factory import is_known, suggestion
from ..providers.facts import fold_name
from .steps import Choose, Confirm, Hide, KeyHome, Notice, Question, Write

NAME = re.compile(r"[a-z][a-z0-9_]*")
FLAGS = {"provider": "--provider", "api_key": "--api-key", "base_url": "--base-url", "model": "--model"}


@dataclass(slots=True)
class PresetAnswers:
    """What was said beforehand. The first provider gets `api_key`, `base_url` and `model`."""

    providers: Sequence[str] = ()
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str | None = None
    key_home: KeyHome = "dotenv"
    keep_failing: bool = False
    new_provider: bool = False
    """Whether a provider may be one that nobody knows here, with variables made from its name."""

    notices: list[str] = field(default_factory=list)
    _request: int = 0

    def ask(self, question: Question) -> Any:
        match question:
            case Choose(key="provider"):
                return self._next_provider()
            case Choose(key="key_home"):
                return self.key_home
            case Choose(key="failed"):
                return self._after_failure()
            case Confirm(key="more"):
                return self._request < len(self.providers)
            case Confirm(key="use_key"):
                return self._flag_value("api_key") is None
            case Choose(default=default) | Write(default=default):
                return self._flag_value(question.key) or default or self._missing_flag(question.key)
            case Hide():
                return self._flag_value("api_key") or ""
            case Confirm(default=agreed):
                return agreed

    def show(self, options: Notice) -> None:
        self.notices.append(options.text)

    def _flag_value(self, key: str) -> str | None:
        """Flags about one provider mean the first."""
        return getattr(self, key) if self._request == 1 else None

    def _next_provider(self) -> str:
        if self._request >= len(self.providers):
            self._missing_flag("provider")
        self._request += 1
        name = self.providers[self._request - 1]
        if not is_known(name) or fold_name(name) == AUTO:
            self._check_new(name)
        return name

    def _check_new(self, name: str) -> None:
        """A name that nobody knows is a misspelling, unless it is said to be new."""
        if not self.new_provider:
            raise ProviderConfigurationError(
                f"--provider: there is no provider {name!r}.{suggestion(name)} `ai-utilities providers` lists all; "
                "--new-provider sets up one of your own under this name."
            )
        if not NAME.fullmatch(name) or fold_name(name) == AUTO:
            raise ProviderConfigurationError(
                f"--provider: {name!r} cannot be the name of a new provider. Use small letters, digits and underscores."
            )

    def _after_failure(self) -> str:
        if self.keep_failing:
            return "keep"
        raise ProviderConfigurationError(f"{self.notices[-1]} Nothing was written; --no-test writes without trying.")

    def _missing_flag(self, key: str) -> str:
        raise ProviderConfigurationError(f"without a terminal, {FLAGS.get(key, key)} must be given")
