"""The steps of a setup, and which steps a provider needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..providers.facts import facts_of

KeyHome = Literal["dotenv", "keyring", "shown"]
"""Where keys are stored: in the `.env` file, in the system's keyring, or nowhere (they are shown)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice, with a note that is shown next to it."""

    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choose:
    """A choice of one option; with `free`, other text is allowed."""

    key: str
    text: str
    options: Sequence[Option]
    default: str | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A question for a line of text."""

    key: str
    text: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Hide:
    """A question for hidden text, such as a key; an empty answer changes nothing."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A yes-or-no question."""

    key: str
    text: str
    default: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to show."""

    text: str


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """One provider of the setup. `key_from` names the variable that already contains the key."""

    provider: str
    key: str | None = field(default=None, repr=False)
    key_from: str | None = None
    base_url: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs on this machine."""

    provider: str
    address: str


@dataclass(frozen=True, slots=True)
class Detect:
    """Action: find servers on this machine. The result is a list of `Server`."""


@dataclass(frozen=True, slots=True)
class ListModels:
    """Action: list the models. The result is their names, or the reason why they are unknown."""

    entry: ProviderEntry


@dataclass(frozen=True, slots=True)
class Try:
    """Action: send one small request. The result is None on success, else the error text."""

    entry: ProviderEntry


Question = Choose | Write | Hide | Confirm
Action = Detect | ListModels | Try
Step = Question | Action | Notice

Answer = str | bool
"""What a user answers: a bool to `Confirm`, a text to the others."""

ActionResult = list[Server] | list[str] | str | None
"""What an action returns; see the class of each."""


KEYRING_VARIABLE = "AI_KEYRING"


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """Providers in the order in which they are tried, and where to store their keys."""

    entries: Sequence[ProviderEntry]
    key_home: KeyHome = "dotenv"
    values: dict[str, str] = field(init=False, repr=False)
    """Lines for the `.env` file."""

    keys: dict[str, str] = field(init=False, repr=False)
    """New keys by variable name."""

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
        variables: dict[str, str] = {}
        for entry in self.entries:
            facts = facts_of(entry.provider)
            if entry.base_url and entry.base_url != facts.address:
                variables[facts.base_url[0]] = entry.base_url
            if entry.model:
                variables[facts.model[0]] = entry.model
        return variables

    def _key_variables(self, keys: dict[str, str]) -> dict[str, str]:
        if self.key_home == "keyring" and keys:
            return {KEYRING_VARIABLE: ",".join(keys)}
        return keys if self.key_home == "dotenv" else {}
