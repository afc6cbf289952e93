"""Reasoning: its parameters in a request, its fields in a response, and how it is sent back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...types.config.call import AIModelCallConfig, Call
from ...types.content.parts import ContentItem, ReasoningContent
from ..common.plan import WarningCollector, is_own_part
from ..common.request import dialect_effort, with_reasoning_room
from ..common.response_fields import Wire, read_text
from ..quirks import PROTOCOL, ChatQuirks

Written = dict[str, Any]


def write_reasoning(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    """Encode the reasoning settings, if any were set."""
    return WRITERS[quirks.reasoning_in](config, quirks, warnings)


def limit_reasoning(call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> AIModelCallConfig:
    """Return the config with an output limit that covers reasoning too, where the API has one limit for both."""
    if quirks.reasoning_in == "none" or quirks.limits_answer_only:
        return call.config
    is_sent = quirks.reasoning_in == "reasoning" and call.config.reasoning_effort is None
    return with_reasoning_room(call, call.config.max_reasoning_tokens, warnings, is_sent=is_sent)


def write_effort(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if not config.wants_reasoning and "none" not in quirks.efforts and config.reasoning_effort is None:
        # Most models do not reason by default and reject even "none".
        return {}
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "the budget is converted to an effort level")
    return {"reasoning_effort": dialect_effort(config, quirks.efforts, warnings)}


def write_reasoning_object(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if not config.wants_reasoning:
        return {"reasoning": {"enabled": False}}
    if config.max_reasoning_tokens is not None and config.reasoning_effort is None:
        return {"reasoning": {"max_tokens": config.max_reasoning_tokens}}
    if config.reasoning_effort is None:
        return {"reasoning": {"enabled": True}}
    return {"reasoning": {"effort": dialect_effort(config, quirks.efforts, warnings)}}


def write_thinking(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning budgets are not supported")
    if not config.wants_reasoning:
        return {"thinking": {"type": "disabled"}}
    written: Written = {"thinking": {"type": "enabled"}}
    if config.reasoning_effort is not None and quirks.reasoning_in == "thinking_effort":
        written["reasoning_effort"] = dialect_effort(config, quirks.efforts, warnings)
    elif config.reasoning_effort is not None:
        warnings.unsupported("reasoning_effort", "reasoning can only be turned on or off")
    return written


def write_switch(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    written: Written = {"enable_thinking": bool(config.wants_reasoning)}
    if config.max_reasoning_tokens is not None:
        written["thinking_budget"] = config.max_reasoning_tokens
    if config.reasoning_effort not in (None, "none"):
        warnings.translated("reasoning_effort", "reasoning can only be turned on or off")
    return written


def write_template(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    """Encode the switch of the chat template; templates without it ignore the field."""
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning budgets are not supported")
    written: Written = {"chat_template_kwargs": {"enable_thinking": bool(config.wants_reasoning)}}
    if config.wants_reasoning and config.reasoning_effort is not None:
        written["reasoning_effort"] = dialect_effort(config, quirks.efforts, warnings)
    return written


def write_nothing(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if config.wants_reasoning:
        warnings.unsupported("reasoning")
    return {}


WRITERS: dict[str, Callable[[AIModelCallConfig, ChatQuirks, WarningCollector], Written]] = {
    "effort": write_effort,
    "reasoning": write_reasoning_object,
    "thinking": write_thinking,
    "thinking_effort": write_thinking,
    "enable_thinking": write_switch,
    "template": write_template,
    "none": write_nothing,
}


JOINED = ("text", "summary", "data")


class ReasoningDetails:
    """Keeps all details in order, so that they can be sent back unchanged."""

    __slots__ = ("_order", "_result")

    def __init__(self) -> None:
        self._result: dict[tuple[str, str], dict[str, Any]] = {}
        self._order = 0

    def __bool__(self) -> bool:
        return bool(self._result)

    def add(self, details: Iterable[Any]) -> None:
        for detail in details:
            if isinstance(detail, dict):
                self._add(detail)

    def _add(self, detail: dict[str, Any]) -> None:
        key = (str(detail.get("type")), str(detail.get("index", self._order)))
        self._order += "index" not in detail
        known = self._result.setdefault(key, {})
        for name, value in detail.items():
            if name in JOINED and isinstance(value, str) and isinstance(known.get(name), str):
                known[name] += value
            elif value is not None or name not in known:
                known[name] = value

    def text_of(self, details: Iterable[Any]) -> str:
        """Return the readable text of these fragments."""
        return "".join(
            read_text(detail, "text") or read_text(detail, "summary") for detail in details if isinstance(detail, dict)
        )

    def signature(self) -> str | None:
        """The last signature or encrypted block; its presence shows that the reasoning is signed."""
        sealed = [d.get("signature") or d.get("data") for d in self._result.values()]
        return next((str(seal) for seal in reversed(sealed) if seal), None)

    def all(self) -> list[dict[str, Any]]:
        return list(self._result.values())


WORDS = ("text", "content", "thinking", "summary", "reasoning")


def find_reasoning(message: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the first field that is not empty; providers repeat the same text in two of them."""
    for name in names:
        data = message.get(name)
        if data and (thought := data if isinstance(data, str) else reasoning_text(data)):
            return thought
    return ""


def reasoning_text(data: Any) -> str:
    """Return the text of a reasoning value."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "".join(reasoning_text(one) for one in data)
    if isinstance(data, dict):
        return next((text for name in WORDS if (text := reasoning_text(data.get(name)))), "")
    return ""


def replay_reasoning(
    contents: Sequence[ContentItem], wire: Wire, call: Call, quirks: ChatQuirks, warnings: WarningCollector
) -> None:
    """Send reasoning back to its origin, if the dialect expects it."""
    thoughts = [part for part in contents if isinstance(part, ReasoningContent)]
    if not all(is_own_part(part, call, PROTOCOL) for part in thoughts):
        warnings.dropped("the reasoning of another provider", "it belongs to its origin", thoughts)
        thoughts = []
    before = dict(wire)
    text = "".join(part.get_text() for part in thoughts)
    match quirks.reasoning_replay:
        case "tool_turns" if "tool_calls" in wire:
            # The dialect requires the field even for an answer without reasoning.
            wire[quirks.reasoning_replay_field] = text
        case "field" if thoughts:
            wire[quirks.reasoning_replay_field] = text
        case "details":
            details = [detail for part in thoughts for detail in part.extras.get("reasoning_details", ())]
            wire.update({"reasoning_details": details} if details else {})
        case "chunks" if text:
            options = [{"type": "text", "text": wire["content"]}] if wire.get("content") else []
            signed = {"signature": seal} if (seal := thoughts[-1].signature) else {}
            wire["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": text}], **signed}, *options]
        case "tags" if text:
            thinking = text.strip("\n")
            wire["content"] = f"<think>\n{thinking}\n</think>\n\n{wire.get('content') or ''}"
    if wire == before:
        for part in thoughts:
            warnings.omit_silently(part, "its provider does not accept it")
