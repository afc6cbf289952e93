"""Process-wide settings: `from dhenara.ai.config import settings`."""

from __future__ import annotations

from .settings import Settings, default_settings, settings

__all__ = ["Settings", "default_settings", "settings"]
