"""What an interview ends with: the providers that were set up, and what to write down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from dhenara.ai.dataclass import dataclass

from ..providers.facts import facts_of
from .steps import KeyHome, ProviderEntry

KEYRING_VARIABLE = "AI_KEYRING"


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """Providers in the order in which they are tried, and where their keys are to live."""

    entries: Sequence[ProviderEntry]
    key_home: KeyHome = "dotenv"
    values: dict[str, str] = field(init=False, repr=False)
    """Lines for the `.env` file."""

    keys: dict[str, str] = field(init=False, repr=False)
    """New keys by the name of their variable."""

    def __post_init__(self) -> None:
        keys = {facts_of(entry.provider).key[0]: entry.key for entry in self.entries if entry.key}
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "values", {**self._providers(), **self._base_urls(), **self._key_variables(keys)})

    def _providers(self) -> dict[str, str]:
        names = [entry.provider for entry in self.entries]
        if len(names) == 1:
            return {"AI_PROVIDER": names[0]}
        return {"AI_PROVIDER": "auto", "AI_AUTO_SELECT_ORDER": ",".join(names)}

    def _base_urls(self) -> dict[str, str]:
        options: dict[str, str] = {}
        for entry in self.entries:
            facts = facts_of(entry.provider)
            if entry.base_url and entry.base_url != facts.address:
                options[facts.base_url[0]] = entry.base_url
            if entry.model:
                options[facts.model[0]] = entry.model
        return options

    def _key_variables(self, keys: dict[str, str]) -> dict[str, str]:
        if self.key_home == "keyring" and keys:
            return {KEYRING_VARIABLE: ",".join(keys)}
        return keys if self.key_home == "dotenv" else {}
