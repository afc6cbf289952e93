"""`ai-utilities replay`: send a saved call again."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag

CompareFlag = Annotated[bool, typer.Option("--diff", help="Show a line diff against the saved answer.")]


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
    """Send a saved call again, also to another model.

    Shows usage and cost of both calls.
    """
    from .call_record import load_call
    from .clients import client_for
    from .exit_codes import print_note
    from .results import show_usage, show_warnings
    from .streams import require_output
    from .terminal_escape import show

    require_output()
    record = load_call(call)
    with client_for(provider, model, env_file, tag) as client:
        result = client.ask(record.prompt, **record.options)
    show(diff_text(record.result["text"], result.text) if diff else result.text)
    show_warnings(result)
    stored = record.result
    tokens = stored["usage"]
    cost = "cost unknown" if stored["cost"] is None else f"${stored['cost']}"
    print_note(
        f"[then: {stored['provider']} {stored['model']}: {tokens['prompt_tokens']} + {tokens['completion_tokens']} "
        f"tokens, {cost}]"
    )
    show_usage(result)


def diff_text(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "saved", "now", lineterm="")
    return "\n".join(lines) or "no difference"
