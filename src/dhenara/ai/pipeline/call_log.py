"""What calls write to the logger `dhenara`: requests, attempts, retries, fallbacks and learned constraints.

All of it at the level DEBUG, and without handlers nothing is written anywhere. Messages have neither keys nor contents:
errors are written without what they repeat of the request.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..catalog.learned_constraints import LearnedConstraint
from ..error_text import stored_error_text
from ..errors import CallError
from ..http.protocol.message import HttpRequest
from ..types.chat.report import Attempt
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..wire.secrets import shown_address

log = logging.getLogger("dhenara")
log.addHandler(logging.NullHandler())


def log_request(call: Call, request: HttpRequest) -> None:
    """A request is about to be sent."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s: %s %s", name_of(call.endpoint), request.method, shown_address(request.url))


def log_attempt(call: Call, attempt: Attempt, error: CallError | None) -> None:
    """An attempt has begun to answer, or failed."""
    if not log.isEnabledFor(logging.DEBUG):
        return
    outcome = "answered" if error is None else f"failed with {stored_error_text(error, call)}"
    status = f" (HTTP {attempt.status})" if error is None and attempt.status else ""
    request = f", request {attempt.request_id}" if attempt.request_id else ""
    log.debug(
        "%s: attempt %d %s%s after %.3f s%s",
        name_of(call.endpoint), attempt.number, outcome, status, attempt.seconds, request,
    )  # fmt: skip


def log_retry(call: Call, decision: float | str) -> None:
    """Whether a failed attempt is repeated: the seconds until then, or the reason why not."""
    if isinstance(decision, str):
        log.debug("%s: no retry: %s", name_of(call.endpoint), decision)
    else:
        log.debug("%s: retry in %.3f s", name_of(call.endpoint), decision)


def log_fallback(call: Call, failed: AIModelEndpoint, following: AIModelEndpoint, error: CallError) -> None:
    """Another endpoint is tried."""
    if log.isEnabledFor(logging.DEBUG):
        text = stored_error_text(error, call)
        log.debug("%s: fallback to %s after %s", name_of(failed), name_of(following), text)


def log_deployment(name: str, text: str) -> None:
    """The deployment that a call is sent to, or waits for, and why."""
    log.debug("deployment %s: %s", name, text)


def log_learned(call: Call, learned: Sequence[LearnedConstraint]) -> None:
    """A refusal taught something that later requests apply."""
    for constraint in learned:
        log.debug("%s: learned to %s the field %r", name_of(call.endpoint), constraint.action, constraint.field)


def name_of(endpoint: AIModelEndpoint) -> str:
    return f"{endpoint.api.provider} ({endpoint.ai_model.model_name})"
