"""Runs a setup: asks, tests the provider with a small call, and writes the `.env` file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ..client import AiClient, create_client
from ..config import AUTO, read_dotenv
from ..config.client_settings import SettingArguments
from ..config.secrets import MASK, store_key
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver
from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from ..providers.defaults import is_reachable, server_address
from ..providers.facts import EMBEDDED, LOOPBACK, facts_of, is_known, known_providers
from .checks import call_limit, check_without_chat
from .questions import PresetAnswers, run_interview
from .steps import (
    Action,
    ActionResult,
    Answer,
    Choose,
    Confirm,
    Detect,
    Hide,
    ListModels,
    Notice,
    ProviderEntry,
    Question,
    Server,
    SetupPlan,
    Step,
    Try,
    VariableChange,
    Write,
    find_changes,
    read_text,
    write_dotenv,
)

QUESTION = "Reply with the single word: ready"


class ActionRunner:
    """Performs actions over the network. `variables` are the environment variables merged over `.env`."""

    def __init__(self, variables: Mapping[str, str], connect: Callable[..., AiClient] = create_client) -> None:
        self._variables = variables
        self._connect = connect

    def run(self, action: Action) -> ActionResult:
        match action:
            case Detect():
                return list(self._detect())
            case ListModels(entry):
                return self._models(entry)
            case Try(entry):
                return self._try(entry)

    def _detect(self) -> Iterator[Server]:
        for name in known_providers():
            facts = facts_of(name)
            address = server_address(facts, self._variables) if name != EMBEDDED else None
            if address is not None and is_reachable(address):
                yield Server(name, address)

    def _models(self, entry: ProviderEntry) -> list[str] | str:
        try:
            with self._client(entry) as client:
                return sorted(client.list_models())
        except AIUtilitiesError as error:
            return str(error)

    def _try(self, entry: ProviderEntry) -> str | None:
        facts = facts_of(entry.provider)
        limit = call_limit(facts.is_local or urlsplit(entry.base_url or "").hostname in LOOPBACK)
        try:
            with self._client(entry) as client:
                if not facts.chats:
                    return next(
                        (result.finding for result in check_without_chat(client, limit) if result.health == "failure"),
                        None,
                    )
                client.ask(QUESTION, max_tokens=16, timeout=limit, retries=0, cache=False)
        except AIUtilitiesError as error:
            return str(error)
        return None

    def _client(self, entry: ProviderEntry) -> AiClient:
        key = entry.key or (self._variables.get(entry.key_from) if entry.key_from else None)
        return self._connect(
            api_key=key,
            model=entry.model or facts_of(entry.provider).first_model or "any",
            provider=entry.provider,
            base_url=entry.base_url,
            usage_tracking=False,
            fallbacks="",  # this provider is tested, and no other
        )


class OfflineRunner:
    """Performs no action, for a setup without network requests."""

    def run(self, action: Action) -> ActionResult:
        match action:
            case Detect():
                return []
            case ListModels():
                return "no network requests are sent"
        return None


SECRET_ENDINGS = ("KEY", "TOKEN", "SECRET")


class Prompter(Protocol):
    """Answers questions: a user at a terminal, or flags."""

    def ask(self, question: Question) -> Answer: ...

    def show(self, notice: Notice) -> None: ...


class StepRunner(Protocol):
    """Performs actions."""

    def run(self, action: Action) -> ActionResult: ...


@dataclass(frozen=True, slots=True)
class SetupResult:
    """The result of a setup. `lines` contain no secrets; `backup` is a copy of the old file."""

    plan: SetupPlan
    dotenv_path: Path
    lines: tuple[str, ...]
    written: bool
    backup: Path | None = None
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Keys that were not written, to be shown to the user."""

    @property
    def provider(self) -> str:
        """The first provider."""
        return self.plan.entries[0].provider

    @property
    def model(self) -> str | None:
        """The model of the first provider; None if none is set."""
        return self.plan.entries[0].model


class SetupWizard:
    """Sets up one or several providers in a `.env` file."""

    def __init__(
        self, prompter: Prompter, dotenv_path: str | Path = ".env", *, runner: StepRunner | None = None
    ) -> None:
        self._prompter = prompter
        self._path = Path(dotenv_path)
        self._variables = {**read_dotenv(self._path), **os.environ}
        self._runner = runner or ActionRunner(self._variables)

    def run_wizard(self, *, dry_run: bool = False) -> SetupResult:
        """Ask the questions, check the resulting settings, and write them.

        Args:
            dry_run: Whether to write nothing (default False).

        Raises:
            ProviderConfigurationError: If an answer is missing, a setting is invalid, or the file cannot be written.
        """
        plan = self._run_interview()
        lines = tuple(map(format_change, find_changes(read_text(self._path), plan.values)))
        loose = plan.keys if plan.key_home == "shown" else {}
        if dry_run:
            return SetupResult(plan, self._path, lines, written=False, shown=loose)
        if plan.key_home == "keyring":
            for name, key in plan.keys.items():
                store_key(name, key)
        backup = write_dotenv(self._path, plan.values, partial(self._check, plan))
        return SetupResult(plan, self._path, lines, written=bool(lines), backup=backup, shown=loose)

    def _run_interview(self) -> SetupPlan:
        steps = run_interview(self._variables)
        answer: Answer | ActionResult = None
        try:
            while True:
                answer = self._answer_step(steps.send(answer))
        except StopIteration as done:
            plan: SetupPlan = done.value
            return plan

    def _answer_step(self, step: Step) -> Answer | ActionResult:
        match step:
            case Notice():
                self._prompter.show(step)
                return None
            case Choose() | Write() | Hide() | Confirm():
                return self._prompter.ask(step)
        return self._runner.run(step)

    def _check(self, plan: SetupPlan, new_file: Path) -> None:
        """Raise if the new file gives invalid settings, unless the user stores the key elsewhere."""
        if plan.key_home == "shown" and plan.keys:
            return
        provider = plan.entries[0].provider
        # A custom provider is registered by the program that uses it.
        given: SettingArguments = {} if is_known(provider) else {"provider": AUTO}
        try:
            ConfigurationResolver(AiSettings.from_dotenv(new_file, **given)).validate(provider)
        except AIUtilitiesError as error:
            raise ProviderConfigurationError(
                f"{self._path} was not changed, because the new settings are invalid: {error}"
            ) from error


def format_change(change: VariableChange) -> str:
    """Return one line of a diff, with secrets masked."""
    sign = "+" if change.before is None else "~"
    return f"{sign} {change.name}={MASK if change.name.endswith(SECRET_ENDINGS) else change.after}"


def run_setup_wizard(
    answers: PresetAnswers, dotenv_path: str | Path = ".env", *, dry_run: bool = False, test: bool = True
) -> SetupResult:
    """Set up providers without a terminal.

    Args:
        answers: The answers.
        dotenv_path: The file to write (default `.env`).
        dry_run: Whether to write nothing (default False).
        test: Whether to test each provider with a small call (default True).

    Returns:
        What was or would be written.

    Raises:
        ProviderConfigurationError: If an answer is missing or a provider does not work.
    """
    return SetupWizard(answers, dotenv_path, runner=None if test else OfflineRunner()).run_wizard(dry_run=dry_run)
