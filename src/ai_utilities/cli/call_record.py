"""Saves a call to a file and loads it: prompt, options and result, without keys and addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dhenara.ai.dataclass import dataclass

from ..exceptions import ProviderConfigurationError
from ..results import AskResult
from .results import to_json

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
