"""Azure AI Foundry: models of many vendors, Claude through Anthropic's protocol; with a key or an Entra ID token."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.anthropic.quirks import MessagesQuirks
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ..auth import header
from ..provider import ModelListRoute, Provider, Route
from ..tokens.entra import entra_token_source
from .claude import claude_routes
from .common_routes import PLAIN_EMBEDDINGS
from .microsoft_openai import CACHE_UNCLEAR, DATED, QUERY
from .openai import RESPONSES_ONLY

# Only OpenAI models support the newer name of the output limit; others reject unknown fields.
OPEN_AI = "gpt-*|o1*|o3*|o4*|chatgpt-*|codex-*"
OTHERS = ChatQuirks(params={"max_output_tokens": "max_tokens"}, cache_counts_unclear=CACHE_UNCLEAR)
OPEN_AI_CHAT = ChatQuirks(efforts={"max": "xhigh"}, cache_counts_unclear=CACHE_UNCLEAR)

OPERATIONS = (
    replace(PLAIN_EMBEDDINGS, prefix="/models", query=QUERY, when=DATED),
    replace(PLAIN_EMBEDDINGS, query=QUERY),
)

PROVIDER = Provider(
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
    operations=OPERATIONS,
    by_chat={"count_tokens": ("anthropic.count_tokens",)},
    auth=header("api-key"),
    proofs=entra_token_source,
    scope="https://ai.azure.com/.default",
    key_env=("AZURE_AI_API_KEY", "ANTHROPIC_FOUNDRY_API_KEY"),
    base_url_env=("AZURE_AI_ENDPOINT",),
    config_env={"resource": ("AZURE_AI_RESOURCE", "ANTHROPIC_FOUNDRY_RESOURCE")},
    keys_url="https://ai.azure.com (your resource, Keys and Endpoints)",
    aliases=("azure_ai", "foundry"),
    price_list="azure",
    listing=ModelListRoute(prefix="/openai/v1"),
)
