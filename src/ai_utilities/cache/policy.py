"""When to cache: by the client's policy, or as one stretch of the program wants it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from typing import Literal

from dhenara.ai.dataclass import dataclass, replace
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import Call, ServerTool

Policy = Literal["deterministic", "always", "never", "refresh"]
POLICIES = ("deterministic", "always", "never", "refresh")


EXACT = ("embed", "rerank", "moderate", "ocr", "transcribe", "count_tokens")
"""Operations that give the same answer to the same question."""

MADE = ("image", "speak")
"""Those that make something large and mostly new: kept only where the call, or the stretch around it, says so."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How one call wants to be cached. `refresh` asks again and keeps the new answer."""

    policy: Policy = "deterministic"
    namespace: str = "default"
    ttl: float | None = None
    lease: float = 60.0
    share_accounts: bool = False
    """Whether calls with different credentials share entries. Addresses, headers and cookies always separate them."""

    explicit: bool = False
    """Whether this stretch of the program says so itself, rather than the client."""

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise ConfigurationError(f"there is no cache policy {self.policy!r}; there are {', '.join(POLICIES)}")
        if not self.namespace or ":" in self.namespace:
            raise ConfigurationError(f"a cache namespace is a name without a colon, not {self.namespace!r}")

    def applies_to(self, call: Call) -> bool:
        """Whether this call is looked up and kept."""
        if call.operation in EXACT:
            return self.policy != "never"
        if call.operation in MADE:
            return self.explicit and self.policy in ("always", "refresh")
        if call.operation != "chat":
            return False
        return self.policy in ("always", "refresh") or (self.policy == "deterministic" and is_deterministic(call))


@dataclass(frozen=True, slots=True)
class PolicyOverride:
    """What a stretch of the program wants otherwise; None leaves it to the client."""

    policy: Policy | None = None
    namespace: str | None = None
    ttl: float | None = None
    lease: float | None = None
    share_accounts: bool | None = None


FIELDS = tuple(field.name for field in fields(PolicyOverride))
NO_CHANGE = PolicyOverride()
changes: ContextVar[PolicyOverride] = ContextVar("ai_utilities.caching", default=NO_CHANGE)


@contextmanager
def caching(
    policy: Policy | None = None,
    *,
    namespace: str | None = None,
    ttl: float | None = None,
    lease: float | None = None,
    share_accounts: bool | None = None,
) -> Iterator[None]:
    """Within this block, calls of this thread or task are cached like this.

    What is left out stays as the client, or the block around this one, says.

    Args:
        policy: `deterministic`, `always`, `never`, or `refresh`, which asks again and stores the new answer.
        namespace: The first part of the keys, a name without a colon.
        ttl: Seconds after which an entry is not used any more.
        lease: How many seconds equal calls wait for the one that was sent; 0 sends each.
        share_accounts: Whether calls with other API keys or credentials may use the same entries.

    Raises:
        ConfigurationError: The policy or the namespace is not a valid one.
    """
    before = changes.get()
    change = PolicyOverride(
        before.policy if policy is None else policy,
        before.namespace if namespace is None else namespace,
        before.ttl if ttl is None else ttl,
        before.lease if lease is None else lease,
        before.share_accounts if share_accounts is None else share_accounts,
    )
    effective_policy(CachePolicy(), change)
    token = changes.set(change)
    try:
        yield
    finally:
        changes.reset(token)


def effective_policy(usual: CachePolicy, change: PolicyOverride | None = None) -> CachePolicy:
    """The client's wish with what is wanted otherwise right now."""
    change = changes.get() if change is None else change
    text = {name: getattr(change, name) for name in FIELDS if getattr(change, name) is not None}
    return replace(usual, **text, explicit=change.policy is not None) if text else usual


def is_deterministic(call: Call) -> bool:
    """Whether the same request is meant to have the same answer: temperature 0 or a seed, and no look at the web."""
    config = call.config
    if any(isinstance(tool, ServerTool) for tool in config.tools):
        return False
    if config.seed is not None:
        return True
    temperature = config.temperature
    if temperature is None:
        temperature = config.options.get("temperature", call.endpoint.ai_model.parameters.get("temperature"))
    return temperature is not None and float(temperature) == 0
