"""Streamed texts of one message, and their positions in the finished item."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class StreamedTexts:
    """Maps positions, because providers may number texts differently while streaming."""

    __slots__ = ("_closed", "_pieces")

    def __init__(self) -> None:
        self._closed: set[int] = set()
        self._pieces: dict[int, list[str]] = {}

    def add(self, place: int, piece: str) -> None:
        pieces = self._pieces.get(place)
        if pieces is None:
            pieces = self._pieces[place] = []
        pieces.append(piece)

    def close(self, place: int) -> None:
        """Take the text at this position as it was streamed: its stream has ended, and the item adds nothing to it."""
        self._closed.add(place)

    def place_of(self, text: str) -> int | None:
        """Return the position at which a finished text was streamed, or at least its beginning; None if it was not."""
        streamed = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        same = (place for place, piece in streamed.items() if piece == text)
        begun = (place for place, piece in streamed.items() if piece and text.startswith(piece))
        return next(same, next((place for place in begun if place not in self._closed), None))

    def rest(self, place: int, text: str) -> str:
        """Return the end of a finished text whose beginning was streamed; it counts as streamed from then on."""
        streamed = "".join(self._pieces.get(place, ()))
        if not streamed or place in self._closed or not text.startswith(streamed):
            return ""
        new = text[len(streamed) :]
        if new:
            self.add(place, new)
        return new

    def places(self, texts: Sequence[str]) -> list[int]:
        """Return for each text of the finished item the position at which it was streamed, else its own or a free
        one.
        """
        if not self._pieces:
            return list(range(len(texts)))
        streamed = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        positions: dict[int, int] = {}
        for is_match in EXACT:
            take_matches(positions, texts, streamed, is_match)
        rest = [at for at in range(len(texts)) if at not in positions]
        if rest and streamed and "".join(texts[at] for at in rest) == "".join(dict(sorted(streamed.items())).values()):
            # The same text, split differently.
            return self._joined(positions, rest, texts, streamed)
        for is_match in ALIKE:
            take_matches(positions, texts, streamed, is_match)
        taken = {*positions.values(), *self._pieces}
        for at in range(len(texts)):
            if at not in positions:
                positions[at] = at if at not in taken else max(taken) + 1
                taken.add(positions[at])
        return [positions[at] for at in range(len(texts))]

    def _joined(
        self, positions: dict[int, int], rest: Sequence[int], texts: Sequence[str], streamed: dict[int, str]
    ) -> list[int]:
        """Place the rest at the first streamed position, where it counts as streamed from then on."""
        first = min(streamed)
        self._pieces = {place: pieces for place, pieces in self._pieces.items() if place not in streamed}
        self._pieces[first] = ["".join(texts[at] for at in rest)]
        return [positions.get(at, first) for at in range(len(texts))]


IsMatch = Callable[[int, str, int, str], bool]
"""Whether a finished text with its place is a streamed one with its own."""

EXACT: tuple[IsMatch, ...] = (
    lambda at, text, place, streamed: at == place and text == streamed,
    lambda at, text, place, streamed: text == streamed,
)
ALIKE: tuple[IsMatch, ...] = (
    lambda at, text, place, streamed: bool(streamed) and text.startswith(streamed),
    # The finished text differs from the streamed one: the streamed text is kept.
    lambda at, text, place, streamed: at == place,
)


def take_matches(positions: dict[int, int], texts: Sequence[str], streamed: dict[int, str], is_match: IsMatch) -> None:
    """Move matching texts from `streamed` to `match`."""
    for at, text in enumerate(texts):
        if at in positions:
            continue
        places = (place for place, piece in sorted(streamed.items()) if is_match(at, text, place, piece))
        place = next(places, None)
        if place is not None:
            positions[at] = place
            del streamed[place]
