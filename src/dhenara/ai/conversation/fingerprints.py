"""Stores the fingerprint of a turn as the difference to an earlier one, so that size grows linearly."""

from __future__ import annotations

from collections.abc import Sequence

from ..types.fingerprint import Fingerprint
from .turn import Turn


def compacted(turn: Turn, earlier: Sequence[Turn]) -> Turn:
    """Return the turn with its fingerprint reduced to the difference to the latest turn of the same model."""
    if turn.fingerprint is None or turn.fingerprint.since is not None:
        return turn
    who = turn.answer.provider, turn.answer.model
    places = reversed(range(len(earlier)))
    place = next((at for at in places if earlier[at].fingerprint and is_of(earlier[at], who)), None)
    if place is None:
        return turn
    base, whole = earlier[place].fingerprint, expanded(earlier, place)
    if base is None or whole is None:
        return turn
    return turn.model_copy(update={"fingerprint": turn.fingerprint.without(whole, base.digest)})


def is_of(turn: Turn, who: tuple[str | None, str | None]) -> bool:
    return (turn.answer.provider, turn.answer.model) == who


def expanded(turns: Sequence[Turn], place: int) -> Fingerprint | None:
    """Return the complete fingerprint of a turn; None if it has none or an earlier one it refers to is missing."""
    fingerprint = turns[place].fingerprint
    differences: list[Fingerprint] = []
    while fingerprint is not None and fingerprint.since is not None:
        differences.append(fingerprint)
        place = base_of(turns, place, fingerprint.since)
        fingerprint = turns[place].fingerprint if place >= 0 else None
    if fingerprint is None:
        return None
    parts = {part.name: part for part in fingerprint.parts}
    for difference in reversed(differences):
        for name in difference.gone:
            parts.pop(name, None)
        parts.update((part.name, part) for part in difference.parts)
    return Fingerprint(parts=sorted(parts.values(), key=lambda part: part.place))


def base_of(turns: Sequence[Turn], place: int, digest: str) -> int:
    """Return the index of the earlier turn with this fingerprint, or -1."""
    for at in range(place - 1, -1, -1):
        fingerprint = turns[at].fingerprint
        if fingerprint is not None and fingerprint.digest == digest:
            return at
    return -1
