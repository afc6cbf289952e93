"""GitHub Models."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..provider import ModelListRoute, Provider, Route
from .common_routes import PLAIN_EMBEDDINGS

PROVIDER = Provider(
    name="github_models",
    base_url="https://models.github.ai/inference",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens"},
                document_shape="none",
            ),
        ),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=(
        "GITHUB_MODELS_TOKEN",
        "GITHUB_TOKEN",
    ),
    base_url_env=("GITHUB_MODELS_BASE_URL",),
    keys_url="https://github.com/settings/tokens",
    listing=ModelListRoute("/catalog/models", base="https://models.github.ai"),
)
