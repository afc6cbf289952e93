"""Process-wide settings: `from dhenara.ai.config import settings`."""

from __future__ import annotations

from .settings import Settings, settings

__all__ = ["Settings", "settings"]
