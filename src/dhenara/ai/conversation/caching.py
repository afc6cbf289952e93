"""Explains why the provider's prompt cache was used, or not, for a turn."""

from __future__ import annotations

from collections.abc import Sequence

from .fingerprints import expanded
from .turn import Turn

NAMES = {"instructions": "the instructions changed", "model": "the model changed"}


def explain(turns: Sequence[Turn], place: int) -> str:
    """Return one sentence about the turn at this index."""
    turn = turns[place]
    usage = turn.answer.usage
    read = usage.cache_read_tokens if usage else 0
    if read and usage:
        return f"{read} of {usage.prompt_tokens} prompt tokens were read from the cache."
    places = reversed(range(place))
    before = next(
        (at for at in places if turns[at].answer.provider == turn.answer.provider and turns[at].fingerprint), None
    )
    if turn.fingerprint is None:
        return "Unknown: this turn has no request fingerprint. Set `fingerprint=True`."
    if before is None:
        return f"Nothing could be cached: this is the first turn sent to {turn.answer.provider}."
    earlier, here = expanded(turns, before), expanded(turns, place)
    if earlier is None or here is None:
        return "Unknown: the earlier turns that the fingerprint refers to are missing."
    changed = here.changed_since(earlier)
    if changed is None:
        return (
            "The request starts with the complete previous request, so it could have been cached: "
            "the prompt may be too short, the cache may have expired, or a cache mark may be needed (`cache=`)."
        )
    return f"Nothing was cached from this point on: {NAMES.get(changed, f'{changed} changed')}."
