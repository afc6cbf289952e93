"""Amazon Bedrock, with a Bedrock API key or the keys of an AWS account.

Converse serves the models of all vendors. Anthropic's protocol is available too (`config={"protocol": "anthropic"}`),
and so is Bedrock Mantle, which is required for some models (`config={"endpoint": "mantle"}` uses it for all it has).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...codecs.anthropic.codec import ChunkFrames
from ...codecs.operations.quirks import EmbeddingQuirks, RerankQuirks
from ...codecs.quirks import ChatQuirks, ConverseQuirks, MessagesQuirks, ResponsesQuirks
from ...types.chat.structured import OutputMode
from ..auth import bearer_or_aws
from ..aws_tokens import aws_token_source, region_in_files
from ..provider import FileConfigReader, ModelListRoute, Provider, Route
from .anthropic import BINDING, claude_routes, name_on_bedrock, prefix_patterns, split_date
from .specialists import COHERE_EMBEDDINGS

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
    Route("converse.rerank", RerankQuirks(), base=AGENTS, operation="rerank"),
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
