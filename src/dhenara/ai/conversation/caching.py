"""Why a provider's prompt cache did, or did not, know the beginning of a turn."""

from __future__ import annotations

from collections.abc import Sequence

from .fingerprints import expanded
from .turn import Turn

NAMES = {"instructions": "the instructions changed", "model": "another model was asked"}


def explain(turns: Sequence[Turn], place: int) -> str:
    """One sentence about the turn at this place."""
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
        return "Nothing is known of the cache: the request of this turn has no fingerprint (`fingerprint=True`)."
    if before is None:
        return f"Nothing could be cached: this is the first turn that {turn.answer.provider} was asked."
    earlier, here = expanded(turns, before), expanded(turns, place)
    if earlier is None or here is None:
        return "Nothing is known of the cache: the turns that these turns were compared with are not here."
    changed = here.changed_since(earlier)
    if changed is None:
        return (
            "The request begins with every byte of the one before, so it could have been cached: "
            "the prompt may be too short, the cache may have lapsed, or a mark may be needed (`cache=`)."
        )
    return f"Nothing was cached from there on: {NAMES.get(changed, f'{changed} is not what it was')}."
