"""Alibaba Cloud Model Studio."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.operations.operation import EmbeddingQuirks
from ..provider import Provider, Route
from .common_routes import embeddings

OPERATIONS = (embeddings(EmbeddingQuirks(params={"dimensions": "dimensions"}, most_texts=10, encoding="float")),)

PROVIDER = Provider(
    name="alibaba",
    base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                reasoning_in="enable_thinking",
                web_search="switch",
                document_shape="none",
                begun="partial",
                video_shape="video_url",
            ),
        ),
    ),
    operations=OPERATIONS,
    key_env=(
        "DASHSCOPE_API_KEY",
        "ALIBABA_API_KEY",
    ),
    base_url_env=("ALIBABA_BASE_URL",),
    keys_url="https://modelstudio.console.alibabacloud.com",
)
