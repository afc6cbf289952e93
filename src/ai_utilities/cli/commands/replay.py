"""`ai-utilities replay`: prints recorded calls again; and the recording of calls to a file."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ...exceptions import ProviderConfigurationError
from ...results import AskResult
from ..flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag
from ..output import to_json

CompareFlag = Annotated[bool, typer.Option("--diff", help="Show a line diff against the saved answer.")]


def register_replay(app: typer.Typer) -> None:
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
    from ..clients import client_for
    from ..exit_codes import print_note
    from ..output import show_usage, show_warnings
    from ..streams import require_output, show

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


FORMAT = 1


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One saved call."""

    prompt: str
    options: dict[str, Any]
    result: dict[str, Any]


def save_call(path: Path, prompt: str, options: dict[str, Any], result: AskResult) -> None:
    stored = {"format": FORMAT, "prompt": prompt, "options": options, "result": to_json(result)}
    path.write_text(json.dumps(stored, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def load_call(path: Path) -> CallRecord:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            raise ProviderConfigurationError(f"{path} has format {stored['format']}; this version reads {FORMAT}")
        return CallRecord(stored["prompt"], stored["options"], stored["result"])
    except KeyError as error:
        raise ProviderConfigurationError(f"{path} was not written by `ask --save`: it has no {error}") from error
    except (ValueError, TypeError) as error:
        raise ProviderConfigurationError(f"{path} was not written by `ask --save`: {error}") from error
