"""What is kept of a call: log lines, texts of errors without those of the request, and files for debugging."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..catalog.learned_constraints import LearnedConstraint
from ..errors import CallError, DhenaraError
from ..http.protocol.message import HttpRequest
from ..output_files import owner_only
from ..types.chat.report import Attempt
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.config.call_policies import ArtifactConfig
from ..wire.secrets import conceal_provider_options, mask, shown_address
from ..wire.text import texts_in, without_contents
from .middleware import Encoder, Send, missing_stream
from .streaming.stream import Stream

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


async def record_call(call: Call, send: Send, encoder: Encoder, config: ArtifactConfig) -> Stream:
    """Send the call, and write what was sent and what arrived."""
    folder = Path(str(config.artifact_root)).expanduser().joinpath(config.prefix or "", "dai")
    if config.capture_dhenara_request:
        write_file(folder / "dai_request.json", call_facts(call))
    if config.capture_provider_request:
        write_file(folder / "dai_provider_request.json", await request_body(call, encoder))
    stream = await send(call)
    if stream is None:
        raise missing_stream(send, stream)

    async def write_response(ended: Stream) -> None:
        answer = ended.partial()
        body = answer.extras.get("provider_response")
        if config.capture_provider_response and body is not None:
            write_file(folder / "dai_provider_response.json", body)
        if config.capture_dhenara_response:
            whole = ended.result() or answer
            shown = whole.model_dump(mode="json", exclude_none=True)
            shown.get("extras", {}).pop("provider_response", None)
            write_file(folder / "dai_response.json", shown)

    stream.on_end(write_response)
    return stream


def call_facts(call: Call) -> dict[str, Any]:
    """Return the call as it was made, without credentials."""
    return {
        "provider": str(call.endpoint.api.provider),
        "model": call.endpoint.ai_model.model_name,
        "operation": call.operation,
        "instructions": list(call.instructions),
        "messages": [message.model_dump(mode="json", exclude_defaults=True) for message in call.messages],
        "config": call.config.model_dump(mode="json", exclude_unset=True),
    }


async def request_body(call: Call, encoder: Encoder) -> Mapping[str, Any]:
    """Return the body that is sent, with its secrets masked; sending raises the error of one that cannot be encoded."""
    try:
        exchange = await encoder.exchange(call)
    except DhenaraError as error:
        return {"error": str(error)}
    masked: Mapping[str, Any] = mask(conceal_provider_options(dict(exchange.body)))
    return masked


def write_file(path: Path, content: object) -> None:
    """Write a JSON file; a file that cannot be written is logged, because the call matters more."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
        with open(path, "w", encoding="utf-8", opener=owner_only) as file:
            file.write(text)
    except (OSError, ValueError, TypeError) as error:
        log.warning("the artifact %s was not written: %s", path, type(error).__name__)


def call_texts(call: Call) -> Iterator[str]:
    """Every text of a call that an error may repeat: instructions, messages, inputs of operations, stop sequences and
    provider-specific parameters.
    """
    config = call.config
    yield from call.instructions
    for value in (*call.messages, *([call.request] if call.request is not None else [])):
        yield from texts_in(value.model_dump())
    yield from texts_in([config.stop, config.options, call.endpoint.ai_model.parameters])


def stored_error_text(error: BaseException, call: Call) -> str:
    """The text of an error for places where it stays, such as logs and ledgers.

    Args:
        error: What went wrong.
        call: The call whose texts must not be repeated.

    Returns:
        The class of the error, the status and code where it has them, and its message: shortened, and without what it
        repeats of the call.
    """
    texts = tuple(call_texts(call))
    if not isinstance(error, CallError):
        return f"{type(error).__name__}: {without_contents(str(error), texts)}"
    facts = [f"HTTP {error.status}"] if error.status else []
    facts += [without_contents(str(error.provider_code), texts)] if error.provider_code else []
    data = f" [{', '.join(facts)}]" if facts else ""
    return f"{type(error).__name__}: {without_contents(error.message, texts)}{data}"
