"""The key of a call: the engine's hash of the request that is sent and of where it goes, within a namespace."""

from __future__ import annotations

from dhenara.ai import Exchange

VERSION = 2
"""Of the entries and of their keys: what an older version stored is never read."""


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
