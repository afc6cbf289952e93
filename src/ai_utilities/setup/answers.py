"""Answers without a person: from flags, for builds and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from dhenara.ai.dataclass import dataclass

from ..exceptions import ProviderConfigurationError
from .steps import Choose, Confirm, Hide, KeyHome, Question, Tell, Write

FLAGS = {"provider": "--provider", "api_key": "--api-key", "base_url": "--base-url", "model": "--model"}


@dataclass(slots=True)
class Given:
    """What was said beforehand. The first provider gets `api_key`, `base_url` and `model`."""

    providers: Sequence[str] = ()
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str | None = None
    key_home: KeyHome = "dotenv"
    keep_failing: bool = False
    told: list[str] = field(default_factory=list)
    _asked: int = 0

    def ask(self, question: Question) -> Any:
        match question:
            case Choose(key="provider"):
                return self._next_provider()
            case Choose(key="key_home"):
                return self.key_home
            case Choose(key="failed"):
                return self._after_failure()
            case Confirm(key="more"):
                return self._asked < len(self.providers)
            case Confirm(key="use_key"):
                return self._own("api_key") is None
            case Choose(default=default) | Write(default=default):
                return self._own(question.key) or default or self._missing(question.key)
            case Hide():
                return self._own("api_key") or ""
            case Confirm(default=agreed):
                return agreed

    def tell(self, said: Tell) -> None:
        self.told.append(said.text)

    def _own(self, key: str) -> str | None:
        """Flags about one provider mean the first."""
        return getattr(self, key) if self._asked == 1 else None

    def _next_provider(self) -> str:
        if self._asked >= len(self.providers):
            self._missing("provider")
        self._asked += 1
        return self.providers[self._asked - 1]

    def _after_failure(self) -> str:
        if self.keep_failing:
            return "keep"
        raise ProviderConfigurationError(f"{self.told[-1]} Nothing was written; --no-test writes without trying.")

    def _missing(self, key: str) -> str:
        raise ProviderConfigurationError(f"without a terminal, {FLAGS.get(key, key)} must be given")
