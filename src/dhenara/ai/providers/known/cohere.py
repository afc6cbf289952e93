"""Cohere."""

from __future__ import annotations

from ...codecs.cohere.quirks import CohereQuirks
from ..bases import without
from ..later import Beside
from ..listing import Listing
from ..provider import Provider, Route

PROVIDER = Provider(
    name="cohere",
    base_url="https://api.cohere.com",
    routes=(Route("cohere", CohereQuirks()),),
    operations=Beside("cohere"),
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
    base_url_env=("COHERE_BASE_URL", "CO_API_URL"),
    read_address=without("/v2/chat", "/v2", "/v1"),
    keys_url="https://dashboard.cohere.com/api-keys",
    listing=Listing("/v1/models", {"page_size": "1000"}),
)
