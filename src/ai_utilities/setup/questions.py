"""Asks the questions of a setup at a terminal, or takes the answers from flags."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ai_utilities.providers.models import models_from_catalog
from dhenara.ai.integration import fold_name

from ..exceptions import ProviderConfigurationError
from ..providers.defaults import AUTO
from ..providers.facts import EMBEDDED, ProviderFacts, facts_of, is_known, known_providers, suggestion
from .steps import (
    Answer,
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
    Option("dotenv", "in the .env file, readable only by you"),
    Option("keyring", "in the keyring of this computer"),
    Option("shown", "nowhere: show the line, and I store it myself"),
)
T = TypeVar("T")
Steps = Generator[Step, Any, T]
"""Yields the steps, and gets the result of each: its type depends on the step."""


def run_interview(variables: Mapping[str, str]) -> Steps[SetupPlan]:
    """Ask until a provider works or is accepted by the user. `variables` are the existing variables."""
    servers: Sequence[Server] = yield Detect()
    entries: list[ProviderEntry] = []
    while not entries or (
        yield Confirm("more", "Set up another provider, used if the first one is not available?", False)
    ):
        name = yield choice_of_provider(servers, variables, [entry.provider for entry in entries])
        entry = yield from ask_about_provider(facts_of(name), servers, variables)
        if entry is not None:
            entries.append(entry)
    home: KeyHome = "dotenv"
    if any(entry.key for entry in entries):
        home = yield Choose("key_home", "Where should keys be stored?", KEY_HOMES, "dotenv")
    return SetupPlan(tuple(entries), home)


def choice_of_provider(servers: Sequence[Server], variables: Mapping[str, str], taken: Sequence[str]) -> Choose:
    """Return the choice of a provider; those with a key or a running server come first."""
    running = {server.provider: f"runs at {server.address}" for server in servers}
    keyed = {
        name: f"{variable} is set"
        for name in known_providers()
        for variable in facts_of(name).key
        if variables.get(variable)
    }
    notes = {EMBEDDED: "a small model in this process, no key needed", **keyed, **running}
    available = [name for name in known_providers() if name not in taken and facts_of(name).chats]
    names = sorted(available, key=lambda n: (n not in keyed, n not in running))
    choices = [Option(name, notes.get(name, "")) for name in names]
    return Choose("provider", "Which provider?", choices, choices[0].value)


def ask_about_provider(
    facts: ProviderFacts, servers: Sequence[Server], variables: Mapping[str, str]
) -> Steps[ProviderEntry | None]:
    """Ask everything about one provider; None if the user leaves it out."""
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
        choices = (
            Option("again", "change key, base URL or model"),
            Option("keep", "write these settings anyway"),
            Option("leave", "do not write this provider"),
        )
        decision = yield Choose("failed", "How to continue?", choices, "again")
        if decision != "again":
            return entry if decision == "keep" else None
        # Everything is asked again, also for a key that is in the environment.
        entry, variables = replace(entry, key=None, key_from=None), {}


def ask_base_url(entry: ProviderEntry, facts: ProviderFacts, servers: Sequence[Server]) -> Steps[ProviderEntry]:
    """Ask for the base URL of a self-hosted server; hosted providers have a fixed one."""
    if facts.name == EMBEDDED or (facts.needs_key and facts.address is not None):
        return entry
    running = next((server.address for server in servers if server.provider == facts.name), None)
    address = yield Write("base_url", f"Base URL of {facts.name}", entry.base_url or running or facts.address)
    return replace(entry, base_url=address or None)


def ask_api_key(entry: ProviderEntry, facts: ProviderFacts, variables: Mapping[str, str]) -> Steps[ProviderEntry]:
    """Ask for a key if one is needed. A key that is already in a variable is used and not copied."""
    if not facts.key:
        return entry
    known = next((name for name in facts.key if variables.get(name)), None)
    if known is not None and (yield Confirm("use_key", f"{known} is set. Use it?")):
        return replace(entry, key_from=known, key=None)
    key_hint = f" (create one at {facts.keys_url})" if facts.keys_url else ""
    needed = "" if facts.needs_key else " (empty if it needs none)"
    key = yield Hide("api_key", f"API key for {facts.name}{key_hint}{needed}")
    return replace(entry, key=key or None, key_from=None)


def ask_model(entry: ProviderEntry, facts: ProviderFacts) -> Steps[ProviderEntry]:
    """Ask for a model from the provider's list, or from the catalogue if the list is not available."""
    listed: list[str] | str = yield ListModels(entry)
    names = (
        listed
        if isinstance(listed, list)
        else [model_info.model for model_info in models_from_catalog(facts.name) if model_info.is_chat_model]
    )
    if isinstance(listed, str):
        known = " The models of the catalogue are shown instead." if names else ""
        yield Notice(f"The provider's models are not available ({listed}).{known}")
    usual = entry.model or facts.first_model or (names[0] if names else None)
    if not names and usual is None:
        model = yield Write("model", "Name of the model")
    else:
        choices = [Option(name) for name in dict.fromkeys(filter(None, (usual, *names)))]
        model = yield Choose("model", "Which model?", choices, usual, free=True)
    return replace(entry, model=model or None)


NAME = re.compile(r"[a-z][a-z0-9_]*")
FLAGS = {"provider": "--provider", "api_key": "--api-key", "base_url": "--base-url", "model": "--model"}


@dataclass(slots=True)
class PresetAnswers:
    """Answers from flags. `api_key`, `base_url` and `model` are those of the first provider."""

    providers: Sequence[str] = ()
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str | None = None
    key_home: KeyHome = "dotenv"
    keep_failing: bool = False
    new_provider: bool = False
    """Whether a provider may be unknown; its variables are named after it."""

    notices: list[str] = field(default_factory=list)
    _provider_count: int = 0

    def ask(self, question: Question) -> Answer:
        """Returns the preset answer to a question.

        Args:
            question: The question.

        Raises:
            ProviderConfigurationError: If there is no answer to it.
        """
        match question:
            case Choose(key="provider"):
                return self._next_provider()
            case Choose(key="key_home"):
                return self.key_home
            case Choose(key="failed"):
                return self._after_failure()
            case Confirm(key="more"):
                return self._provider_count < len(self.providers)
            case Confirm(key="use_key"):
                return self._flag_value("api_key") is None
            case Choose(default=default) | Write(default=default):
                return self._flag_value(question.key) or default or self._missing_flag(question.key)
            case Hide():
                return self._flag_value("api_key") or ""
            case Confirm(default=agreed):
                return agreed

    def show(self, notice: Notice) -> None:
        """Keeps a notice, to be shown with an error.

        Args:
            notice: The notice.
        """
        self.notices.append(notice.text)

    def _flag_value(self, key: str) -> str | None:
        """Return the value of a flag, which applies to the first provider only."""
        return getattr(self, key) if self._provider_count == 1 else None

    def _next_provider(self) -> str:
        if self._provider_count >= len(self.providers):
            self._missing_flag("provider")
        self._provider_count += 1
        name = self.providers[self._provider_count - 1]
        if not is_known(name) or fold_name(name) == AUTO:
            self._check_new(name)
        return name

    def _check_new(self, name: str) -> None:
        """Raise for an unknown name, which is probably misspelled, unless new providers are allowed."""
        if not self.new_provider:
            raise ProviderConfigurationError(
                f"--provider: unknown provider {name!r}.{suggestion(name)} `ai-utilities providers` lists all; "
                "--new-provider sets up a custom provider with this name."
            )
        if not NAME.fullmatch(name) or fold_name(name) == AUTO:
            raise ProviderConfigurationError(
                f"--provider: {name!r} cannot be the name of a new provider. Use small letters, digits and underscores."
            )

    def _after_failure(self) -> str:
        if self.keep_failing:
            return "keep"
        raise ProviderConfigurationError(f"{self.notices[-1]} Nothing was written. --no-test writes without a test.")

    def _missing_flag(self, key: str) -> str:
        raise ProviderConfigurationError(f"no terminal for questions. Pass {FLAGS.get(key, key)}.")
