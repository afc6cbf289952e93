"""The wizard: leads through the interview, shows what will change, writes it down, and proves that it works."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from dhenara.ai.dataclass import dataclass

from ..config_models import AiSettings
from ..config_origins import read_dotenv
from ..config_resolver import ConfigurationResolver
from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from ..secret import MASK
from .actions import ActionRunner, OfflineRunner
from .answers import PresetAnswers
from .dotenv_file import VariableChange, find_changes, read_text, write_dotenv
from .plan import SetupPlan
from .questions import run_interview
from .steps import Choose, Confirm, Errand, Hide, Notice, Question, Write

SECRET_ENDINGS = ("KEY", "TOKEN", "SECRET")


class Prompter(Protocol):
    """Who answers: a person at a terminal, or flags."""

    def ask(self, question: Question) -> Any: ...

    def show(self, text: Notice) -> None: ...


class StepRunner(Protocol):
    """Who does errands."""

    def run(self, action: Errand) -> Any: ...


@dataclass(frozen=True, slots=True)
class SetupResult:
    """What was set up. `backup` is a copy of the file as it was; `lines` are safe to show."""

    plan: SetupPlan
    dotenv_path: Path
    lines: tuple[str, ...]
    written: bool
    backup: Path | None = None
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Keys that were written nowhere, for whoever puts them where they belong."""

    @property
    def provider(self) -> str:
        return self.plan.entries[0].provider

    @property
    def model(self) -> str | None:
        return self.plan.entries[0].model


class SetupWizard:
    """Sets up one or several providers in a `.env` file."""

    def __init__(self, face: Prompter, dotenv_path: str | Path = ".env", *, runner: StepRunner | None = None) -> None:
        self._face = face
        self._path = Path(dotenv_path)
        self._variables = {**read_dotenv(self._path), **os.environ}
        self._runner = runner or ActionRunner(self._variables)

    def run_wizard(self, *, dry_run: bool = False) -> SetupResult:
        """Asks, checks that what would be written works, and writes it unless it is a dry run."""
        plan = self._run_interview()
        lines = tuple(map(format_change, find_changes(read_text(self._path), plan.values)))
        loose = plan.keys if plan.key_home == "shown" else {}
        if dry_run:
            return SetupResult(plan, self._path, lines, written=False, shown=loose)
        if plan.key_home == "keyring":
            from ..config_keyring import store_key

            for name, key in plan.keys.items():
                store_key(name, key)
        backup = write_dotenv(self._path, plan.values, partial(self._check, plan))
        return SetupResult(plan, self._path, lines, written=bool(lines), backup=backup, shown=loose)

    def _run_interview(self) -> SetupPlan:
        steps = run_interview(self._variables)
        answer: Any = None
        try:
            while True:
                answer = self._answer_step(steps.send(answer))
        except StopIteration as done:
            plan: SetupPlan = done.value
            return plan

    def _answer_step(self, step: Any) -> Any:
        match step:
            case Notice():
                return self._face.show(step)
            case Choose() | Write() | Hide() | Confirm():
                return self._face.ask(step)
        return self._runner.run(step)

    def _check(self, plan: SetupPlan, made: Path) -> None:
        """The file must load into settings that work, unless the key is to be put somewhere by the user."""
        if plan.key_home == "shown" and plan.keys:
            return
        try:
            ConfigurationResolver(AiSettings.from_dotenv(made)).validate(plan.entries[0].provider)
        except AIUtilitiesError as error:
            raise ProviderConfigurationError(
                f"{self._path} is left as it was, for it would not work: {error}"
            ) from error


def format_change(change: VariableChange) -> str:
    """One line of a diff, secrets masked."""
    sign = "+" if change.before is None else "~"
    return f"{sign} {change.name}={MASK if change.name.endswith(SECRET_ENDINGS) else change.after}"


def run_setup_wizard(
    given: PresetAnswers, dotenv_path: str | Path = ".env", *, dry_run: bool = False, test: bool = True
) -> SetupResult:
    """Sets up without a person: from what is given, or with an error that names what is missing."""
    return SetupWizard(given, dotenv_path, runner=None if test else OfflineRunner()).run_wizard(dry_run=dry_run)
