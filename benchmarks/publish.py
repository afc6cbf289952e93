"""Writes the stored run, `benchmarks/results.json`, into the pages and the chart that show it.

    python -m benchmarks --json benchmarks/results.json
    python -m benchmarks.publish

A page has the part that is written here between `<!-- speed -->` and `<!-- end of speed -->`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .caches import STORED as CACHES, TITLES, CacheRun, goals as cache_goals
from .chart import Panel, chunk_scenario, draw_growth, draw_speed
from .environments import ROOT
from .growth import LINES, STORED, GrowthRun, Lines, Values
from .instructions import STORED as COUNTED, Counts, rows as count_rows
from .table import CALLS, CHUNKS, PACED, STARTS, Results, ahead, cell, failures, goals, markdown, number, table

RESULTS = ROOT / "benchmarks" / "results.json"
CHART = ROOT / "docs" / "images" / "speed.svg"
GROWTH_CHART = ROOT / "docs" / "images" / "growth.svg"
GROWTH_PAGE = ROOT / "docs" / "performance.md"
COUNT_PAGES = {
    "benchmarks/README.md": None,
    "docs/performance.md": ("call_1", "call_1_async", "stream_1", "stream_anthropic", "stream_gemini"),
}
"""The pages with counted instructions, and the scenarios that they show; None: all."""
CACHE_PAGE = ROOT / "benchmarks" / "README.md"
CACHE_BLOCK = re.compile(r"(?<=<!-- caches -->\n).*?(?=<!-- end of caches -->)", re.DOTALL)
COUNT_BLOCK = re.compile(r"(?<=<!-- instructions -->\n).*?(?=<!-- end of instructions -->)", re.DOTALL)
GROWTH_BLOCK = re.compile(r"(?<=<!-- growth -->\n).*?(?=<!-- end of growth -->)", re.DOTALL)
BLOCK = re.compile(r"(?<=<!-- speed -->\n).*?(?=<!-- end of speed -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run: when and where, who, and the numbers."""

    date: str
    rounds: int
    python: str
    system: str
    cores: int
    contestants: Mapping[str, Mapping[str, object]]
    results: Results
    machine: str = ""
    samples: Mapping[str, object] = field(default_factory=dict)
    """The values of each process, from which the results were made."""

    @classmethod
    def load(cls, path: Path = RESULTS) -> Run:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @property
    def protocols(self) -> dict[str, list[str]]:
        return {name: list(facts["protocols"]) for name, facts in self.contestants.items()}  # type: ignore[call-overload]

    @property
    def description(self) -> str:
        rounds = "one round" if self.rounds == 1 else f"{self.rounds} rounds"
        machine = f" of {self.machine}" if self.machine else ""
        return f"One run of {rounds}, {self.date}, CPython {self.python}, {self.system}, {self.cores} cores{machine}"


def summary(run: Run, *, short: bool = False) -> str:
    """Who is how fast, one row each; a chunk is measured with each contestant's first protocol."""
    wide = {
        "async call, µs": ("call_1_async", "cpu_us"),
        "call, 500 in flight, µs": ("call_500", "cpu_us"),
        "async chunk, µs": ("async chunk", "cpu_us"),
        "first answer, MB": ("first", "memory_mb"),
    }
    columns = {
        "import of a usable client, ms": ("import", "usable_ms"),
        "first answer, ms": ("first", "cpu_ms"),
        "call, µs": ("call_1", "cpu_us"),
        "chunk, µs": ("chunk", "cpu_us"),
        **({} if short else wide),
    }
    measured = {scenario for scenarios in run.results.values() for scenario in scenarios} | {"chunk", "async chunk"}
    columns = {title: column for title, column in columns.items() if column[0] in measured}
    rows = [["", "distributions", *columns]]
    for name, facts in run.contestants.items():
        chunk = chunk_scenario(run.protocols[name])
        scenarios = {"chunk": chunk, "async chunk": f"{chunk}_async"}
        values = [number(run.results, name, scenarios.get(s, s), key) for s, key in columns.values()]
        if any(value is not None for value in values):
            rows.append([name, str(facts["distributions"]), *map(cell, values)])
    return markdown(rows)


NOTE = """CPU time of the client process; calls and chunks are those of OpenAI Chat, for anthropic and google-genai
those of their own protocols. `dhenara` is the engine, `ai_utilities` the kit around it. A chunk of `dhenara` is one
text of its stream of text; of `dhenara, chunks` an object with nested deltas, as in the other libraries. `SQLite` is
the kit with ledger, limits and budget in files, `aiohttp` an SDK over that HTTP client. The raw socket with a JSON
parser in C has no timeouts, no TLS and no checks: it is the least that Python can do.
"""


def readme_part(run: Run) -> str:
    return f"{summary(run, short=True)}\n\n{run.description}. {NOTE}"


def performance_part(run: Run) -> str:
    return f"![{run.description}](images/speed.svg)\n\n{summary(run)}\n\n{run.description}. {NOTE}"


def full_part(run: Run) -> str:
    versions = [["", "version", "distributions"]]
    versions += [[name, str(facts["version"]), str(facts["distributions"])] for name, facts in run.contestants.items()]
    wanted = [["ratio", "wanted", "measured", "reached"]]
    wanted += [
        [title, limit, "-" if value is None else f"{value:.2f}", "yes" if reached else "no"]
        for title, value, limit, reached in goals(run.results)
    ]
    missing = [f"- {line}" for line in failures(run.results)]
    parts = [
        f"{run.description}. CPU time of the client process; latencies are wall time. ± is half of the range of the\n"
        "middle half of the values; all values are in `results.json`.",
        "### Import and first call",
        table(run.results, STARTS),
        "### A call",
        table(run.results, CALLS),
        "### A chunk of a stream, µs",
        table(run.results, CHUNKS),
        "### A chunk of a stream with one event every ms, µs",
        table(run.results, PACED),
        "### Where others are ahead",
        "\n".join(f"- {line}" for line in ahead(run.results)) or "Nowhere in this run.",
        "### Versions, with the distributions that each brings into an empty environment",
        markdown(versions),
        "### What was to be reached",
        markdown(wanted),
        *(["### Not measured", "\n".join(missing)] if missing else []),
    ]
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[Run], str]] = {
    "benchmarks/README.md": full_part,
    "docs/performance.md": performance_part,
    "README.md": readme_part,
}


def chart(run: Run) -> str:
    caption = f"CPU time, shorter is better. {run.description}."
    return draw_speed(run.results, run.protocols, caption).svg()


def growth_part(growth: GrowthRun) -> str:
    """A table of each line: its sizes, and its numbers at each; and what the run is of."""
    rows = [["", "", *(f"{place}. size" for place in range(1, 5))]]
    for name, line in LINES.items():
        sizes = growth.lines.get(name, {})
        if sizes:
            rows.append([f"**{line.title}**", "", *(f"{int(size):,}" for size in sizes)])
        for key, unit in line.values.items():
            cells = [growth_cell(values, key) for values in sizes.values()]
            rows += [["", unit, *cells]] if any(one != "-" for one in cells) else []
    about = growth.about
    run = f"One run of {about['date']}, CPython {about['python']}, {about['machine']}; sources `{about['sources']}`."
    return f"{markdown([[*row, *[''] * (6 - len(row))] for row in rows])}\n\n{run}"


def growth_cell(values: Values, key: str) -> str:
    return "-" if isinstance(values, str) else cell(values.get(key))


def growth_chart(lines: Lines) -> str:
    panels = []
    for name, line in LINES.items():
        key, unit = next(iter(line.values.items()))
        found = {f"{int(size):,}": v[key] for size, v in lines.get(name, {}).items() if not isinstance(v, str)}
        if found:
            panels.append(Panel(f"{unit}, by {line.title}", found))
    return draw_growth(panels, "Level bars: the cost of one does not depend on how many there are.").svg()


def count_part(counts: Counts, page: str) -> str:
    chosen = COUNT_PAGES[page]
    table_of_counts = markdown(list(count_rows(counts, chosen) if chosen else count_rows(counts)))
    libraries = {name: version for name, version in counts.versions.items() if "," not in name and "raw" not in name}
    versions = ", ".join(f"{name} {version}" for name, version in libraries.items())
    days = sorted(set(counts.dates.values()))
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{table_of_counts}\n\nCounted by {counts.valgrind}, CPython {counts.python}, {when}; {versions}."


def cache_part(run: CacheRun) -> str:
    """What a hit costs, the ratios that were wanted, and what the run is of."""
    measured = [["", "µs"], *([title, cell(run.results[key])] for key, title in TITLES.items() if key in run.results)]
    wanted = [["ratio", "wanted", "measured", "reached"]]
    wanted += [
        [title, limit, "-" if value is None else f"{value:.2f}", "yes" if reached else "no"]
        for title, value, limit, reached in cache_goals(run.results)
    ]
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    about = f"One run of {run.rounds} rounds, {run.date}, CPython {run.python}, {run.machine}; {versions}."
    return f"{markdown(measured)}\n\n{markdown(wanted)}\n\n{about}"


def page_with_caches(text: str, part: str) -> str:
    return CACHE_BLOCK.sub(lambda _: f"\n{part}\n\n", text)


def page_with_counts(text: str, part: str) -> str:
    return COUNT_BLOCK.sub(lambda _: f"\n{part}\n\n", text)


def page_with_growth(text: str, part: str) -> str:
    return GROWTH_BLOCK.sub(lambda _: f"\n{part}\n\n", text)


def page_with_part(text: str, part: str) -> str:
    """The page with the part between its marks; a page without marks stays as it is."""
    return BLOCK.sub(lambda _: f"\n{part}\n", text)


def main() -> None:
    run = Run.load()
    CHART.write_text(chart(run), encoding="utf-8")
    for name, write_part in PAGES.items():
        page = ROOT / name
        page.write_text(page_with_part(page.read_text(encoding="utf-8"), write_part(run)), encoding="utf-8")
    if COUNTED.exists():
        for name in COUNT_PAGES:
            text = (ROOT / name).read_text(encoding="utf-8")
            (ROOT / name).write_text(page_with_counts(text, count_part(Counts.load(), name)), encoding="utf-8")
    if CACHES.exists():
        text = CACHE_PAGE.read_text(encoding="utf-8")
        CACHE_PAGE.write_text(page_with_caches(text, cache_part(CacheRun.load())), encoding="utf-8")
    if STORED.exists():
        growth = GrowthRun.load()
        GROWTH_CHART.write_text(growth_chart(growth.lines), encoding="utf-8")
        text = GROWTH_PAGE.read_text(encoding="utf-8")
        GROWTH_PAGE.write_text(page_with_growth(text, growth_part(growth)), encoding="utf-8")


if __name__ == "__main__":
    main()
