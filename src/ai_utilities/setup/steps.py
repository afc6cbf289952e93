"""The steps of an interview: questions for a person, errands for the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Literal

from dhenara.ai.dataclass import dataclass

KeyHome = Literal["dotenv", "keyring", "shown"]
"""Where keys live: in the file, in the system's keyring, or wherever the user puts what is shown."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose; `note` says more about it."""

    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choose:
    """One of these; with `free`, anything else too."""

    key: str
    text: str
    options: Sequence[Option]
    default: str | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A line of text."""

    key: str
    text: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Hide:
    """A line that is not shown while it is typed. An empty answer leaves things as they are."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Yes or no."""

    key: str
    text: str
    default: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know; nothing is asked."""

    text: str


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """One provider as it is being set up. `key_from` names the variable that already holds the key."""

    provider: str
    key: str | None = field(default=None, repr=False)
    key_from: str | None = None
    base_url: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was found on this machine."""

    provider: str
    address: str


@dataclass(frozen=True, slots=True)
class Detect:
    """Which servers run on this machine? Answered by a list of `Server`."""


@dataclass(frozen=True, slots=True)
class ListModels:
    """Which models are there? Answered by their names, or by words that say why nobody knows."""

    entry: ProviderEntry


@dataclass(frozen=True, slots=True)
class Try:
    """One real tiny request. Answered by None when it worked, else by what went wrong."""

    entry: ProviderEntry


Question = Choose | Write | Hide | Confirm
Errand = Detect | ListModels | Try
Step = Question | Errand | Notice
