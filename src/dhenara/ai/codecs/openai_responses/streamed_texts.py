"""The texts of one message as they were streamed, and their places in the finished item."""

from __future__ import annotations

from collections.abc import Sequence


class StreamedTexts:
    """Hosts may count the texts of a message otherwise while they stream than in the finished item."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[int, list[str]] = {}

    def add(self, place: int, piece: str) -> None:
        pieces = self._pieces.get(place)
        if pieces is None:
            pieces = self._pieces[place] = []
        pieces.append(piece)

    def has_streamed(self, text: str) -> bool:
        """Whether this whole text was streamed, at whatever place."""
        return any("".join(pieces) == text for pieces in self._pieces.values())

    def places(self, texts: Sequence[str]) -> list[int]:
        """For each text of the finished item, the place at which it was streamed, else its own or a free one."""
        if not self._pieces:
            return list(range(len(texts)))
        streamed = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        match: dict[int, int] = {}
        for at, text in enumerate(texts):
            if at in streamed and streamed[at] == text:
                match[at] = at
                del streamed[at]
        for at, text in enumerate(texts):
            if (
                at not in match
                and (same := next((p for p, options in streamed.items() if options == text), None)) is not None
            ):
                match[at] = same
                del streamed[same]
        for at in range(len(texts)):
            if at not in match and at in streamed:
                # The finished text differs from the streamed one: what was streamed stands.
                match[at] = at
                del streamed[at]
        taken = {*match.values(), *self._pieces}
        for at in range(len(texts)):
            if at not in match:
                match[at] = at if at not in taken else max(taken) + 1
                taken.add(match[at])
        return [match[at] for at in range(len(texts))]
