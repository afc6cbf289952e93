"""Writes a table for each host: limits and kinds of its models under its own names, each with source and date.

LiteLLM and models.dev list models by host. A row counts only for the host that it names. Where sources disagree, the
larger window and output limit count: one that is too small cuts answers, keeps a router from a model that fits and
bounds costs too low, and one that is too large is refused by the provider with the right number. Of input limits the
smaller one counts, because lists repeat the window there. The windows of genai-prices are round and of whole families:
they count where no other list has one. A chat model's output limit that is above its context
window is left out, and so is the output limit of an embedding, where lists give dimensions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from genai_prices.data_snapshot import get_snapshot

from .lists import KINDS, Entry, Fact

# LiteLLM's provider: ours, and the prefix of its keys.
LITELLM: dict[str, tuple[str, str]] = {
    "openai": ("openai", ""),
    "anthropic": ("anthropic", ""),
    "gemini": ("google_ai", "gemini/"),
    "vertex_ai": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-language-models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-anthropic_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-mistral_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-llama_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-embedding-models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-video-models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-deepseek_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-qwen_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-openai_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-zai_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-minimax_models": ("google_vertex_ai", "vertex_ai/"),
    "vertex_ai-moonshot_models": ("google_vertex_ai", "vertex_ai/"),
    "azure": ("microsoft_openai", "azure/"),
    "azure_ai": ("microsoft_azure_ai", "azure_ai/"),
    "bedrock": ("amazon_bedrock", "bedrock/"),
    "bedrock_converse": ("amazon_bedrock", "bedrock/"),
    "mistral": ("mistral", "mistral/"),
    "xai": ("xai", "xai/"),
    "deepseek": ("deepseek", "deepseek/"),
    "dashscope": ("alibaba", "dashscope/"),
    "moonshot": ("moonshot", "moonshot/"),
    "zai": ("zai", "zai/"),
    "minimax": ("minimax", "minimax/"),
    "meta": ("meta", "meta/"),
    "cohere": ("cohere", "cohere/"),
    "cohere_chat": ("cohere", "cohere/"),
    "perplexity": ("perplexity", "perplexity/"),
    "voyage": ("voyage", "voyage/"),
    "deepgram": ("deepgram", "deepgram/"),
    "together_ai": ("together", "together_ai/"),
    "fireworks_ai": ("fireworks", "fireworks_ai/"),
    "fireworks_ai-embedding-models": ("fireworks", "fireworks_ai/"),
    "groq": ("groq", "groq/"),
    "cerebras": ("cerebras", "cerebras/"),
    "deepinfra": ("deepinfra", "deepinfra/"),
    "nvidia_nim": ("nvidia", "nvidia_nim/"),
    "sambanova": ("sambanova", "sambanova/"),
}
MODELS_DEV = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google_ai",
    "google-vertex": "google_vertex_ai",
    "google-vertex-anthropic": "google_vertex_ai",
    "azure": "microsoft_openai",
    "azure-cognitive-services": "microsoft_azure_ai",
    "amazon-bedrock": "amazon_bedrock",
    "mistral": "mistral",
    "xai": "xai",
    "deepseek": "deepseek",
    "alibaba": "alibaba",
    "moonshotai": "moonshot",
    "zai": "zai",
    "minimax": "minimax",
    "llama": "meta",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "togetherai": "together",
    "fireworks-ai": "fireworks",
    "groq": "groq",
    "cerebras": "cerebras",
    "deepinfra": "deepinfra",
    "nvidia": "nvidia",
    "openrouter": "openrouter",
    "github-models": "github_models",
}
# genai-prices has context windows of makers.
PRICES = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google_ai",
    "mistral": "mistral",
    "x-ai": "xai",
    "deepseek": "deepseek",
    "cohere": "cohere",
    "moonshotai": "moonshot",
    "zai": "zai",
    "minimax": "minimax",
    "meta": "meta",
    "alibaba": "alibaba",
    "groq": "groq",
    "cerebras": "cerebras",
}
REGION = re.compile(r"^(?:us|eu|apac|global|jp|au|ca|in|us-gov)\.")
LATEST = re.compile(r"\blatest\b")
# Where prompts and answers are limited separately, the prompt may not fill the window.
SEPARATE = ("openai", "microsoft_openai")
LARGER = ("context_window", "max_output_tokens")
WITHOUT_ANSWER = ("embedding", "moderation", "rerank")
Rows = dict[str, dict[str, dict[str, Any]]]
"""The host's name of a model, to source, to name of the fact, to value."""


def is_moving(host: str, name: str, moving: Mapping[str, list[str]]) -> bool:
    """Whether a name stands for changing models: facts about one of them may be wrong for the next."""
    return LATEST.search(name.lower()) is not None or name in moving.get(host, ())


def write_hosts(
    folder: Path, listed: Any, dev: Any, by_hand: Any, sources: Mapping[str, Mapping[str, str]], date: str
) -> None:
    """Write the table of each host, without moving names; aliases are written with what they stand for."""
    hosts: dict[str, Rows] = {}
    spellings: dict[tuple[str, str], str] = {}
    for source, host, name, facts in rows_of(listed, dev):
        if (
            name in by_hand["wrong"].get(host, ())
            or is_moving(host, name, by_hand["moving"])
            or name in by_hand["moving"].get(f"limits of {host}", ())
        ):
            continue
        # Lists differ in capital letters only: the first spelling counts.
        name = spellings.setdefault((host, name.lower()), name)
        known = hosts.setdefault(host, {}).setdefault(name, {}).setdefault(source, {})
        for fact, value in facts:
            if value not in (None, [], 0):
                known[fact] = merged(fact, known.get(fact), value)
    for host, given in by_hand["rows"].items():
        for name, (source, by_hand_facts) in given.items():
            hosts[host].setdefault(name, {})[source] = dict(by_hand_facts)
    folder.mkdir(exist_ok=True)
    for host, rows in sorted(hosts.items()):
        settle(rows)
        aliases, alias_sources = price_aliases(folder.parent / "prices" / f"{host}.json")
        text = written(host, date, {**sources, **by_hand["sources"], **alias_sources}, rows, aliases)
        (folder / f"{host}.json").write_text(text, encoding="utf-8")


def price_aliases(table: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the aliases of the host's table of prices, so that a name has the facts and the price of one model."""
    prices = json.loads(table.read_text(encoding="utf-8")) if table.exists() else {}
    aliases = {
        name.lower(): [{**move, "source": f"prices: {move['source']}"} for move in moves]
        for name, moves in prices.get("aliases", {}).items()
    }
    sources = {
        f"prices: {key}": {k: one[k] for k in ("name", "date")} for key, one in prices.get("sources", {}).items()
    }
    return aliases, sources


def rows_of(listed: Any, dev: Any) -> Iterator[tuple[str, str, str, Iterator[Fact]]]:
    """Return source, host, the host's name of the model, and facts."""
    for key, entry in listed.items():
        if found := LITELLM.get(entry.get("litellm_provider", "")):
            host, prefix = found
            name = plain(host, key.removeprefix(prefix))
            if not (host in ("openai", "amazon_bedrock", "microsoft_openai") and "/" in name):
                yield "litellm", host, name, litellm_row(host, entry)
    for seller, host in MODELS_DEV.items():
        for key, entry in dev.get(seller, {}).get("models", {}).items():
            yield "models.dev", host, plain(host, key), models_dev_row(entry)
    for provider in get_snapshot().providers:
        for model in provider.models if provider.id in PRICES else ():
            # Its provider "google" has Claude too, which only Vertex AI serves.
            if model.context_window and (PRICES[provider.id] == "anthropic" or not model.id.startswith("claude")):
                yield "prices", PRICES[provider.id], model.id, iter([("context_window", model.context_window)])


def plain(host: str, name: str) -> str:
    return REGION.sub("", name) if host == "amazon_bedrock" else name


def litellm_row(host: str, entry: Entry) -> Iterator[Fact]:
    read = number(entry.get("max_input_tokens"))
    yield "functional_type", KINDS.get(entry.get("mode", ""))
    yield "context_window", None if host in SEPARATE else read
    yield "max_input_tokens", read
    yield "max_output_tokens", number(entry.get("max_output_tokens"))
    yield "tools", entry.get("supports_function_calling")
    yield "structured_output", entry.get("supports_response_schema")
    yield "retires", entry.get("deprecation_date")


def models_dev_row(entry: Entry) -> Iterator[Fact]:
    limit = entry.get("limit", {})
    yield "context_window", number(limit.get("context"))
    yield "max_input_tokens", number(limit.get("input"))
    yield "max_output_tokens", number(limit.get("output"))
    yield "tools", entry.get("tool_call")
    yield "structured_output", entry.get("structured_output")


def number(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def merged(fact: str, known: Any, value: Any) -> Any:
    """Return the value of a fact that one source has twice, such as in two regions."""
    if known is None or known == value:
        return value
    if fact == "max_input_tokens":
        return min(known, value)
    return max(known, value) if fact in LARGER else known


def settle(rows: Rows) -> None:
    """Keep each fact once: of the source whose value counts."""
    for by_source in rows.values():
        if len(values(by_source, "context_window")) > 1:
            by_source.get("prices", {}).pop("context_window", None)
        drop_impossible_outputs(by_source)
        for fact in {fact for facts in by_source.values() for fact in facts}:
            having = {source: facts[fact] for source, facts in by_source.items() if fact in facts}
            counts = next(iter(having.values()))
            for value in having.values():
                counts = merged(fact, counts, value)
            first = next(source for source, value in having.items() if value == counts)
            for source in having.keys() - {first}:
                del by_source[source][fact]
        fit_window(by_source)
        for source in [source for source, facts in by_source.items() if not facts]:
            del by_source[source]
    for name in [name for name, by_source in rows.items() if not by_source]:
        del rows[name]


def values(by_source: Mapping[str, Mapping[str, Any]], fact: str) -> list[Any]:
    return [facts[fact] for facts in by_source.values() if fact in facts]


def drop_impossible_outputs(by_source: dict[str, dict[str, Any]]) -> None:
    """Remove output limits that no model can have: above the context window, or of a model that does not answer."""
    kind = next(iter(values(by_source, "functional_type")), "text_generation")
    window = max([*values(by_source, "context_window"), *values(by_source, "max_input_tokens")], default=None)
    for facts in by_source.values():
        most = facts.get("max_output_tokens")
        above = kind == "text_generation" and None not in (most, window) and most > window
        if most is not None and (above or kind in WITHOUT_ANSWER):
            del facts["max_output_tokens"]


def fit_window(by_source: dict[str, dict[str, Any]]) -> None:
    """Raise a context window that is smaller than the input limit of another source to that limit."""
    most = max(values(by_source, "max_input_tokens"), default=0)
    if max(values(by_source, "context_window"), default=most) < most:
        for facts in by_source.values():
            facts.pop("context_window", None)
        source = next(source for source, facts in by_source.items() if facts.get("max_input_tokens") == most)
        by_source[source]["context_window"] = most


def written(host: str, date: str, sources: Mapping[str, Any], rows: Rows, aliases: Mapping[str, Any]) -> str:
    """Write one line per model, so that a changed fact changes one line."""
    used = {source for facts in rows.values() for source in facts}
    used |= {one["source"] for times in aliases.values() for one in times}
    told = {key: source for key, source in sources.items() if key in used}
    lines = [f"    {json.dumps(name)}: {compact(ordered(facts))}" for name, facts in sorted(rows.items())]
    moved = [f"    {json.dumps(name)}: {compact(times)}" for name, times in sorted(aliases.items())]
    return "\n".join(
        [
            "{",
            f'  "host": {json.dumps(host)},',
            f'  "date": {json.dumps(date)},',
            f'  "sources": {json.dumps(told)},',
            '  "models": {',
            ",\n".join(lines),
            "  },",
            '  "aliases": {' + ("\n" + ",\n".join(moved) + "\n  }" if moved else "}"),
            "}",
            "",
        ]
    )


def ordered(by_source: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {source: dict(sorted(facts.items())) for source, facts in sorted(by_source.items())}


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
