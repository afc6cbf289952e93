"""Azure OpenAI, whose models are deployments, and Azure AI Foundry; with a key or an Entra ID token."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.operations.quirks import ImageQuirks
from ...codecs.quirks import ChatQuirks, MessagesQuirks, ResponsesQuirks
from ..auth import header
from ..entra_tokens import entra_token_source
from ..operation_routes import PLAIN_EMBEDDINGS, embeddings, images
from ..provider import ModelListRoute, Provider, Route
from .anthropic import claude_routes
from .labs import DRAWING, ONLY_DRAW, RESPONSES_ONLY

# A dated API version has its own paths; the current version needs no date.
DATED = {"api_version": "20*"}
QUERY = "api-version={api_version}"
# Grok reports more cached tokens than prompt tokens, and a total without them.
CACHE_UNCLEAR = "*grok*"


def both_versions(route: Route) -> tuple[Route, Route]:
    """Return the routes of an operation for a dated and for the current API version."""
    return replace(route, prefix="/openai/deployments/{model}", query=QUERY, when=DATED), replace(route, query=QUERY)


MICROSOFT_OPENAI_OPERATIONS = (
    *both_versions(embeddings()),
    *both_versions(images(ImageQuirks(params=DRAWING, streams=True), ONLY_DRAW)),
    *both_versions(images(ImageQuirks(params=DRAWING, streams=True))),
)

MICROSOFT_OPENAI = Provider(
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
    operations=MICROSOFT_OPENAI_OPERATIONS,
    by_chat={"count_tokens": ("openai_responses.count_tokens",)},
    auth=header("api-key"),
    token_source=entra_token_source,
    scope="https://cognitiveservices.azure.com/.default",
    credentials_env={"token": "AZURE_OPENAI_AD_TOKEN"},
    key_env=("AZURE_OPENAI_API_KEY",),
    base_url_env=("AZURE_OPENAI_ENDPOINT",),
    config_env={"resource": ("AZURE_OPENAI_RESOURCE",), "api_version": ("OPENAI_API_VERSION",)},
    keys_url="https://portal.azure.com (your resource, Keys and Endpoint)",
    price_list="azure",
    listing=ModelListRoute(prefix="/openai/v1"),
)


# Only OpenAI models support the newer name of the output limit; others reject unknown fields.
OPEN_AI = "gpt-*|o1*|o3*|o4*|chatgpt-*|codex-*"
OTHERS = ChatQuirks(params={"max_output_tokens": "max_tokens"}, cache_counts_unclear=CACHE_UNCLEAR)
OPEN_AI_CHAT = ChatQuirks(efforts={"max": "xhigh"}, cache_counts_unclear=CACHE_UNCLEAR)

MICROSOFT_AZURE_AI_OPERATIONS = (
    replace(PLAIN_EMBEDDINGS, prefix="/models", query=QUERY, when=DATED),
    replace(PLAIN_EMBEDDINGS, query=QUERY),
)

MICROSOFT_AZURE_AI = Provider(
    name="microsoft_azure_ai",
    base_url="https://{resource}.services.ai.azure.com",
    hosts=("https://{resource}.services.ai.azure.com", "https://{resource}.openai.azure.com"),
    prefix="/openai/v1",
    routes=(
        *claude_routes(
            MessagesQuirks(params={"service_tier": None}), prefix="/anthropic", auth=header("x-api-key", "api-key")
        ),
        Route(
            "openai_chat",
            OPEN_AI_CHAT,
            OPEN_AI,
            prefix="/models",
            query=QUERY,
            when=DATED,
        ),
        Route("openai_chat", OTHERS, prefix="/models", query=QUERY, when=DATED),
        Route("openai_responses", ResponsesQuirks(), RESPONSES_ONLY, query=QUERY),
        Route(
            "openai_chat",
            OPEN_AI_CHAT,
            OPEN_AI,
            query=QUERY,
        ),
        Route("openai_chat", OTHERS, query=QUERY),
        Route("openai_responses", ResponsesQuirks(), query=QUERY),
    ),
    operations=MICROSOFT_AZURE_AI_OPERATIONS,
    by_chat={"count_tokens": ("anthropic.count_tokens",)},
    auth=header("api-key"),
    token_source=entra_token_source,
    scope="https://ai.azure.com/.default",
    key_env=("AZURE_AI_API_KEY", "ANTHROPIC_FOUNDRY_API_KEY"),
    base_url_env=("AZURE_AI_ENDPOINT",),
    config_env={"resource": ("AZURE_AI_RESOURCE", "ANTHROPIC_FOUNDRY_RESOURCE")},
    keys_url="https://ai.azure.com (your resource, Keys and Endpoints)",
    price_list="azure",
    listing=ModelListRoute(prefix="/openai/v1"),
)
