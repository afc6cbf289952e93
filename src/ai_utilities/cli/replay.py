"""`ai-utilities replay`: a kept call, asked again, of another model perhaps."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag

CompareFlag = Annotated[bool, typer.Option("--diff", help="Show what differs from the kept answer, line by line.")]


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    call: Annotated[Path, typer.Argument(help="A file that `ask --save` wrote.", exists=True, dir_okay=False)],
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    diff: CompareFlag = False,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Ask a kept call again.

    Of another model perhaps; both tell what they used and cost.
    """
    from .clients import client_for
    from .outcome import note
    from .results import show_usage, show_warnings
    from .screen import show
    from .streams import require_output
    from .tape import load_call

    require_output()
    tape = load_call(call)
    with client_for(provider, model, env_file, tag) as client:
        result = client.ask(tape.prompt, **tape.options)
    show(differences(tape.result["text"], result.text) if diff else result.text)
    show_warnings(result)
    kept = tape.result
    tokens = kept["usage"]
    cost = "cost unknown" if kept["cost"] is None else f"${kept['cost']}"
    note(
        f"[then: {kept['provider']} {kept['model']}: {tokens['prompt_tokens']} + {tokens['completion_tokens']} tokens, "
        f"{cost}]"
    )
    show_usage(result)


def differences(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "kept", "now", lineterm="")
    return "\n".join(lines) or "no difference"
