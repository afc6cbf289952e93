"""Cohere."""

from __future__ import annotations

from ...codecs.cohere.quirks import CohereQuirks
from ..base_urls import strip_suffixes
from ..lazy_operations import LazyRoutes
from ..listing import ModelListRoute
from ..provider import Provider, Route

PROVIDER = Provider(
    name="cohere",
    base_url="https://api.cohere.com",
    routes=(Route("cohere", CohereQuirks()),),
    operations=LazyRoutes("cohere"),
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
    base_url_env=("COHERE_BASE_URL", "CO_API_URL"),
    read_address=strip_suffixes("/v2/chat", "/v2", "/v1"),
    keys_url="https://dashboard.cohere.com/api-keys",
    listing=ModelListRoute("/v1/models", {"page_size": "1000"}),
)
