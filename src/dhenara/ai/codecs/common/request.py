"""Request fields of several protocols: parameters, effort, context policies, prefill, cache markers and paths.

External values in paths are quoted so that each stays one segment. A value that is inserted unquoted can send the
request, with its API key, to any other path of the host: `..` goes up, `?` starts a query and `#` cuts off the rest.
Quoting makes all of these harmless except `.` and `..`, which have no quoted form (servers remove them from quoted
paths too: RFC 3986, section 6.2.2.3), so they are rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ...errors import ConfigurationError
from ...types.chat.message import Message
from ...types.config.api import AIModelEndpoint
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.media import CacheLifetime, Content, TextContent
from ..base import Quirks
from .plan import WarningCollector
from .response_fields import Wire

UNSET: tuple[object, ...] = ((), {})


def set_parameters(config: AIModelCallConfig, names: Iterable[str]) -> list[tuple[str, Any]]:
    """Return the parameters among these names that are set, ready for encoding."""
    fields = vars(config)
    return [
        (name, list(value) if isinstance(value, tuple) else value)
        for name in names
        if (value := fields[name]) is not None and value not in UNSET
    ]


def write_parameters(
    config: AIModelCallConfig, quirks: Quirks, warnings: WarningCollector, refused: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Encode all parameters that are set and supported; warn about the others. `refused` gives reasons for some of
    these.
    """
    written: dict[str, Any] = {}
    for parameter, value in set_parameters(config, quirks.names):
        name = quirks.wire_name(parameter)
        if name is None:
            warnings.unsupported(parameter)
        elif refused and parameter in refused:
            warnings.unsupported(parameter, refused[parameter])
        else:
            written[name] = value
    return written


# A budget up to this number of tokens counts as this effort.
BUDGETS: tuple[tuple[int, str], ...] = ((1_024, "minimal"), (4_096, "low"), (16_384, "medium"), (32_768, "high"))
BUDGET_OF = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 49_152, "max": 63_999}
DEFAULT_EFFORT = "medium"


def effort_for(config: AIModelCallConfig) -> str:
    """Return the requested effort level, converted from a budget if necessary."""
    if config.reasoning is False:
        return "none"
    if config.reasoning_effort is not None:
        return config.reasoning_effort
    if config.max_reasoning_tokens is not None:
        return effort_of(config.max_reasoning_tokens)
    return DEFAULT_EFFORT


def dialect_effort(config: AIModelCallConfig, words: Mapping[str, str], warnings: WarningCollector) -> str:
    """Return the effort in the dialect's values; the nearest one, with a warning, if it is unsupported.

    The caller handles `none`.
    """
    effort = effort_for(config)
    text = words.get(effort, effort)
    if text != effort and effort == config.reasoning_effort != "none":
        warnings.translated("reasoning_effort", f"{effort!r} is not supported; {text!r} is used")
    return text


def effort_of(budget: int) -> str:
    return next((effort for limit, effort in BUDGETS if budget <= limit), "xhigh")


def budget_for(config: AIModelCallConfig) -> int | None:
    """Return the requested budget in tokens, converted from an effort if necessary; None if not set."""
    if config.max_reasoning_tokens is not None:
        return config.max_reasoning_tokens
    return BUDGET_OF.get(config.reasoning_effort or "")


OFFERED_BY_SOME = ("compact_at", "clear_tool_results_at", "truncation")


def warn_unsupported_context(config: AIModelCallConfig, warnings: WarningCollector, *offered: str) -> None:
    """Warn about policy settings that the protocol does not support."""
    policy = config.context_policy
    if policy is not None:
        for option in OFFERED_BY_SOME:
            if option not in offered and getattr(policy, option) is not None:
                warnings.unsupported(f"context_policy.{option}", "not supported by this provider")


GO_ON = "Go on exactly where your last answer ends, without saying any of it again."


def is_prefilled(call: Call) -> bool:
    """Whether the last message is an assistant message that the model should continue (not one with pending tool
    calls).
    """
    if not call.messages or call.messages[-1].role != "assistant":
        return False
    return not any(part.type in ("tool_call", "server_tool") for part in call.messages[-1].contents)


def strip_trailing_space(call: Call) -> Call:
    """Remove white space at the end of the prefilled answer, because some providers reject it."""
    last = call.messages[-1].contents[-1:] if is_prefilled(call) else ()
    if not last or not isinstance(last[0], TextContent) or last[0].text == last[0].text.rstrip():
        return call
    *before, message = call.messages
    contents = [*message.contents[:-1], last[0].model_copy(update={"text": last[0].text.rstrip()})]
    return replace(call, messages=(*before, message.model_copy(update={"contents": contents})))


def as_continue_request(call: Call, warnings: WarningCollector) -> Call:
    """Replace the prefill by a user message that asks the model to continue."""
    warnings.translated("messages", "prefilled answers are not supported; a user message asks to continue instead")
    option = Message(role="user", contents=[TextContent(text=GO_ON)])
    return replace(call, messages=(*call.messages, option))


BREAKPOINT = "prompt_cache_breakpoint"
CONTROL = "cache_control"


def anthropic_cache_control(lifetime: CacheLifetime) -> Wire:
    """Anthropic's format: five minutes or one hour."""
    return {"type": "ephemeral", "ttl": "1h"} if lifetime == "long" else {"type": "ephemeral"}


def cache_point(lifetime: CacheLifetime) -> Wire:
    """Converse's format."""
    return {"type": "default", "ttl": "1h"} if lifetime == "long" else {"type": "default"}


def breakpoint_of(lifetime: CacheLifetime) -> Wire:
    """OpenAI's format: 30 minutes or 12 hours."""
    return {"mode": "explicit", "ttl": "12h"} if lifetime == "long" else {"mode": "explicit"}


def warn_unsupported_cache(config: AIModelCallConfig, warnings: WarningCollector, known: Iterable[str]) -> None:
    """Warn about prompt cache settings that the protocol does not support."""
    cache = config.prompt_cache
    if cache is not None:
        for option in {"key", "stored"} - set(known):
            if getattr(cache, option) is not None:
                warnings.unsupported(f"prompt_cache.{option}", "not supported by this provider")


def warn_unsupported_marks(parts: Iterable[Content], warnings: WarningCollector) -> None:
    """Warn about cache markers if the provider has no prompt cache."""
    if any(part.cache for part in parts):
        warnings.unsupported("cache", "this provider has no prompt cache")


DOT_SEGMENTS = (".", "..")
# Dot segments, also quoted ones, and characters that are invalid in a path.
UNSAFE = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)|[^!-~]|[#\\]", re.IGNORECASE)


@lru_cache(maxsize=256)
def quote_segment(value: str, safe: str = "") -> str:
    """Quote a value so that it is exactly one segment of a path.

    Args:
        value: A model name, deployment, file id or similar.
        safe: Characters that are not quoted, such as `@`.

    Returns:
        The quoted segment.

    Raises:
        ConfigurationError: If the value is empty, `.` or `..`, or cannot be encoded.
    """
    if not value or value in DOT_SEGMENTS:
        raise invalid_path(value)
    try:
        return quote(value, safe=safe)
    except UnicodeEncodeError as error:
        raise invalid_path(value) from error


def quote_path(value: str, safe: str = "") -> str:
    """Quote a resource name of several segments, such as `publishers/x/models/y`, segment by segment."""
    return "/".join(quote_segment(segment, safe) for segment in value.split("/"))


@lru_cache(256)
def check_path(path: str) -> None:
    """Check the complete path, including the parts that dialects and users add.

    Raises:
        ConfigurationError: If the path has dot segments, a fragment, or invalid characters.
    """
    if UNSAFE.search(path.partition("?")[0]) or not path.isascii() or not path.isprintable() or "#" in path:
        raise invalid_path(path)


def invalid_path(value: str) -> ConfigurationError:
    return ConfigurationError(f"{value[:200]!r} cannot be part of an API path. Check the model name or id")


def with_reasoning_room(
    call: Call, budget: int | None, warnings: WarningCollector, *, is_sent: bool
) -> AIModelCallConfig:
    """Return the config with an output limit that also covers the reasoning tokens.

    Args:
        call: The call.
        budget: Its reasoning tokens; None if it has no number.
        warnings: Collects a warning if the provider cannot limit reasoning and answer separately.
        is_sent: Whether the request has the number too, so that reasoning is limited on its own.
    """
    config, answer = call.config, call.config.max_output_tokens
    if answer is None or not budget or not config.wants_reasoning:
        return config
    total = answer + budget
    most = known_limit(call.endpoint)
    if most is not None and total > most:
        total = max(most, answer)
        warnings.clamped("max_output_tokens", both_limited(most))
    if not is_sent:
        warnings.translated(
            "max_output_tokens",
            f"one limit covers reasoning and answer, so {total} was sent: {answer} for the answer and "
            f"{total - answer} for reasoning",
        )
    return config.model_copy(update={"max_output_tokens": total})


def cap_budget(call: Call, budget: int, warnings: WarningCollector) -> int:
    """Return a budget that leaves room for the answer of a call without a limit, where the model's limit is known."""
    settings = call.endpoint.ai_model.settings
    most = settings.max_reasoning_tokens if settings else None
    if most is None or budget <= most or call.config.max_output_tokens is not None:
        return budget
    named = "reasoning_effort" if call.config.max_reasoning_tokens is None else "max_reasoning_tokens"
    warnings.clamped(named, f"{most} reasoning tokens are left beside the answer in what the model can generate")
    return most


def both_limited(most: int) -> str:
    return f"the model generates at most {most} tokens of reasoning and answer together"


def known_limit(endpoint: AIModelEndpoint) -> int | None:
    """Return the most output tokens of the model by its settings; None if unknown."""
    settings = endpoint.ai_model.settings
    return settings.max_output_tokens if settings else None
