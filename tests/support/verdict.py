"""What is read from a recorded exchange, compared with what is expected: the differences."""

from __future__ import annotations

from typing import Any

from dhenara.ai.errors import AuthenticationError, CallError, NotFoundError, RateLimitError
from support.corpus import Exchange, body_bytes, differences, head_of, read
from support.protocols import Recorded

KEYS = (
    *("text", "reasoning", "reasoning_content", "tool_calls", "server_tools", "refusal", "reasoning_signatures"),
    *("id", "model", "finish_reason", "citation_urls", "n_choices", "choices", "media"),
)
Complaints = dict[str, Any]


def misread(protocol: Recorded, exchange: Exchange) -> Complaints:
    """Expected and seen, for everything that is not the same and not argued."""
    keys = tuple(key for key in KEYS if not argued(protocol, exchange, key))
    return differences(exchange, read(protocol.load(), protocol.quirks, exchange), keys)


def argued(protocol: Recorded, exchange: Exchange, key: str) -> bool:
    return exchange["id"] in protocol.argued.get(key, ())


def miscounted(protocol: Recorded, exchange: Exchange) -> Complaints:
    expected: dict[str, int] = exchange["expected"]["usage"] or {}
    usage = read(protocol.load(), protocol.quirks, exchange).response().usage
    if not expected:
        return {} if usage is None or not usage.total_tokens else {"usage": (None, usage)}
    if usage is None:
        return {"usage": (expected, None)}
    counts = protocol.counts(usage, expected)
    return {name: (count, counts[name]) for name, count in expected.items() if counts[name] != count}


def miswarned(protocol: Recorded, exchange: Exchange) -> Complaints:
    """The caller is warned about token counts if those of the whole answer are unclear, and only then."""
    answer = read(protocol.load(), protocol.quirks, exchange).response()
    warnings = [one.message for one in answer.warnings if one.parameter == "usage"]
    return {} if bool(warnings) == bool(answer.usage.unclear) else {"warnings": (answer.usage.unclear, warnings)}


def misended(protocol: Recorded, exchange: Exchange) -> Complaints:
    """An answer is complete unless an error cut it short, and then says which."""
    draft = read(protocol.load(), protocol.quirks, exchange)
    failed = exchange["expected"].get("stream_error")
    if draft.complete != (failed is None):
        return {"complete": (failed is None, draft.complete)}
    if failed and not failed.get("nonstandard") and failed["message"] not in str(draft.error):
        return {"error": (failed["message"], str(draft.error))}
    return {}


def misjudged(protocol: Recorded, exchange: Exchange) -> Complaints:
    """An error has the kind, the status, the codes and the words that the provider gave it."""
    expected = exchange["expected"]["error"]
    error = protocol.load().error(head_of(exchange), body_bytes(exchange))
    provided = {"kind": (kind_of(exchange["status"]), type(error)), "status": (exchange["status"], error.status)}
    provided["code"] = (None if expected["code"] is None else str(expected["code"]), error.provider_code)
    provided["type"] = (expected["type"], error.provider_type)
    wrong = {
        name: pair for name, pair in provided.items() if pair[0] is not None and name != "kind" and pair[0] != pair[1]
    }
    if not isinstance(error, kind_of(exchange["status"])):
        wrong["kind"] = provided["kind"]
    if (expected["message"] or "") not in error.message:
        wrong["message"] = (expected["message"], error.message)
    return wrong


def kind_of(status: int) -> type[CallError]:
    return {401: AuthenticationError, 404: NotFoundError, 429: RateLimitError}.get(status, CallError)


def complaints(protocol: Recorded, exchange: Exchange) -> Complaints:
    """Everything that is wrong with how an exchange is read."""
    if exchange["expected"]["kind"] == "error":
        return misjudged(protocol, exchange)
    checks = (misread, miscounted, miswarned, misended)
    return {key: pair for check in checks for key, pair in check(protocol, exchange).items()}
