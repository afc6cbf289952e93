"""Errors of stores."""

from __future__ import annotations

from dhenara.ai.errors import DhenaraError


class StoreError(DhenaraError, OSError):
    """A cache, ledger, budget or limit store cannot be used: its file or server does not answer."""


class StoreTimeoutError(StoreError, TimeoutError):
    """A store was not free in time: its file is locked, or its server is slow."""


class StoreDamagedError(StoreError):
    """The contents of a store cannot be read. It is not replaced by an empty one; repair it first."""


class StoreRecoveredError(StoreError):
    """A damaged store was replaced by what could be read of it: the same operation works now."""


class StoreLostError(StoreError):
    """A store that was in use is gone or was replaced: its file was deleted, or its server lost its data."""


class StoreVersionError(StoreError):
    """A store was written by a newer version of this library."""

    @classmethod
    def between(cls, subject: str, version: object, known: int, alternative: str) -> StoreVersionError:
        """The error for a layout that this version of the library does not support.

        Args:
            subject: What has the layout, in the plural.
            version: The version of the layout.
            known: The latest version that this library supports.
            alternative: What to use instead, such as `file` or `prefix`.
        """
        return cls(
            f"{subject} have version {version}, and this version of dhenara supports {known}. Upgrade dhenara, or use "
            f"another {alternative}."
        )


class StoreFullError(StoreError):
    """The Redis server has reached its `maxmemory` and takes no writes."""


class StoreEvictsError(StoreError):
    """The Redis server may evict what must not be lost."""
