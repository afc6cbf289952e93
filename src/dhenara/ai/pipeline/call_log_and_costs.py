"""What is kept of a call: log lines, files for debugging, the cost of its response, and sums of usage and cost."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from .. import catalog
from ..catalog.learned_constraints import LearnedConstraint, stored_error_text
from ..errors import CallError, DhenaraError
from ..http.protocol.message import HttpRequest
from ..output_files import owner_only
from ..providers.target import ResolvedTarget
from ..types.chat.cost import Cost
from ..types.chat.report import Attempt
from ..types.chat.response import ChatResponse
from ..types.chat.usage import COUNTS, Usage
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.config.call_policies import ArtifactConfig
from ..wire.secrets import conceal_provider_options, mask, shown_address
from .middleware import Encoder, Send
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


def cost_function(target: ResolvedTarget, call: Call, at: float) -> Callable[[ChatResponse], Cost]:
    """Return a function that prices a response of this call at the time `at`."""
    endpoint, requested_tier = call.endpoint, call.config.service_tier

    def compute_cost(answer: ChatResponse) -> Cost:
        return catalog.price_usage(
            endpoint,
            answer.usage,
            served=answer.model,
            service_tier=answer.extras.get("service_tier") or tier_of(answer) or requested_tier,
            at=datetime.fromtimestamp(at, UTC),
            base_url=target.base_url,
        )

    return compute_cost


def tier_of(answer: ChatResponse) -> str | None:
    """Return the service tier; Anthropic and Google report it in the usage, Bedrock next to it."""
    counts, other = answer.usage.raw, answer.extras.get("serviceTier")
    known = (
        counts.get("service_tier"),
        counts.get("serviceTier"),
        other.get("type") if isinstance(other, dict) else other,
    )
    return next((tier for tier in known if isinstance(tier, str) and tier), None)


def total_usage(usages: Iterable[Usage]) -> Usage:
    """Return the sum of the known usages; unknown if there are some, but none is known."""
    given = list(usages)
    known = [usage for usage in given if usage.known]
    if given and not known:
        return Usage.unknown()
    requests: dict[str, int] = {}
    for usage in known:
        for name, count in usage.server_tool_requests.items():
            requests[name] = requests.get(name, 0) + count
    reported = [usage.reported_cost for usage in known if usage.reported_cost is not None]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    cost = sum(reported) if reported else None
    return Usage(server_tool_requests=requests, reported_cost=cost, **counts, **added_units(known))


def total_cost(costs: Iterable[Cost]) -> Cost:
    given = list(costs)
    known = [cost for cost in given if cost.amount is not None]
    currencies = {cost.currency for cost in known}
    if len(known) < len(given):
        return Cost(reason=f"{len(given) - len(known)} of {len(given)} responses have no known price")
    if len(currencies) > 1:
        return Cost(reason=f"the responses are priced in {' and '.join(sorted(currencies))}")
    components: dict[str, Decimal] = {}
    for cost in known:
        for name, amount in cost.components.items():
            components[name] = components.get(name, Decimal(0)) + amount
    amount = sum((cost.amount or Decimal(0) for cost in known), Decimal(0))
    return Cost(amount=amount, currency=next(iter(currencies), "USD"), components=components)


T = TypeVar("T")
N = TypeVar("N", int, float, Decimal)


def add_usages(usages: Sequence[Usage]) -> Usage:
    """Return the sum of the known usages; unknown if none is known."""
    known = [usage for usage in usages if usage.known]
    if not known:
        return Usage.unknown()
    costs = [usage.reported_cost for usage in known]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    return Usage(
        **counts,
        **added_units(known),
        server_tool_requests=sum_tables([usage.server_tool_requests for usage in known], 0),
        reported_cost=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def added_units(usages: Sequence[Usage]) -> dict[str, Any]:
    """Return the units of all usages, and the options that all of them share."""
    options = usages[0].options if usages else {}
    shared = {name: value for name, value in options.items() if all(one.options.get(name) == value for one in usages)}
    return {
        "units": sum_tables([usage.units for usage in usages], 0.0),
        "counted": tuple(unique(unit for usage in usages for unit in usage.counted)),
        "options": shared,
        "unclear": tuple(unique(name for usage in usages for name in usage.unclear)),
    }


def add_costs(costs: Sequence[Cost]) -> Cost:
    """Return the sum; unknown if any part is unknown."""
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    if not amounts:
        return costs[0] if costs else Cost(reason="there is no response")
    if len(amounts) < len(costs):
        return costs[0].model_copy(
            update={"amount": None, "components": {}, "reason": "the cost of one of the requests is unknown"}
        )
    components = sum_tables([cost.components for cost in costs], Decimal(0))
    total = sum(amounts, Decimal(0))
    # A cached response has cost 0 and does not name the prices used for the rest.
    paid = next((cost for cost in costs if cost.amount), costs[0])
    return paid.model_copy(update={"amount": total, "components": components})


def sum_tables(tables: Sequence[Mapping[str, N]], zero: N) -> dict[str, N]:
    """Add the tables entry by entry."""
    names = unique(name for table in tables for name in table)
    return {name: sum((table.get(name, zero) for table in tables), zero) for name in names}


def unique(items: Iterable[T]) -> list[T]:
    result: list[T] = []
    for one in items:
        if one not in result:
            result.append(one)
    return result
