"""Asks the questions of a setup at a terminal, or takes the answers from flags."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dhenara.ai.integration import fold_name

from ..exceptions import ProviderConfigurationError
from ..providers.defaults import AUTO
from ..providers.factory import is_known, suggestion
from ..providers.facts import EMBEDDED, ProviderFacts, facts_of, known_providers
from ..providers.model_listing import models_from_catalog
from .steps import (
    Choose,
    Confirm,
    Detect,
    Hide,
    KeyHome,
    ListModels,
    Notice,
    Option,
    ProviderEntry,
    Question,
    Server,
    SetupPlan,
    Step,
    Try,
    Write,
)

DONE = "done"
KEY_HOMES = (
    Option("dotenv", "in the .env file, readable by you alone"),
    Option("keyring", "in the keyring of this computer"),
    Option("shown", "nowhere: show me the line, I put it where it belongs"),
)
Interview = Generator[Step, Any, SetupPlan]


def run_interview(variables: Mapping[str, str]) -> Interview:
    """Asks until there is something that works, or that the user insists on. `variables` is what is set already."""
    servers: Sequence[Server] = yield Detect()
    entries: list[ProviderEntry] = []
    while not entries or (
        yield Confirm("more", "Set up another provider, to be tried when the first is missing?", False)
    ):
        name = yield choice_of_provider(servers, variables, [entry.provider for entry in entries])
        entry = yield from ask_about_provider(facts_of(name), servers, variables)
        if entry is not None:
            entries.append(entry)
    home: KeyHome = "dotenv"
    if any(entry.key for entry in entries):
        home = yield Choose("key_home", "Where shall keys be kept?", KEY_HOMES, "dotenv")
    return SetupPlan(tuple(entries), home)


def choice_of_provider(servers: Sequence[Server], variables: Mapping[str, str], taken: Sequence[str]) -> Choose:
    """Those that run here or have a key come first."""
    running = {server.provider: f"runs at {server.address}" for server in servers}
    keyed = {
        name: f"{variable} is set"
        for name in known_providers()
        for variable in facts_of(name).key
        if variables.get(variable)
    }
    notes = {EMBEDDED: "a small model in this process, no key needed", **keyed, **running}
    there = [name for name in known_providers() if name not in taken and facts_of(name).chats]
    names = sorted(there, key=lambda n: (n not in keyed, n not in running))
    options = [Option(name, notes.get(name, "")) for name in names]
    return Choose("provider", "Which provider?", options, options[0].value)


def ask_about_provider(
    facts: ProviderFacts, servers: Sequence[Server], variables: Mapping[str, str]
) -> Generator[Step, Any, ProviderEntry | None]:
    """Everything about one provider; None when the user leaves it after all."""
    entry = ProviderEntry(facts.name)
    while True:
        entry = yield from ask_base_url(entry, facts, servers)
        entry = yield from ask_api_key(entry, facts, variables)
        entry = yield from ask_model(entry, facts)
        problem: str | None = yield Try(entry)
        if problem is None:
            yield Notice(f"{facts.name} answers.")
            return entry
        yield Notice(f"{facts.name} does not answer: {problem}")
        options = (
            Option("again", "change key, address or model"),
            Option("keep", "as it is"),
            Option("leave", "it out"),
        )
        what = yield Choose("failed", "What now?", options, "again")
        if what != "again":
            return entry if what == "keep" else None
        # What was wrong is asked again, the key of the environment included.
        entry, variables = replace(entry, key=None, key_from=None), {}


def ask_base_url(
    entry: ProviderEntry, facts: ProviderFacts, servers: Sequence[Server]
) -> Generator[Step, Any, ProviderEntry]:
    """Where a server of one's own is; hosted providers are where they are."""
    if facts.name == EMBEDDED or (facts.needs_key and facts.address is not None):
        return entry
    match = next((server.address for server in servers if server.provider == facts.name), None)
    address = yield Write("base_url", f"Address of {facts.name}", entry.base_url or match or facts.address)
    return replace(entry, base_url=address or None)


def ask_api_key(
    entry: ProviderEntry, facts: ProviderFacts, variables: Mapping[str, str]
) -> Generator[Step, Any, ProviderEntry]:
    """A key, where one is needed. One that is set already is used where it is, and not copied."""
    if not facts.key:
        return entry
    there = next((name for name in facts.key if variables.get(name)), None)
    if there is not None and (yield Confirm("use_key", f"{there} is set. Use it?")):
        return replace(entry, key_from=there, key=None)
    made = f" (made at {facts.keys_url})" if facts.keys_url else ""
    needed = "" if facts.needs_key else ", or nothing if it needs none"
    key = yield Hide("api_key", f"API key for {facts.name}{made}{needed}")
    return replace(entry, key=key or None, key_from=None)


def ask_model(entry: ProviderEntry, facts: ProviderFacts) -> Generator[Step, Any, ProviderEntry]:
    """From the provider's own list where it can be had, else from what is known."""
    match: list[str] | str = yield ListModels(entry)
    names = (
        match
        if isinstance(match, list)
        else [offer.model for offer in models_from_catalog(facts.name) if offer.is_chat_model]
    )
    if isinstance(match, str):
        known = " These are those of the catalogue." if names else ""
        yield Notice(f"The list of models cannot be had ({match}).{known}")
    usual = entry.model or facts.first_model or (names[0] if names else None)
    if not names and usual is None:
        model = yield Write("model", "Name of the model")
    else:
        options = [Option(name) for name in dict.fromkeys(filter(None, (usual, *names)))]
        model = yield Choose("model", "Which model?", options, usual, free=True)
    return replace(entry, model=model or None)


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

    def show(self, notice: Notice) -> None:
        self.notices.append(notice.text)

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
