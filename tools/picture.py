"""Draws the picture of the command line: real commands, run with the in-process model, as SVG.

Run `python -m tools.picture` after a change of what commands print; it writes docs/images/cli.svg.
"""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "cli.svg"
COLUMNS = 84
COMMANDS = (
    "ai-utilities setup --provider local --non-interactive",
    'ai-utilities ask "Why is the sky blue? One sentence." --usage',
    "ai-utilities chat",
    "ai-utilities models --provider anthropic --offline claude-sonnet",
    "ai-utilities usage --by model",
)
CHAT = "Name one colour of the sky."
"""What is typed into the chat."""
CELL, LINE, PAD, BAR = 8.0, 19, 20, 36
STYLE = (
    "text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #c9d3e0; }"
    " .sign { fill: #6fc28b; } .typed, .question { fill: #ffffff; font-weight: 600; } .aside { fill: #8795a9; }"
    " @keyframes show { from { opacity: 0; } to { opacity: 1; } }"
    " @media (prefers-reduced-motion: no-preference) { g { animation: show 0.2s both; } }"
)
TYPED_SECONDS, LINE_SECONDS = 1.2, 0.12
"""How long the picture waits before a command, and before a line of its output."""

Line = tuple[str, str]
"""Kind of a line, and its text."""


def session() -> Iterator[Line]:
    """Yield the commands and their output, run in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        for number, command in enumerate(COMMANDS):
            if number:
                yield "", ""
            yield "typed", command
            if command.endswith(" chat"):
                yield "question", f"> {CHAT}"
            for line in ran(command, folder).splitlines():
                yield from (
                    ("aside" if line.startswith("[") or " models, from " in line else "", part)
                    for part in wrapped(line)
                )


def ran(command: str, folder: str) -> str:
    """Run a command on a pseudo-terminal and return its output."""
    outside, inside = pty.openpty()
    typed = f"{CHAT}\n/quit\n" if command.endswith(" chat") else ""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH", "LANG") if name in os.environ}
    words = [sys.executable, "-m", "ai_utilities.cli", *shlex.split(command)[1:]]
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=inside,
        stderr=inside,
        cwd=folder,
        env={
            **environment,
            "XDG_STATE_HOME": folder,
            "COLUMNS": str(COLUMNS),
            "AI_TEMPERATURE": "0",
            "PYTHONIOENCODING": "utf-8",
        },
    ) as process:
        os.close(inside)
        assert process.stdin is not None
        process.stdin.write(typed.encode())
        process.stdin.close()
        output = b"".join(pieces(outside))
    os.close(outside)
    if process.returncode:
        raise SystemExit(f"{command} failed:\n{output.decode()}")
    return output.decode().replace("\r", "")


def pieces(terminal: int) -> Iterator[bytes]:
    """Read until the other side closes, which Linux reports as an error."""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return
        if not piece:
            return
        yield piece


def wrapped(line: str) -> Iterator[str]:
    """Wrap lines to the width of the picture."""
    yield from textwrap.wrap(line, COLUMNS) if len(line) > COLUMNS else [line]


def drawn(lines: list[Line]) -> str:
    wide, high = COLUMNS * CELL + 2 * PAD, len(lines) * LINE + BAR + PAD
    # The first command is there from the start, also where nothing moves.
    body, after = "", -TYPED_SECONDS
    for number, (kind, words) in enumerate(lines):
        after += TYPED_SECONDS if kind in ("typed", "question") else LINE_SECONDS
        if drawing := text(number, kind, words):
            moving = f"animation-delay: {after:.2f}s" if after > 0 else "animation: none"
            body += f'<g style="{moving}">{drawing}</g>'
    dots = "".join(f'<circle cx="{PAD + 18 * place}" cy="18" r="5.5" fill="#3d4858"/>' for place in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high}" role="img" '
        f'aria-label="ai-utilities in a terminal"><style>{STYLE}</style>'
        f'<rect width="{wide:g}" height="{high}" rx="10" fill="#171c24"/>{dots}{body}</svg>\n'
    )


def text(number: int, kind: str, words: str) -> str:
    """Return a line as SVG text of fixed length, so that columns align in every font."""
    y = BAR + LINE * number + 14
    if kind == "typed":
        return f'<text class="sign" x="{PAD}" y="{y}">$</text>{run(kind, words, PAD + 2 * CELL, y)}'
    return run(kind, words, PAD, y) if words.strip() else ""


def run(kind: str, words: str, x: float, y: int) -> str:
    ours = words.rstrip()
    named = f' class="{kind}"' if kind else ""
    return (
        f'<text{named} x="{x:g}" y="{y}" textLength="{len(ours) * CELL:g}" xml:space="preserve">{escape(ours)}</text>'
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(list(session())), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE}\n")
