"""Helpers for all providers, importable from their old module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_package import lazy_package

if TYPE_CHECKING:
    from .prompt_formatter import PromptFormatter as PromptFormatter

__getattr__, __dir__ = lazy_package(__name__, {"PromptFormatter": ".prompt_formatter"}, has_old_names=True)
