"""Rules of Ollama chat: any roles in any order, but strict types."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

LEVELS = ("high", "medium", "low", "max")
NUMBERS = ("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
WHOLE = ("num_ctx", "num_predict", "num_keep", "seed", "top_k", "repeat_last_n", "num_gpu", "num_batch", "num_thread")
Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    if not body.get("model"):
        yield "model is required"
    for message in body.get("messages") or ():
        yield from item_violations(message)
    think = body.get("think")
    if isinstance(think, str) and think not in LEVELS:
        yield f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)'
    shape = body.get("format")
    if shape not in (None, "", "json") and not isinstance(shape, dict):
        yield f'invalid format: "{shape}"; expected "json" or a valid JSON Schema object'
    yield from option_type_violations(body.get("options") or {})


def item_violations(message: Wire) -> Iterator[str]:
    for name in ("role", "content", "thinking", "tool_name", "tool_call_id"):
        if not isinstance(message.get(name) or "", str):
            yield f"json: cannot unmarshal {name} into Go struct field ChatRequest.messages.{name} of type string"
    for call in message.get("tool_calls") or ():
        if not isinstance(call["function"].get("arguments"), dict):
            yield "json: cannot unmarshal arguments into Go struct field .function.arguments of type map"
    for image in message.get("images") or ():
        try:
            base64.b64decode(image, validate=True)
        except binascii.Error:
            yield "illegal base64 data at input byte 4"


def option_type_violations(options: Wire) -> Iterator[str]:
    """Check the types of known options; unknown ones are ignored."""
    for name, value in options.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in NUMBERS and not number:
            yield f'option "{name}" must be of type float32'
        if name in WHOLE and not number:
            yield f'option "{name}" must be of type integer'
        if name == "stop" and not isinstance(value, list):
            yield 'option "stop" must be of type array'
