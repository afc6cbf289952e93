"""Cache policies: of the client, or overridden in a `with caching(...)` block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Literal

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import require_type
from dhenara.ai.types import Call, ServerTool

Policy = Literal["deterministic", "always", "never", "refresh"]
DEFAULT_POLICY: Policy = "always"
"""Also the default of `AiSettings.cache_policy`."""

POLICIES = ("deterministic", "always", "never", "refresh")


EXACT = ("embed", "rerank", "moderate", "ocr", "transcribe", "count_tokens")
"""Operations that return the same answer for the same request."""

GENERATED = ("image", "speak")
"""Operations with large and mostly new results; cached only if the call or the block requests it."""

OWNERS = ("user", "tenant", "customer", "account", "organization")
OWNER_TAGS = (*OWNERS, *(f"{who}_id" for who in OWNERS))
"""Tags that name the user or tenant of a call. Entries of different values are apart, unless accounts share entries."""


def owner_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags among these that name the user or tenant of a call."""
    return {name: tags[name] for name in OWNER_TAGS if name in tags} if tags else {}


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """The cache options of one call.

    Attributes:
        policy: `always` (the default) caches all calls, `deterministic` those with temperature 0 or a seed, `never`
            none; `refresh` skips the lookup and stores the new answer.
        namespace: The first part of the keys, a name without a colon.
        ttl: Seconds after which an entry expires; None leaves it to the backend.
        lease: Seconds for which equal concurrent calls wait for the first one; 0 sends each call.
        share_accounts: Whether calls with different credentials, or tags that name a user or tenant, share entries.
            Addresses, headers, cookies and the parameter `user` always separate them.
        explicit: Whether the options come from a `caching` block rather than the client.

    Raises:
        ConfigurationError: If the policy or the namespace is invalid.
    """

    policy: Policy = DEFAULT_POLICY
    namespace: str = "default"
    ttl: float | None = None
    lease: float = 60.0
    share_accounts: bool = False
    explicit: bool = False

    def __post_init__(self) -> None:
        require_type("cache", "policy", self.policy, str, "the name of a policy")
        require_type("cache", "namespace", self.namespace, str, "a name")
        if self.policy not in POLICIES:
            raise ConfigurationError(f"unknown cache policy {self.policy!r}. Use one of {', '.join(POLICIES)}.")
        if not self.namespace or ":" in self.namespace:
            raise ConfigurationError(f"a cache namespace must be a name without a colon, not {self.namespace!r}")

    def applies_to(self, call: Call) -> bool:
        """Whether this call is looked up and stored."""
        if call.operation in EXACT:
            return self.policy != "never"
        if call.operation in GENERATED:
            return self.explicit and self.policy in ("always", "refresh")
        if call.operation != "chat":
            return False
        return self.policy in ("always", "refresh") or (self.policy == "deterministic" and is_deterministic(call))


@dataclass(frozen=True, slots=True)
class PolicyOverride:
    """Overrides of a `caching` block; None keeps the client's value."""

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
    """Overrides the cache options of all calls of this thread or task within a `with` block.

    Options left out stay as set by the outer block or the client.

    Args:
        policy: `deterministic`, `always`, `never`, or `refresh`, which skips the lookup and stores the new answer.
        namespace: The first part of the keys, a name without a colon.
        ttl: Seconds after which an entry expires.
        lease: Seconds for which equal concurrent calls wait for the first one; 0 sends each call.
        share_accounts: Whether calls with different API keys or credentials share entries.

    Raises:
        ConfigurationError: If the policy or the namespace is invalid.
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


def current_override(call: Call | None = None) -> PolicyOverride:
    """The overrides of a call: those of where its run was made, else those of where it is sent."""
    made = NO_CHANGE if call is None or call.context is None else call.context.get(changes, NO_CHANGE)
    return changes.get() if made is NO_CHANGE else made


def effective_policy(policy: CachePolicy, change: PolicyOverride | None = None) -> CachePolicy:
    """The options of the client with the overrides of the current block."""
    change = changes.get() if change is None else change
    if change is NO_CHANGE:
        return policy
    overrides = {name: getattr(change, name) for name in FIELDS if getattr(change, name) is not None}
    return replace(policy, **overrides, explicit=change.policy is not None) if overrides else policy


def is_deterministic(call: Call) -> bool:
    """Whether equal requests are meant to get equal answers: temperature 0 or a seed, and no web search."""
    config = call.config
    if any(isinstance(tool, ServerTool) for tool in config.tools):
        return False
    if config.seed is not None:
        return True
    temperature = config.temperature
    if temperature is None:
        temperature = config.options.get("temperature", call.endpoint.ai_model.parameters.get("temperature"))
    return temperature is not None and float(temperature) == 0
