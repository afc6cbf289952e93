"""`ai-utilities chat`: a conversation at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, SystemFlag, TagFlag
from .terminal_escape import show

LoadFlag = Annotated[Path | None, typer.Option("--load", metavar="FILE", help="Continue a saved conversation.")]


def register(app: typer.Typer) -> None:
    app.command("chat")(chat)


def chat(
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    load: LoadFlag = None,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Start an interactive chat.

    /help lists the commands; Ctrl-C stops an answer, Ctrl-D ends the chat.
    """
    from .clients import client_for
    from .repl import Repl
    from .repl_input import read_lines
    from .streams import require_output

    require_output()
    with client_for(provider, model, env_file, tag) as client:
        repl = Repl(client, system)
        if load is not None:
            show(repl.load(str(load)))
        if sys.stdin.isatty():
            show(f"{repl.current_model()}. /help lists the commands; Ctrl-D ends.")
        repl.run(read_lines())
