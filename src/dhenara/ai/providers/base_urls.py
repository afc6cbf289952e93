"""Base URLs as users enter them, often with an endpoint path at the end."""

from __future__ import annotations

from collections.abc import Callable

ENDPOINTS = ("/chat/completions", "/responses", "/messages", "/embeddings")
"""Vendor documentation often shows the full URL of one endpoint; these suffixes are removed."""


def without_endpoint(address: str) -> str:
    return strip_suffix(address, *ENDPOINTS)


def strip_suffixes(*ends: str) -> Callable[[str], str]:
    """Return a reader for providers whose paths start with the version that others have in the base URL."""
    return lambda address: strip_suffix(address, *ends)


def strip_suffix(address: str, *ends: str) -> str:
    """Remove the first matching suffix; a query is kept."""
    path, mark, query = address.strip().partition("?")
    base = path.rstrip("/")
    return next((base.removesuffix(end) for end in ends if base.endswith(end)), path) + mark + query
