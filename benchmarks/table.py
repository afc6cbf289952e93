"""The results, as tables for people and as verdicts on what was to be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .environments import CONTESTANTS

Results = Mapping[str, Mapping[str, Mapping[str, float] | str]]
Column = tuple[str, str, str]
"""Scenario, key of its numbers, title."""

STARTS: tuple[Column, ...] = (
    ("import", "cpu_ms", "import, ms"),
    ("import", "usable_ms", "import + client, ms"),
    ("import", "memory_mb", "import + client, MB"),
    ("first", "cpu_ms", "interpreter + import + first call, ms"),
    ("first", "memory_mb", "first call, MB"),
)
CALLS: tuple[Column, ...] = (
    ("call_1", "cpu_us", "sync, µs"),
    ("call_1", "latency_ms", "sync, latency, ms"),
    ("call_1", "new_connections", "sync, connections opened"),
    ("call_responses", "cpu_us", "sync, Responses, µs"),
    ("call_anthropic", "cpu_us", "sync, Anthropic, µs"),
    ("call_gemini", "cpu_us", "sync, Gemini, µs"),
    ("call_1_async", "cpu_us", "async, µs"),
    ("call_500", "cpu_us", "500 in flight, µs"),
    ("call_500", "latency_ms", "500 in flight, latency, ms"),
    ("call_500", "new_connections", "500 in flight, connections opened"),
)
CHUNKS: tuple[Column, ...] = (
    ("stream_1", "cpu_us", "Chat"),
    ("stream_1_async", "cpu_us", "Chat, async"),
    ("stream_200", "cpu_us", "Chat, 200 streams"),
    ("stream_responses", "cpu_us", "Responses"),
    ("stream_responses_async", "cpu_us", "Responses, async"),
    ("stream_anthropic", "cpu_us", "Anthropic"),
    ("stream_anthropic_async", "cpu_us", "Anthropic, async"),
    ("stream_gemini", "cpu_us", "Gemini"),
    ("stream_gemini_async", "cpu_us", "Gemini, async"),
)
PACED: tuple[Column, ...] = (
    ("stream_paced", "cpu_us", "Chat, one event every ms"),
    ("stream_paced_responses", "cpu_us", "Responses, one event every ms"),
    ("stream_paced_anthropic", "cpu_us", "Anthropic, one event every ms"),
    ("stream_paced_gemini", "cpu_us", "Gemini, one event every ms"),
)
COLUMNS = (*STARTS, *CALLS, *CHUNKS, *PACED)
KINDS = {"import": "start:", "first": "start:", "call": "calls:", "stream": "chunks:"}
OURS, KIT, SOCKET, BARE, OPENAI = "dhenara", "ai_utilities", "raw socket", "httpx2 + json", "openai"
OUR_CHUNKS, OUR_EVENTS, KIT_STORES = "dhenara, chunks", "dhenara, SSE", "ai_utilities, SQLite"
OF_OURS = (OURS, OUR_CHUNKS, OUR_EVENTS, KIT, KIT_STORES)


def number(results: Results, name: str, scenario: str, key: str) -> float | None:
    sample = results.get(name, {}).get(scenario)
    return sample[key] if isinstance(sample, Mapping) and key in sample else None


def table(results: Results, columns: Sequence[Column] = COLUMNS) -> str:
    """A Markdown table, which reads well on a terminal too. CPU time of the client process."""
    used = [(s, key, title) for s, key, title in columns if any(s in scenarios for scenarios in results.values())]
    rows = [[name, *(spread_cell(results, name, s, key) for s, key, _ in used)] for name in results]
    rows = [row for row in rows if any(value != "-" for value in row[1:])]
    return markdown([["", *(title for _, _, title in used)], *rows])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first is its head."""
    widths = [max(3, *(len(row[place]) for row in rows)) for place in range(len(rows[0]))]
    lines = [" | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])


def cell(value: float | None, key: str = "") -> str:
    if value is None:
        return "-"
    if key == "new_connections":
        return f"{value:.0f}"
    if value < 1:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def spread_cell(results: Results, name: str, scenario: str, key: str) -> str:
    """The number with its spread, where there is one that shows."""
    value, spread = (number(results, name, scenario, one) for one in (key, f"{key}_spread"))
    shown = cell(value, key)
    if value is None or spread is None or spread < value / 100:
        return shown
    return f"{shown} ±{spread:.{max(0, len(shown.partition('.')[2]))}f}"


def ahead(results: Results) -> Iterator[str]:
    """Where a peer needs less than the engine does, one line each."""
    for scenario, key, title in COLUMNS:
        own = number(results, OURS, scenario, key)
        for name in results:
            other = number(results, name, scenario, key)
            if name not in (*OF_OURS, SOCKET) and own is not None and other is not None and other < own:
                kind = KINDS[scenario.partition("_")[0]]
                yield f"{name} is ahead in {kind} {title}: {cell(other)}, {OURS} {cell(own)}"


def failures(results: Results) -> Iterator[str]:
    for name, scenarios in results.items():
        for scenario, sample in scenarios.items():
            if isinstance(sample, str):
                yield f"{name}: {scenario}: {sample}"


CALL_TITLES = {
    "call_1": "sync",
    "call_responses": "sync, Responses",
    "call_anthropic": "sync, Anthropic",
    "call_gemini": "sync, Gemini",
    "call_1_async": "async",
    "call_500": "500 in flight",
}
Goal = tuple[str, float | None, str, bool]
"""Title, measured ratio, what was wanted, whether it is reached."""


def goals(results: Results) -> list[Goal]:
    """What was to be reached, and whether it was; without the ratios that were not measured."""
    return [result for result in every_goal(results) if result[1] is not None]


def every_goal(results: Results) -> Iterator[Goal]:
    for scenario, _, title in (*CHUNKS, *PACED):
        for ours in (OURS, OUR_CHUNKS, OUR_EVENTS):
            yield goal(results, f"chunk, {title}: {ours} / raw socket", scenario, ours, SOCKET, most=3.0)
    for scenario, title in CALL_TITLES.items():
        yield goal(results, f"call, {title}: dhenara / raw socket", scenario, OURS, SOCKET, most=3.0)
        yield goal(results, f"call, {title}: ai_utilities / dhenara", scenario, KIT, OURS, most=1.25)
        yield goal(results, f"call, {title}: ai_utilities, SQLite / dhenara", scenario, KIT_STORES, OURS, most=2.0)
    for scenario, _, title in (*CHUNKS, *PACED):
        yield goal(results, f"chunk, {title}: dhenara / httpx2 + json", scenario, OURS, BARE, most=1.5)
    for scenario, _, title in (*CHUNKS, *PACED):
        for ours in (OURS, OUR_CHUNKS):
            yield goal(results, f"chunk, {title}: openai / {ours}", scenario, OPENAI, ours, least=5.0)
    for scenario, title in CALL_TITLES.items():
        yield goal(results, f"call, {title}: dhenara / httpx2 + json", scenario, OURS, BARE, most=1.3)
        best = best_peer(results, scenario)
        yield goal(results, f"call, {title}: dhenara / the best peer ({best})", scenario, OURS, best, most=1.0)
    alone, many = (number(results, OURS, s, "cpu_us") for s in ("call_1_async", "call_500"))
    yield judge("call: dhenara with 500 in flight / with 1", many / alone if many and alone else None, most=2.0)
    start = "interpreter + import + first call"
    yield goal(results, f"{start}: dhenara / openai", "first", OURS, OPENAI, most=0.5, key="cpu_ms")
    yield goal(results, f"{start}: ai_utilities / openai", "first", KIT, OPENAI, most=0.7, key="cpu_ms")


def best_peer(results: Results, scenario: str) -> str:
    """The library that needs the least for a call, of those that speak the protocol which ours speaks there."""
    others = {one.name for one in CONTESTANTS if one.protocol_of(scenario) != CONTESTANTS[0].protocol_of(scenario)}
    peers = [name for name in results if name not in (*OF_OURS, SOCKET, BARE, *others)]
    return min(peers, key=lambda name: number(results, name, scenario, "cpu_us") or 1e9, default=OPENAI)


def goal(
    results: Results, title: str, scenario: str, above: str, below: str, key: str = "cpu_us", **limit: float
) -> Goal:
    upper, lower = number(results, above, scenario, key), number(results, below, scenario, key)
    return judge(title, upper / lower if upper and lower else None, **limit)


def judge(title: str, value: float | None, most: float | None = None, least: float | None = None) -> Goal:
    wanted = f"at most {most:g}" if most is not None else f"at least {least:g}"
    reached = value is not None and (value <= most if most is not None else value >= (least or 0))
    return title, value, wanted, reached


def verdicts(results: Results) -> Iterator[str]:
    return iter([verdict_line(result) for result in goals(results)])


def verdict_line(result: Goal) -> str:
    title, value, wanted, reached = result
    if value is None:
        return f"  ?       {title}: not measured ({wanted})"
    return f"  {'ok' if reached else 'MISSED':8s}{title}: {value:.2f} ({wanted})"
