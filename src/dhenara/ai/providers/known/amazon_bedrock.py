"""Amazon Bedrock, with a Bedrock API key or the keys of an AWS account."""

from __future__ import annotations

from ...codecs.converse.quirks import ConverseQuirks
from ..auth import bearer_or_aws
from ..provider import Provider, Route

# How each family is told to think; inference profiles put a region before the name.
CLAUDE_BUDGET = "*anthropic.claude-3-7-*|*anthropic.claude-*-4-2*|*anthropic.claude-*-4-1-*|*anthropic.claude-*-4-5-*"
CLAUDE_ADAPTIVE = "*anthropic.claude-*-4-6*|*anthropic.claude-*-4-7*|*anthropic.claude-*-4-8*|*anthropic.claude-*-5*"

PROVIDER = Provider(
    name="amazon_bedrock",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    routes=(
        Route("converse", ConverseQuirks(reasoning="budget"), models=CLAUDE_BUDGET),
        Route("converse", ConverseQuirks(reasoning="adaptive"), models=CLAUDE_ADAPTIVE),
        Route("converse", ConverseQuirks(reasoning="config"), models="*amazon.nova-2*"),
        Route("converse", ConverseQuirks(reasoning="effort"), models="*openai.*|*qwen.*|*deepseek.*"),
        Route("converse", ConverseQuirks()),
    ),
    auth=bearer_or_aws("bedrock"),
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    credentials_env={
        "access_key_id": "AWS_ACCESS_KEY_ID",
        "secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    },
    config_env={"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    base_url_env=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME",),
    keys_url="https://console.aws.amazon.com/bedrock/home#/api-keys",
)
