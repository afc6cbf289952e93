"""The results, as a table for people and as verdicts on what was to be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Results = Mapping[str, Mapping[str, Mapping[str, float] | str]]

COLUMNS = (
    ("stream_1", "cpu_us", "chunk, 1 stream, µs"),
    ("stream_1_async", "cpu_us", "chunk, 1 async, µs"),
    ("stream_200", "cpu_us", "chunk, 200 async, µs"),
    ("call_1", "cpu_us", "call, sync, µs"),
    ("call_1", "latency_ms", "latency, sync, ms"),
    ("call_1_async", "cpu_us", "call, async, µs"),
    ("call_500", "cpu_us", "call, 500 async, µs"),
    ("call_500", "latency_ms", "latency, 500, ms"),
    ("import", "cpu_ms", "import, ms"),
    ("import", "memory_mb", "import, MB"),
    ("first", "cpu_ms", "interpreter + import + first call, ms"),
    ("first", "memory_mb", "first call, MB"),
)
OURS, BARE, OPENAI = "dhenara", "bare httpx2 + json", "openai"


def number(results: Results, name: str, scenario: str, key: str) -> float | None:
    found = results.get(name, {}).get(scenario)
    return found[key] if isinstance(found, Mapping) and key in found else None


def table(results: Results) -> str:
    """A Markdown table, which reads well on a terminal too. CPU time of the client process."""
    heads = ["", *(title for _, _, title in COLUMNS)]
    rows = [[name, *(cell(number(results, name, s, k)) for s, k, _ in COLUMNS)] for name in results]
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    lines = [" | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in [heads, *rows]]
    rule = " | ".join("-" * max(3, width) for width in widths)
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])


def cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def failures(results: Results) -> Iterator[str]:
    for name, scenarios in results.items():
        for scenario, found in scenarios.items():
            if isinstance(found, str):
                yield f"{name}: {scenario}: {found}"


def verdicts(results: Results) -> Iterator[str]:
    """What was to be reached, and whether it was."""
    peers = [name for name in results if name not in (OURS, BARE)]
    for scenario, title in (("stream_1", "1 stream"), ("stream_1_async", "1 async"), ("stream_200", "200 async")):
        yield ratio(results, f"chunk, {title}: ours / bare httpx2 + json", scenario, OURS, BARE, most=1.5)
        yield ratio(results, f"chunk, {title}: openai / ours", scenario, OPENAI, OURS, least=5.0)
    for scenario, title in (("call_1", "sync"), ("call_1_async", "async"), ("call_500", "500 async")):
        yield ratio(results, f"call, {title}: ours / bare httpx2", scenario, OURS, BARE, most=1.3)
        for peer in peers:
            yield ratio(results, f"call, {title}: ours / {peer}", scenario, OURS, peer, most=1.0)
    alone, crowd = (number(results, OURS, s, "cpu_us") for s in ("call_1_async", "call_500"))
    yield verdict("a call of ours at 500 in flight / at 1", crowd and alone and crowd / alone, most=2.0)
    yield ratio(
        results, "interpreter + import + first call: ours / openai", "first", OURS, OPENAI, most=0.5, key="cpu_ms"
    )


def ratio(
    results: Results, title: str, scenario: str, above: str, below: str, key: str = "cpu_us", **limit: float
) -> str:
    upper, lower = number(results, above, scenario, key), number(results, below, scenario, key)
    return verdict(title, upper / lower if upper and lower else None, **limit)


def verdict(title: str, value: float | None, most: float | None = None, least: float | None = None) -> str:
    wanted = f"at most {most:g}" if most is not None else f"at least {least:g}"
    if value is None:
        return f"  ?       {title}: not measured ({wanted})"
    reached = value <= most if most is not None else value >= (least or 0)
    return f"  {'ok' if reached else 'MISSED':8s}{title}: {value:.2f} ({wanted})"
