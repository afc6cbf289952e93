"""Estimates token counts for providers that cannot count."""

from __future__ import annotations

from ..codecs.estimate import estimate_tokens
from ..types.call import Call
from ..types.token_count import TokenCountResponse
from .pipeline import Pipeline


def estimate_token_count(pipeline: Pipeline, call: Call) -> TokenCountResponse:
    """Return an estimate by text length, marked `estimated`; nothing is sent."""
    origin = pipeline.target.origin
    return TokenCountResponse(
        provider=origin.provider, model=origin.model, input_tokens=estimate_tokens(call), estimated=True
    )
