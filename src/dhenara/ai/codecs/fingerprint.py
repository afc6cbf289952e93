"""Fingerprints of encoded requests of any protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ..types.fingerprint import Fingerprint, FingerprintPart
from ..wire import json
from .prefix import without_cache_marks

Wire = dict[str, Any]
SYSTEM = ("system", "systemInstruction", "instructions")
TURNS = ("messages", "contents", "input")
THINKING = ("thinking", "reasoning", "reasoning_effort", "output_config")
LENGTH = 16


def fingerprint_of(body: Wire) -> Fingerprint:
    """Hash model and reasoning settings first, because they separate caches; then tools, instructions and turns."""
    return Fingerprint(parts=[FingerprintPart(name=name, digest=digest(value)) for name, value in request_parts(body)])


def request_parts(body: Wire) -> Iterator[tuple[str, Any]]:
    yield "model", body.get("model")
    yield from ((name, body[name]) for name in THINKING if name in body)
    tools = body.get("tools") or (body.get("toolConfig") or {}).get("tools") or ()
    yield from ((f"tools[{number}]", tool) for number, tool in enumerate(tools))
    yield from (("instructions", body[name]) for name in SYSTEM if name in body)
    turns = next((body[name] for name in TURNS if isinstance(body.get(name), list)), ())
    yield from ((f"turns[{number}]", turn) for number, turn in enumerate(turns))


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(without_cache_marks(value))).hexdigest()[:LENGTH]
