"""The comparison as bars: import of a usable client, first answer, a call, a chunk of a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.diagrams import Picture

from .table import BARE, KIT, OURS, SOCKET, Results, number

COLORS = {OURS: "#6366f1", KIT: "#818cf8", SOCKET: "#2dd4bf", BARE: "#2dd4bf"}
PEER_COLOR = "#94a3b8"
WIDTH, PANEL_WIDTH, LABEL_WIDTH, BAR_WIDTH = 900, 440, 128, 240
ROW, HEAD = 24, 44


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity: its title and, for each name, its value."""

    title: str
    values: Mapping[str, float]

    def draw(self, picture: Picture, left: int, top: int) -> None:
        picture.text(left, top + 24, self.title, "head", "start")
        largest = max(self.values.values(), default=1.0)
        for place, (name, value) in enumerate(self.values.items()):
            y = top + HEAD + ROW * place
            picture.text(left + LABEL_WIDTH - 8, y + 13, name, "value", "end")
            width = max(1.0, value / largest * BAR_WIDTH)
            picture.bar(left + LABEL_WIDTH, y, width, ROW - 7, COLORS.get(name, PEER_COLOR))
            picture.text(left + LABEL_WIDTH + width + 6, y + 13, format_value(value), "value", "start")


def format_value(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def chunk_scenario(protocols: list[str]) -> str:
    """The sync stream of the protocol that a contestant is measured with."""
    return "stream_1" if protocols[0] == "chat" else f"stream_{protocols[0]}"


def panels(results: Results, protocols: Mapping[str, list[str]]) -> list[Panel]:
    def values(scenario: str | None, key: str) -> dict[str, float]:
        measured = {name: number(results, name, scenario or chunk_scenario(protocols[name]), key) for name in results}
        return {name: value for name, value in measured.items() if value is not None}

    return [
        Panel("Import of a usable client, ms", values("import", "usable_ms")),
        Panel("First answer, with the interpreter, ms", values("first", "cpu_ms")),
        Panel("A call, µs", values("call_1", "cpu_us")),
        Panel("A chunk of a stream, µs", values(None, "cpu_us")),
    ]


def draw_growth(panels: Sequence[Panel], caption: str) -> Picture:
    """A panel for each line, two beside each other; bars of equal length say that the cost of one does not grow."""
    height = HEAD + ROW * max(len(panel.values) for panel in panels) + 10
    rows = (len(panels) + 1) // 2
    picture = Picture(WIDTH, rows * height + 30, "What one more costs when there are many")
    for place, panel in enumerate(panels):
        panel.draw(picture, 10 + (place % 2) * (PANEL_WIDTH + 10), (place // 2) * height)
    picture.text(WIDTH / 2, rows * height + 16, caption)
    return picture


def draw_speed(results: Results, protocols: Mapping[str, list[str]], caption: str) -> Picture:
    """The four quantities, two beside each other; shorter bars are better."""
    height = HEAD + ROW * len(results) + 14
    title = "CPU time of the client process for an import, a first answer, a call and a chunk"
    picture = Picture(WIDTH, 2 * height + 30, title)
    for place, panel in enumerate(panels(results, protocols)):
        panel.draw(picture, 10 + (place % 2) * (PANEL_WIDTH + 10), (place // 2) * height)
    picture.text(WIDTH / 2, 2 * height + 16, caption)
    return picture
