"""Codec registry: each protocol is imported when it is first used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .base import Codec

OPERATIONS: dict[str, str] = {
    "anthropic.batches": "anthropic.batches:BATCHES",
    "anthropic.count_tokens": "anthropic.codec:COUNT_TOKENS",
    "cohere.embeddings": "cohere.embeddings:EMBEDDINGS",
    "converse.count_tokens": "converse.codec:COUNT_TOKENS",
    "converse.nova_embeddings": "converse.embeddings:NOVA_EMBEDDINGS",
    "converse.rerank": "converse.embeddings:RERANK",
    "converse.titan": "converse.embeddings:TITAN",
    "deepgram.speech": "operations.deepgram:SPEECH",
    "deepgram.transcription": "operations.deepgram:TRANSCRIPTION",
    "gemini.batches": "gemini.batches:BATCHES",
    "gemini.count_tokens": "gemini.codec:COUNT_TOKENS",
    "gemini.embeddings": "gemini.embeddings:EMBEDDINGS",
    "gemini.files": "gemini.batches:FILES",
    "gemini.images": "gemini.media:IMAGES",
    "gemini.speech": "gemini.media:SPEECH",
    "gemini.transcription": "gemini.media:TRANSCRIPTION",
    "ollama.embeddings": "ollama.embeddings:EMBEDDINGS",
    "openai_chat.count_tokens": "openai_chat.codec:COUNT_TOKENS",
    "openai_chat.images": "openai_chat.codec:IMAGES",
    "openai_responses.count_tokens": "openai_responses.codec:COUNT_TOKENS",
    "openai_rest.batches": "openai_rest.batches:BATCHES",
    "openai_rest.embeddings": "openai_rest.embeddings:EMBEDDINGS",
    "openai_rest.mistral_batches": "openai_rest.batches:MISTRAL_BATCHES",
    "openai_rest.moderations": "openai_rest.embeddings:MODERATIONS",
    "openai_rest.multimodal_embeddings": "openai_rest.embeddings:MULTIMODAL_EMBEDDINGS",
    "openai_rest.rerank": "openai_rest.embeddings:RERANK",
    "openai_rest.xai_batches": "openai_rest.batches:XAI_BATCHES",
    "vertex.embed_content": "gemini.embeddings:VERTEX_EMBED_CONTENT",
    "vertex.embeddings": "gemini.embeddings:VERTEX_EMBEDDINGS",
    "vertex.imagen": "gemini.media:IMAGEN",
}
"""Operations that share a module, with the module and the constant that hold their codec."""


@cache
def load_codec(name: str) -> Codec[Any]:
    """Load a codec by name.

    Args:
        name: A protocol such as `openai_chat`, or an operation such as `openai_chat.images`.

    Returns:
        The codec. Operations that are not in `OPERATIONS` are modules of their own.
    """
    module, _, constant = OPERATIONS.get(name, name if "." in name else f"{name}.codec").partition(":")
    codec: Codec[Any] = getattr(import_module(f".{module}", __package__), constant or "CODEC")
    return codec
