"""What goes wrong with stores."""

from __future__ import annotations

from dhenara.ai.errors import DhenaraError


class StoreError(DhenaraError, OSError):
    """A cache, ledger or limit store cannot be used right now: its file or server does not answer."""
