"""`python -m benchmarks --growth`: what one more chunk, turn, row or process costs when there are many.

Every number comes from a fresh process. A line that stays level says that the cost of one does not depend on how many
there are. `benchmarks/growth.json` has the stored run. All of it is of the same sources: what is measured is added,
unless the sources are others. So it may be measured in parts:

    python -m benchmarks --growth --largest 100000
    python -m benchmarks --growth --smallest 100001 --lines stream,arguments,objects,ledger,cache
    python -m benchmarks --growth --smallest 100001 --lines bulk
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .environments import ROOT

STORED = ROOT / "benchmarks" / "growth.json"
LONGEST = 3_600


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity at several sizes.

    Attributes:
        title: What is counted.
        sizes: How many of it there are.
        values: Name and unit of each number, as the pages show them.
    """

    title: str
    sizes: tuple[int, ...]
    values: Mapping[str, str]


LINES = {
    "stream": Line("chunks of a stream", (1_000, 10_000, 100_000, 1_000_000), {"us": "µs a chunk", "mb": "MB more"}),
    "arguments": Line("bytes of tool arguments", (1_000, 10_000, 100_000, 1_000_000), {"us": "µs a piece"}),
    "objects": Line("bytes of a partial object", (1_000, 10_000, 100_000, 1_000_000), {"us": "µs a piece"}),
    "turns": Line(
        "turns of a conversation",
        (20, 200, 1_000, 2_000),
        {
            "us": "µs a call, for each turn sent",
            "save_us": "µs to save a turn",
            "load_us": "µs to load a turn",
            "kb": "kB of memory a turn",
            "file_kb": "kB of the file a turn",
        },
    ),
    "tool_turns": Line("turns with a tool call", (20, 200, 1_000, 2_000), {"us": "µs a call, for each turn sent"}),
    "prompt": Line(
        "MB of text in a prompt",
        (1, 10, 25, 50),
        {"copies": "times the text, at the peak", "ms": "ms for each MB"},
    ),
    "pictures": Line("MB of pictures in a call", (1, 10, 20, 35), {"copies": "times the base64 text, at the peak"}),
    "ledger": Line(
        "rows of a SQLite ledger",
        (1_000, 10_000, 100_000, 1_000_000),
        {"us": "µs to add a row", "totals_ms": "ms for totals", "open_ms": "ms to open"},
    ),
    "cache": Line(
        "entries of a SQLite cache",
        (1_000, 10_000, 100_000, 1_000_000),
        {
            "us": "µs to set",
            "get_us": "µs to get",
            "evict_us": "µs to set in a full cache",
            "open_ms": "ms to open, with the first entry",
        },
    ),
    "prompts": Line("prompts of ask_many", (100, 1_000, 10_000, 100_000), {"us": "µs a prompt", "mb": "MB more"}),
    "bulk": Line(
        "rows of a bulk run, answered in the process",
        (1_000, 10_000, 100_000, 1_000_000),
        {"us": "µs a row", "mb": "MB more"},
    ),
    "processes": Line("processes on one SQLite ledger", (1, 2, 4, 8), {"us": "µs of CPU a row", "wall_us": "µs a row"}),
    "redis": Line("processes on one Redis ledger", (1, 2, 4, 8), {"us": "µs of CPU a row"}),
    "first_text": Line(
        "streams that begin",
        (1, 10, 100, 1_000),
        {"us": "µs of CPU to the first text", "bare_us": "µs of CPU with a raw socket"},
    ),
    "open_streams": Line("open streams", (1, 10, 100, 1_000), {"kb": "kB a stream"}),
}
Values = dict[str, float] | str
Lines = dict[str, dict[str, Values]]


@dataclass(frozen=True, slots=True)
class GrowthRun:
    """A stored run.

    Attributes:
        about: Its sources (the hash that git has for the folder `src`), day, Python and machine.
        lines: The numbers of each line, by size.
    """

    about: Mapping[str, str]
    lines: Lines

    @classmethod
    def load(cls, stored: Path = STORED) -> GrowthRun:
        """Read the stored run."""
        return cls(**json.loads(stored.read_text(encoding="utf-8")))

    def save(self, stored: Path) -> None:
        """Write the run."""
        stored.write_text(json.dumps({"about": self.about, "lines": self.lines}, indent=1) + "\n", encoding="utf-8")


def sources() -> str:
    """Return the hash that git has for the sources; they must be committed."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
        return done.stdout.strip()

    if git("status", "--porcelain", "--", "src"):
        raise SystemExit("Commit the changes of src first: a stored run is of one state of the sources.")
    return git("rev-parse", "HEAD:src")[:12]


@contextmanager
def growth_server() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.growth_server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def measure(line: str, size: int, url: str) -> Values:
    command = [sys.executable, "-m", "benchmarks.growth_lines", line, str(size), url]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired:
        return f"took more than {LONGEST} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1][:200]
    values: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return {name: float(f"{value:.4g}") for name, value in values.items()}


def collect(
    wanted: list[str], smallest: int, largest: int | None, about: Mapping[str, str], stored: Path = STORED
) -> GrowthRun:
    """Measure the lines, smallest sizes first; each result is stored at once.

    Args:
        wanted: Names of the lines. Empty: all.
        smallest: The smallest size.
        largest: The largest size. None: all.
        about: Day, Python and machine.
        stored: The file of the run. What was measured of the same sources stays in it.
    """
    state = sources()
    run = GrowthRun.load(stored) if stored.exists() else GrowthRun({}, {})
    lines = run.lines if run.about.get("sources") == state else {}
    run = GrowthRun({"sources": state, **about}, lines)
    with growth_server() as url:
        for name in wanted or list(LINES):
            line, known = LINES[name], lines.get(name, {})
            for size in line.sizes:
                if smallest <= size and (largest is None or size <= largest):
                    known[str(size)] = measure(name, size, url)
                    lines[name] = {str(one): known[str(one)] for one in line.sizes if str(one) in known}
                    print(f"{line.title:34s} {size:>9,}  {describe(line, known[str(size)])}", flush=True)
                    run.save(stored)
    return run


def describe(line: Line, values: Values) -> str:
    if isinstance(values, str):
        return values
    return ", ".join(f"{values[name]:g} {unit}" for name, unit in line.values.items())
