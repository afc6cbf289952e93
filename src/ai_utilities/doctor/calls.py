"""One real tiny request: whether the key is accepted and the model there, how fast, and what is left of the limits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from ..client import AiClient
from ..exceptions import (
    AIUtilitiesError,
    AuthenticationError,
    CallTimeoutError,
    NotFoundError,
    PermissionDeniedError,
    ProviderRateLimitError,
    QuotaError,
)
from ..results import AskResult
from .check_result import CheckResult, failed, passed, warning

QUESTION = "Reply with the single word: ready"
HOSTED = 60.0
LOCAL = 600.0
"""Seconds for one tiny answer. A model on this machine may have to be loaded first, and a slow or busy machine takes
minutes for what others do in a second."""

SKEW = 60.0
"""Signatures and tokens are refused when clocks differ by minutes."""


def call_limit(is_local: bool, text: float | None = None) -> float:
    """How long the request may take.

    Args:
        is_local: Whether the model runs on this machine.
        said: The user's own limit in seconds, which holds.
    """
    return text if text is not None else LOCAL if is_local else HOSTED


def check_call(client: AiClient, limit: float = HOSTED) -> Iterator[CheckResult]:
    try:
        result = client.ask(QUESTION, max_tokens=16, timeout=limit, retries=0, cache=False)
    except CallTimeoutError as error:
        yield failed("call", str(error), f"a slow machine may need more than {limit:g} s: --timeout sets the limit")
        return
    except AIUtilitiesError as error:
        yield finding_for_error(error)
        return
    yield passed("key and model", f"{result.provider} answers as {result.model}")
    yield from check_speed(result)
    headers = result.response.response_headers if result.response is not None else {}
    yield from check_clock(headers)
    yield from check_limits(headers)


def finding_for_error(error: AIUtilitiesError) -> CheckResult:
    """Which part of the call is ill; the error itself says what to do."""
    match error:
        case AuthenticationError() | PermissionDeniedError():
            return failed("key", str(error))
        case NotFoundError():
            return failed("model", str(error), "`ai-utilities models` lists what there is")
        case QuotaError() | ProviderRateLimitError():
            return warning("limits", str(error))
    return failed("call", str(error))


def check_speed(result: AskResult) -> Iterator[CheckResult]:
    if result.duration_s is not None:
        yield passed("latency", f"{result.duration_s * 1000:.0f} ms for {result.usage.completion_tokens} tokens")


def check_clock(headers: Mapping[str, str]) -> Iterator[CheckResult]:
    try:
        theirs = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return
    skew = time.time() - theirs
    if abs(skew) > SKEW:
        yield warning("clock", f"this clock is {skew:+.0f} s off the provider's", "let the system set its clock")
    else:
        yield passed("clock", f"within {abs(skew):.0f} s of the provider's")


def check_limits(headers: Mapping[str, str]) -> Iterator[CheckResult]:
    """Providers tell what is left in headers of similar names."""
    left = {name: value for name, value in headers.items() if "ratelimit" in name and "remaining" in name}
    if left:
        text = ", ".join(f"{name.rsplit('remaining', 1)[-1].strip('-') or 'requests'} {v}" for name, v in left.items())
        yield passed("limits", f"left: {text}")
