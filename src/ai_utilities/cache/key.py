"""Cache keys: the namespace and a hash of the request and its destination."""

from __future__ import annotations

from dhenara.ai import Exchange

VERSION = 2
"""Version of entries and keys; entries of older versions are not read."""


async def cache_key(namespace: str, exchange: Exchange, *, share_accounts: bool = False) -> str:
    """The key under which the answer to this request is stored.

    Args:
        namespace: A name without a colon, before everything else.
        exchange: The call and the request that it becomes.
        share_accounts: Whether calls with other credentials may use the same entry.

    Returns:
        `namespace:version-hash`. It contains no secret.
    """
    return f"{namespace}:v{VERSION}-{await exchange.key(share_accounts=share_accounts)}"
