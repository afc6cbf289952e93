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
from .answers import Given
from .dotenv_file import Change, changes, read_text, write_dotenv
from .errands import Offline, World
from .interview import interview
from .plan import SetupPlan
from .steps import Choose, Confirm, Errand, Hide, Question, Tell, Write

SECRET_ENDINGS = ("KEY", "TOKEN", "SECRET")


class Face(Protocol):
    """Who answers: a person at a terminal, or flags."""

    def ask(self, question: Question) -> Any: ...

    def tell(self, said: Tell) -> None: ...


class Runner(Protocol):
    """Who does errands."""

    def run(self, errand: Errand) -> Any: ...


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

    def __init__(self, face: Face, dotenv_path: str | Path = ".env", *, runner: Runner | None = None) -> None:
        self._face = face
        self._path = Path(dotenv_path)
        self._variables = {**read_dotenv(self._path), **os.environ}
        self._runner = runner or World(self._variables)

    def run_wizard(self, *, dry_run: bool = False) -> SetupResult:
        """Asks, checks that what would be written works, and writes it unless it is a dry run."""
        plan = self._interviewed()
        lines = tuple(map(shown, changes(read_text(self._path), plan.values)))
        loose = plan.keys if plan.key_home == "shown" else {}
        if dry_run:
            return SetupResult(plan, self._path, lines, written=False, shown=loose)
        if plan.key_home == "keyring":
            from ..config_keyring import keep

            for name, key in plan.keys.items():
                keep(name, key)
        backup = write_dotenv(self._path, plan.values, partial(self._check, plan))
        return SetupResult(plan, self._path, lines, written=bool(lines), backup=backup, shown=loose)

    def _interviewed(self) -> SetupPlan:
        steps = interview(self._variables)
        answer: Any = None
        try:
            while True:
                answer = self._answered(steps.send(answer))
        except StopIteration as done:
            plan: SetupPlan = done.value
            return plan

    def _answered(self, step: Any) -> Any:
        match step:
            case Tell():
                return self._face.tell(step)
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


def shown(change: Change) -> str:
    """One line of a diff, secrets masked."""
    sign = "+" if change.before is None else "~"
    return f"{sign} {change.name}={MASK if change.name.endswith(SECRET_ENDINGS) else change.after}"


def run_setup_wizard(
    given: Given, dotenv_path: str | Path = ".env", *, dry_run: bool = False, test: bool = True
) -> SetupResult:
    """Sets up without a person: from what is given, or with an error that names what is missing."""
    return SetupWizard(given, dotenv_path, runner=None if test else Offline()).run_wizard(dry_run=dry_run)
