"""Writes the diagrams of the documentation as SVG: boxes, arrows and captions at given places.

    python -m tools.diagrams docs/images

They have no background. Browsers read `prefers-color-scheme` in an image from the `color-scheme` of the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from pathlib import Path

STYLE = """
text { font-family: Inter, system-ui, sans-serif; font-size: 15px; fill: #475569; }
.title { font-weight: 600; fill: #0f172a; }
.small { font-size: 13px; fill: #475569; }
.note { font-size: 13px; fill: #5b6880; }
.head { font-weight: 600; fill: #334155; }
.value { font-size: 13px; fill: #475569; }
.box { stroke: #94a3b8; stroke-width: 1.2; fill: #f8fafc; }
.main { stroke: #6366f1; fill: #eef2ff; }
.good { stroke: #16a34a; fill: #f0fdf4; }
.bad { stroke: #dc2626; fill: #fef2f2; }
.line { stroke: #7c8aa0; stroke-width: 1.5; fill: none; }
@media (prefers-color-scheme: dark) {
text, .small, .note, .value { fill: #a8b3c7; }
.title, .head { fill: #e8ecf4; }
.box { stroke: #64748b; fill: #161b26; }
.main { stroke: #818cf8; fill: #1c2140; }
.good { stroke: #22c55e; fill: #10251a; }
.bad { stroke: #f87171; fill: #2b1618; }
}
"""


class Picture:
    """An SVG picture that is drawn piece by piece."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._size = (width, height)
        self._title = title
        self._parts: list[str] = []

    def box(self, x: int, y: int, width: int, height: int, title: str, *lines: str, kind: str = "") -> None:
        """Draw a rectangle with a title and smaller lines below it."""
        self._parts.append(f'<rect class="box {kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>')
        top = y + height / 2 + 5 - 10 * len(lines)
        self.text(x + width / 2, top, title, "title")
        for number, line in enumerate(lines, 1):
            self.text(x + width / 2, top + 20 * number, line, "small")

    def text(self, x: float, y: float, text: str, kind: str = "note", anchor: str = "middle") -> None:
        """Write a line of text."""
        self._parts.append(f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>')

    def bar(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Draw a bar of a chart."""
        place = f'x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:g}"'
        self._parts.append(f'<rect {place} rx="2" fill="{color}"/>')

    def arrow(self, *points: tuple[int, int], label: str = "") -> None:
        """Draw an arrow through some points, with a label above its middle."""
        path = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
        self._parts.append(f'<path class="line" d="{path}" marker-end="url(#end)"/>')
        if label:
            (x1, y1), (x2, y2) = points[0], points[-1]
            self.text((x1 + x2) / 2, (y1 + y2) / 2 - 7, label)

    def svg(self) -> str:
        """Return the picture."""
        width, height = self._size
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        marker = '<marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        marker += '<path d="M0 0 L8 4 L0 8 z" fill="#7c8aa0"/></marker>'
        body = "\n".join(self._parts)
        title = f"<title>{escape(self._title)}</title>"
        return f"{head}\n{title}\n<style>{STYLE}</style>\n<defs>{marker}</defs>\n{body}\n</svg>\n"


def layers() -> Picture:
    """The two packages and what each does."""
    picture = Picture(
        760, 330, "Your code calls the kit or the engine; the kit calls the engine; the engine calls providers"
    )
    picture.box(40, 20, 680, 50, "Your code")
    picture.box(
        40,
        105,
        330,
        90,
        "ai_utilities: AiClient",
        "settings, .env, cache, rate limits",
        "budgets, usage, bulk runs, CLI",
        kind="main",
    )
    picture.box(
        390,
        140,
        330,
        90,
        "dhenara.ai: AIModelClient",
        "protocols, streaming, tools, conversations",
        "retries, timeouts, fallbacks, batches",
        kind="main",
    )
    picture.arrow((205, 70), (205, 105))
    picture.arrow((555, 70), (555, 140))
    picture.arrow((205, 195), (205, 215), (390, 215))
    picture.box(40, 270, 680, 45, "OpenAI · Anthropic · Gemini · Bedrock · Azure · Mistral · Ollama · 27 more")
    picture.arrow((555, 230), (555, 270), label="")
    picture.text(290, 208, "client.engine")
    return picture


def call() -> Picture:
    """What happens to one call."""
    picture = Picture(900, 300, "A call: history, layers, encoding, HTTP, decoding, response")
    steps = [
        ("generate()", "prompt, options"),
        ("History", "parse, repair, cut"),
        ("Layers", "route, yours, retry"),
        ("Codec", "encode once"),
    ]
    for number, (title, line) in enumerate(steps):
        x = 20 + 220 * number
        picture.box(x, 30, 190, 70, title, line, kind="main" if not number else "")
        if number:
            picture.arrow((x - 30, 65), (x, 65))
    picture.box(680, 190, 190, 70, "HTTP", "sign, send, read")
    picture.arrow((775, 100), (775, 190))
    back = [("Codec", "decode to deltas"), ("Response builder", "fold deltas"), ("Response", "text, usage, cost")]
    for number, (title, line) in enumerate(back):
        x = 460 - 220 * number
        picture.box(x, 190, 190, 70, title, line, kind="main" if number == 2 else "")
        picture.arrow((x + 220, 225), (x + 190, 225))
    picture.text(450, 150, "Streamed or not, every response is built by the same code.")
    return picture


def stream() -> Picture:
    """A stream that breaks, before and after its first chunk."""
    picture = Picture(
        900, 300, "A stream that breaks before its first chunk is retried; after it, what arrived is kept"
    )
    picture.text(20, 30, "Breaks before the first chunk", "title", "start")
    picture.box(20, 45, 150, 50, "request")
    picture.box(230, 45, 150, 50, "break", kind="bad")
    picture.box(440, 45, 190, 50, "retry, fallback")
    picture.box(690, 45, 190, 50, "chunks, final", kind="good")
    for x in (170, 380, 630):
        picture.arrow((x, 70), (x + 60, 70))
    picture.text(20, 150, "Breaks after the first chunk", "title", "start")
    picture.box(20, 165, 150, 50, "request")
    picture.box(230, 165, 150, 50, "chunk, chunk", kind="good")
    picture.box(440, 165, 190, 60, "SSEErrorResponse", "the error, as a chunk", kind="bad")
    picture.box(690, 165, 190, 60, "(None, final)", "interrupted=True")
    picture.arrow((170, 190), (230, 190))
    picture.arrow((380, 190), (440, 190))
    picture.arrow((630, 190), (690, 190))
    picture.text(450, 275, "No text is ever delivered twice, and a stream that was cut is never reported as complete.")
    return picture


def fallback() -> Picture:
    """A call whose first endpoint fails."""
    picture = Picture(900, 260, "A call that fails at one endpoint goes to the next one")
    picture.box(20, 90, 150, 60, "generate()", kind="main")
    picture.box(260, 20, 240, 70, "openai/gpt-5.4-mini", "503, retried twice", kind="bad")
    picture.box(260, 150, 240, 70, "anthropic/claude-sonnet-5", "the same call, encoded anew", kind="good")
    picture.box(640, 90, 230, 80, "Response", "provider, warnings, attempts", "cost of all attempts", kind="main")
    picture.arrow((170, 110), (260, 60))
    picture.arrow((380, 90), (380, 150))
    picture.arrow((500, 185), (640, 140))
    picture.text(440, 125, "before the first chunk", anchor="start")
    return picture


def route() -> Picture:
    """A route: groups in order of preference, with a strategy in each."""
    picture = Picture(
        900, 330, "A route: the first group with a deployment that can take the call; within it a strategy chooses"
    )
    picture.box(20, 120, 130, 70, "generate()", "route smart", kind="main")
    picture.text(450, 25, "group 1: weighted", "head")
    picture.box(230, 40, 210, 65, "openai, key A", "weight 3: available", kind="good")
    picture.box(460, 40, 210, 65, "openai, key B", "rests 28 s: 429", kind="bad")
    picture.text(450, 145, "group 2, if group 1 rests: latency", "head")
    picture.box(230, 160, 210, 65, "azure, Sweden", "0.4 s to the first token")
    picture.box(460, 160, 210, 65, "azure, France", "second request, hedge_after")
    picture.box(230, 250, 210, 65, "a text-only model", "passed over: unfit")
    picture.box(460, 250, 210, 65, "a candidate", "shadow: 10 % of the calls")
    picture.box(730, 110, 150, 80, "Response", "attempts, reasons", "warnings", kind="main")
    picture.arrow((150, 140), (230, 75))
    picture.arrow((150, 170), (230, 190))
    picture.arrow((670, 75), (730, 130))
    picture.arrow((670, 190), (730, 170))
    return picture


def plan() -> Picture:
    """What becomes of each part of a conversation at another provider."""
    picture = Picture(900, 270, "A plan says for each part whether it is sent unchanged, translated, or left out")
    parts = [
        ("text", "unchanged", "good"),
        ("image made by A", "sent as a user message", ""),
        ("tool calls and results", "translated ids", ""),
        ("encrypted reasoning", "left out, with a warning", "bad"),
    ]
    picture.text(130, 25, "conversation at A", "title")
    picture.text(455, 25, "client.plan(...)", "title")
    picture.text(770, 25, "request to B", "title")
    for number, (part, result, kind) in enumerate(parts):
        y = 40 + 55 * number
        picture.box(20, y, 220, 42, part)
        picture.box(345, y, 220, 42, result, kind=kind)
        picture.arrow((240, y + 21), (345, y + 21))
        if kind != "bad":
            picture.arrow((565, y + 21), (660, y + 21))
    picture.box(660, 40, 220, 152, "what B accepts", kind="main")
    return picture


PICTURES: dict[str, Callable[[], Picture]] = {
    "layers": layers, "call": call, "stream": stream, "fallback": fallback, "route": route, "plan": plan,
}  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    for name, draw in PICTURES.items():
        (folder / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
