"""Perplexity."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.operations.operation import EmbeddingQuirks
from ..provider import Provider, Route
from .common_routes import embeddings

OPERATIONS = (
    embeddings(
        EmbeddingQuirks(
            path="/v1/embeddings",
            params={"dimensions": "dimensions"},
            most_texts=512,
            most_bytes=300_000,
            encoding="base64_int8",
        )
    ),
)

PROVIDER = Provider(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={
                    **OPEN_MODEL_NAMES,
                    "seed": None,
                    "logit_bias": None,
                    "n": None,
                    "parallel_tool_calls": None,
                },
                stream_usage="always",
                web_search="always",
                structured=("native", "prompt"),
                terminal="finish",
                think_tags=True,
                audio_in=False,
                begun="words",
                video_shape="video_url",
            ),
        ),
    ),
    operations=OPERATIONS,
    key_env=("PERPLEXITY_API_KEY",),
    base_url_env=("PERPLEXITY_BASE_URL",),
    keys_url="https://www.perplexity.ai/settings/api",
)
