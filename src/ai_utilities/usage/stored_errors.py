"""What ledgers, spans and logs keep of an error: what kind it was, and its message without the prompt it may quote."""

from __future__ import annotations

from collections.abc import Iterator

from dhenara.ai.error_text import texts_in, without_contents
from dhenara.ai.errors import CallError
from dhenara.ai.types import Attempt, Call

from ..telemetry.redaction import redact


def stored_text(error: BaseException, call: Call) -> str:
    """The text of an error for places where it stays.

    Args:
        error: What went wrong.
        call: The call whose texts must not be repeated.

    Returns:
        The class of the error, the status and code where it has them, and its message: shortened, without secrets,
        and without what it repeats of the call.
    """
    if not isinstance(error, CallError):
        return f"{type(error).__name__}: {shown(str(error), call)}"
    facts = [f"HTTP {error.status}"] if error.status else []
    facts += [shown(str(error.provider_code), call)] if error.provider_code else []
    data = f" [{', '.join(facts)}]" if facts else ""
    return f"{type(error).__name__}: {shown(error.message, call)}{data}"


def attempt_text(attempt: Attempt, call: Call) -> str | None:
    """The same for an attempt, which has its error as text."""
    if attempt.error is None:
        return None
    kind, colon, text = attempt.error.partition(": ")
    status = f" [HTTP {attempt.status}]" if attempt.status else ""
    return f"{kind}{colon}{shown(text, call)}{status}"


def shown(text: str, call: Call) -> str:
    return redact(without_contents(text, contents(call)))


def contents(call: Call) -> Iterator[str]:
    """The texts of a call."""
    yield from call.instructions
    for value in (*call.messages, *([call.request] if call.request is not None else [])):
        dump = getattr(value, "model_dump", None)
        yield from texts_in(dump() if dump is not None else value)
