"""`ai-utilities chat`: a conversation at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, SystemFlag, TagFlag
from .terminal_escape import show

LoadFlag = Annotated[
    Path | None, typer.Option("--load", metavar="FILE", help="Go on with a conversation that was saved.")
]


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
    """Have a conversation.

    /help lists what else can be said; Ctrl-C stops an answer, Ctrl-D ends the conversation.
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
            show(f"{repl.current_model()}. /help says what can be said; Ctrl-D ends.")
        repl.run(read_lines())
