"""Base addresses as people have them: often with more at the end than the base itself."""

from __future__ import annotations

from collections.abc import Callable

ENDPOINTS = ("/chat/completions", "/responses", "/messages", "/embeddings")
"""Vendors' pages often show the whole address of one endpoint; what comes after the base is written by us."""


def without_endpoint(address: str) -> str:
    return strip_suffix(address, *ENDPOINTS)


def strip_suffixes(*ends: str) -> Callable[[str], str]:
    """Reads addresses of a provider whose paths begin with the version that others have in the base."""
    return lambda address: strip_suffix(address, *ends)


def strip_suffix(address: str, *ends: str) -> str:
    """Without the first of these that it ends with; a query stays."""
    path, mark, query = address.strip().partition("?")
    base = path.rstrip("/")
    return next((base.removesuffix(end) for end in ends if base.endswith(end)), path) + mark + query
