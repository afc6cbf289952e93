"""Deltas folded as far as they go."""

from __future__ import annotations

from collections.abc import Iterable

from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types.chat.delta import Delta


def folded(deltas: Iterable[Delta]) -> ResponseBuilder:
    draft = ResponseBuilder()
    for delta in deltas:
        draft.add(delta)
    return draft
