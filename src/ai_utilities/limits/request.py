"""What a call asks of its account, under which names, and how a refusal is said."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from dhenara.ai import Target

from .limit import WORDS, Limit

LEASE = 900.0
"""Seconds after which a call that never ended no longer counts as running: its process has died."""
TO_SPARE = 5.0
"""Seconds more than a call may take, for whoever ends it late."""


def build_request(
    limits: Sequence[Limit], model: str, tokens: int, *, headers: bool, left: float | None = None
) -> dict[str, Any]:
    """What one call to this model needs to be granted; `live` is what only the provider knows the limits of.

    `left`: how many seconds the call may take, where it has a deadline. One that never ends blocks its place no longer.
    """
    return {
        "ticket": uuid.uuid4().hex,
        "lease": LEASE if left is None else min(LEASE, max(0.0, left) + TO_SPARE),
        "wants": [
            {
                "bucket": f"{limit.counter_name(model)}|{kind}|{window:g}|{most}",
                "kind": kind,
                "limit": most,
                "window": window,
                "amount": 1 if kind == "requests" else min(tokens, most),
            }
            for limit in limits
            for kind, most, window in limit.windows()
        ],
        "live": [
            {"bucket": live_name(model, kind), "kind": kind, "amount": amount}
            for kind, amount in (("requests", 1), ("tokens", tokens))
            if headers
        ],
        "lanes": [
            {"lane": f"{limit.counter_name(model)}|concurrency||{limit.concurrency}", "limit": limit.concurrency}
            for limit in limits
            if limit.concurrency is not None
        ],
    }


def live_name(model: str, kind: str) -> str:
    return f"{model}|{kind}||live"


def describe_limit(why: str) -> str:
    """Which limit it was, from the name of its bucket."""
    if why == "paused":
        return "the provider asked for a pause"
    whose, kind, window, most = why.rsplit("|", 3)
    if most == "live":
        return f"the provider says that the {kind} of {whose} are used up for now"
    if kind == "concurrency":
        return f"{most} calls to {whose} are running, which is the limit"
    return f"the limit of {most} {kind} per {WORDS.get(float(window), f'{window} s')} for {whose} is used up"


def account_name(target: Target) -> str:
    """Provider and a hash of address and key: keys do not share limits, and are never kept."""
    text = json.dumps([target.base_url, target.account])
    digest = hashlib.blake2b(text.encode(), digest_size=12, person=b"dhenara-limits").hexdigest()
    return f"{target.origin.provider}:{digest}"
