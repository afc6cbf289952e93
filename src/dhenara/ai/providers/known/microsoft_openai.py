"""Azure OpenAI: models are deployments; with a key or an Entra ID token."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operations.operation import ImageQuirks
from ..auth import header
from ..provider import ModelListRoute, Provider, Route
from ..tokens.entra import entra_token_source
from .common_routes import embeddings, images
from .openai import DRAWING, ONLY_DRAW, RESPONSES_ONLY

# A dated API version has its own paths; the current version needs no date.
DATED = {"api_version": "20*"}
QUERY = "api-version={api_version}"
# Grok reports more cached tokens than prompt tokens, and a total without them.
CACHE_UNCLEAR = "*grok*"


def both_versions(route: Route) -> tuple[Route, Route]:
    """Return the routes of an operation for a dated and for the current API version."""
    return replace(route, prefix="/openai/deployments/{model}", query=QUERY, when=DATED), replace(route, query=QUERY)


OPERATIONS = (
    *both_versions(embeddings()),
    *both_versions(images(ImageQuirks(params=DRAWING, streams=True), ONLY_DRAW)),
    *both_versions(images(ImageQuirks(params=DRAWING, streams=True))),
)

PROVIDER = Provider(
    name="microsoft_openai",
    base_url="https://{resource}.openai.azure.com",
    hosts=(
        "https://{resource}.openai.azure.com",
        "https://{resource}.services.ai.azure.com",
        "https://{resource}.cognitiveservices.azure.com",
    ),
    prefix="/openai/v1",
    routes=(
        Route("openai_responses", ResponsesQuirks(), RESPONSES_ONLY, prefix="/openai", query=QUERY, when=DATED),
        Route(
            "openai_chat",
            ChatQuirks(efforts={"max": "xhigh"}, cache_counts_unclear=CACHE_UNCLEAR),
            prefix="/openai/deployments/{model}",
            query=QUERY,
            when=DATED,
        ),
        Route("openai_responses", ResponsesQuirks(), prefix="/openai", query=QUERY, when=DATED),
        Route("openai_responses", ResponsesQuirks(), RESPONSES_ONLY, query=QUERY),
        Route("openai_chat", ChatQuirks(efforts={"max": "xhigh"}, cache_counts_unclear=CACHE_UNCLEAR), query=QUERY),
        Route("openai_responses", ResponsesQuirks(), query=QUERY),
    ),
    operations=OPERATIONS,
    by_chat={"count_tokens": ("openai_responses.count_tokens",)},
    auth=header("api-key"),
    proofs=entra_token_source,
    scope="https://cognitiveservices.azure.com/.default",
    credentials_env={"token": "AZURE_OPENAI_AD_TOKEN"},
    key_env=("AZURE_OPENAI_API_KEY",),
    base_url_env=("AZURE_OPENAI_ENDPOINT",),
    config_env={"resource": ("AZURE_OPENAI_RESOURCE",), "api_version": ("OPENAI_API_VERSION",)},
    keys_url="https://portal.azure.com (your resource, Keys and Endpoint)",
    aliases=("azure_openai", "azure"),
    price_list="azure",
    listing=ModelListRoute(prefix="/openai/v1"),
)
