"""`AIModelClient` and its operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .client import AIModelClient as AIModelClient

__getattr__, __dir__ = lazy_package(__name__, {"AIModelClient": ".client"})
