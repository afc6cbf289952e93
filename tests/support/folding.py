"""Deltas folded as far as they go."""

from __future__ import annotations

from collections.abc import Iterable

from dhenara.ai.answer.fold import Draft
from dhenara.ai.types.delta import Delta


def folded(deltas: Iterable[Delta]) -> Draft:
    draft = Draft()
    for delta in deltas:
        draft.add(delta)
    return draft
