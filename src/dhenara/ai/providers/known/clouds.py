"""Clouds: Azure OpenAI, whose models are deployments, Azure AI Foundry, and Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...codecs.anthropic.response import ChunkFrames
from ...codecs.operations.quirks import EmbeddingQuirks, ImageQuirks, RerankQuirks
from ...codecs.quirks import ChatQuirks, ConverseQuirks, MessagesQuirks, ResponsesQuirks
from ...types.chat.structured import OutputMode
from ..auth import bearer_or_aws, header
from ..cloud_credentials import aws_token_source, entra_token_source, region_in_files
from ..operation_routes import PLAIN_EMBEDDINGS, embeddings, images
from ..provider import FileConfigReader, ModelListRoute, Provider, Route
from .anthropic import BINDING, claude_routes, name_on_bedrock, prefix_patterns, split_date
from .labs import DRAWING, ONLY_DRAW, RESPONSES_ONLY
from .specialists import COHERE_EMBEDDINGS

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


# Reasoning settings of each family; inference profiles have a region before the name.
CLAUDE_UNSTRUCTURED = "*anthropic.claude-3-7-*|*anthropic.claude-*-4-2*|*anthropic.claude-*-4-1-*"
CLAUDE_BUDGET = "*anthropic.claude-*-4-5-*"
CLAUDE_ADAPTIVE = "*anthropic.claude-*-4-6*|*anthropic.claude-*-4-7*|*anthropic.claude-*-4-8*|*anthropic.claude-*-5*"
CLAUDE_BINDING = prefix_patterns("*anthropic.", BINDING)
# Other models with structured output in Converse.
SHAPED = "*minimax.*|*moonshot*|*mistral.*|*google.gemma*|*nvidia.*"
INVOKED = MessagesQuirks(
    path="/model/{model}/{method}",
    methods=("invoke", "invoke-with-response-stream"),
    version_in_body="bedrock-2023-05-31",
    stream_in_body=False,
    betas_in_body=True,
    automatic_cache=False,
    params={"service_tier": None},
    most_request_bytes=20_000_000,
)

MANTLE: dict[str, Any] = {
    "base": "https://bedrock-mantle.{region}.api.aws",
    "auth": bearer_or_aws("bedrock-mantle"),
}
CHOSEN = {"endpoint": "mantle"}
# Fifth generation by name without a region; its inference profiles, with a region, are served by Converse.
NEW_CLAUDE = "|".join(f"anthropic.claude-{family}-5*" for family in ("fable", "mythos", "opus", "sonnet", "haiku"))
BARE_OSS = "openai.gpt-oss-20b|openai.gpt-oss-120b"
NEW_GPT = "openai.gpt-5*|openai.gpt-6*"
LIMITED = ChatQuirks(params={"max_output_tokens": "max_tokens"})
MESSAGES = MessagesQuirks(params={"service_tier": None})


def bedrock_model_name(name: str, config: Mapping[str, Any]) -> str:
    """Return the model name: Mantle uses names without profile and date; Converse and InvokeModel need both."""
    if config.get("endpoint") == "mantle" and name.startswith("claude-"):
        return f"anthropic.{split_date(name)[0]}"
    return name_on_bedrock(name, str(config.get("region", "")))


AGENTS = "https://bedrock-agent-runtime.{region}.amazonaws.com"
# For models without native structured output.
BY_TOOL: tuple[OutputMode, ...] = ("tool", "prompt")
LOWEST = {"minimal": "low"}
THREE = {**LOWEST, "xhigh": "high", "max": "high"}
NOVA_TOOLS = {"web_search": "nova_grounding", "code_execution": "nova_code_interpreter"}

INVOKE = "/model/{model}/invoke"
TITAN = EmbeddingQuirks(path=INVOKE, params={"dimensions": "dimensions"}, most_texts=1)
NOVA = EmbeddingQuirks(
    path=INVOKE,
    params={"dimensions": "embeddingDimension", "input_type": "embeddingPurpose", "truncate": "truncationMode"},
    most_texts=1,
    input_types={
        "query": "GENERIC_RETRIEVAL",
        "document": "GENERIC_INDEX",
        "classification": "CLASSIFICATION",
        "clustering": "CLUSTERING",
    },
    pictures=True,
    media=("audio", "video"),
)
COHERE = replace(COHERE_EMBEDDINGS, path=INVOKE, names_model=False)

OPERATIONS = (
    Route(
        "converse.rerank",
        RerankQuirks(),
        base=AGENTS,
        base_url_env=("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME",),
        operation="rerank",
    ),
    Route("cohere.embeddings", COHERE, "*cohere.embed*", operation="embed"),
    Route("converse.nova_embeddings", NOVA, "*nova*embed*", operation="embed"),
    Route("converse.titan", TITAN, "*titan-embed*", operation="embed"),
)

AMAZON_BEDROCK = Provider(
    name="amazon_bedrock",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    hosts=("https://bedrock-runtime.{region}.amazonaws.com", "https://bedrock-mantle.{region}.api.aws", AGENTS),
    routes=(
        Route("openai_responses", ResponsesQuirks(), NEW_GPT, prefix="/openai/v1", **MANTLE),
        Route("openai_chat", ChatQuirks(efforts={"max": "xhigh"}), NEW_GPT, prefix="/openai/v1", **MANTLE),
        Route("openai_responses", ResponsesQuirks(), BARE_OSS, prefix="/v1", **MANTLE),
        Route("openai_chat", LIMITED, BARE_OSS, prefix="/v1", **MANTLE),
        *claude_routes(MESSAGES, before="anthropic.", only=NEW_CLAUDE, prefix="/anthropic", **MANTLE),
        *claude_routes(MESSAGES, before="*anthropic.", prefix="/anthropic", when=CHOSEN, **MANTLE),
        Route("openai_chat", LIMITED, prefix="/v1", when=CHOSEN, **MANTLE),
        Route("openai_responses", ResponsesQuirks(), prefix="/v1", when=CHOSEN, **MANTLE),
        Route("converse", ConverseQuirks(reasoning="budget", structured=BY_TOOL), models=CLAUDE_UNSTRUCTURED),
        Route("converse", ConverseQuirks(reasoning="budget"), models=CLAUDE_BUDGET),
        Route(
            "converse", ConverseQuirks(reasoning="adaptive", efforts=LOWEST, binds_thinking=True), models=CLAUDE_BINDING
        ),
        Route("converse", ConverseQuirks(reasoning="adaptive", efforts=LOWEST), models=CLAUDE_ADAPTIVE),
        Route(
            "converse",
            ConverseQuirks(reasoning="config", efforts=THREE, structured=BY_TOOL, system_tools=NOVA_TOOLS),
            models="*amazon.nova-2*",
        ),
        Route("converse", ConverseQuirks(reasoning="effort"), models="*openai.*|*qwen.*|*deepseek.*"),
        Route("converse", ConverseQuirks(), models=SHAPED),
        *claude_routes(INVOKED, before="*anthropic.", frames=ChunkFrames),
        Route("converse", ConverseQuirks(structured=BY_TOOL)),
    ),
    operations=OPERATIONS,
    by_chat={"count_tokens": ("converse.count_tokens",)},
    auth=bearer_or_aws("bedrock"),
    named=bedrock_model_name,
    token_source=aws_token_source,
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    credentials_env={
        "access_key_id": "AWS_ACCESS_KEY_ID",
        "secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    },
    config_env={"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    config_in_files=FileConfigReader(region_in_files, {"region": "`region = ...` into a profile of ~/.aws/config"}),
    base_url_env=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME",),
    keys_url="https://console.aws.amazon.com/bedrock/home#/api-keys",
    listing=ModelListRoute(
        "/foundation-models",
        base="https://bedrock.{region}.amazonaws.com",
        by_base_url={MANTLE["base"]: ModelListRoute(prefix="/v1")},
    ),
)
