"""Exports of OpenAI and Anthropic: answers of their usage and cost reports, and CSV files of their consoles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from ...exceptions import Json
from .exports import (
    ExportBuilder,
    ExportError,
    ExportRow,
    UsageExport,
    number_in,
    pages_of,
    require_columns,
    table_of,
    text_in,
    time_in,
)

OPENAI = "openai"
COMPLETION_AMOUNTS: Final = {
    "requests": "num_model_requests",
    "input_tokens": "input_tokens",
    "cache_read_tokens": "input_cached_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "output_tokens": "output_tokens",
    "output_audio_tokens": "output_audio_tokens",
}
"""Our names of amounts, and those of the export. Its `input_tokens` and `output_tokens` are all tokens."""

RESULTS: Final[Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]]] = {
    "organization.usage.completions.result": (COMPLETION_AMOUNTS, ("chat", "batch")),
    "organization.usage.embeddings.result": (
        {"requests": "num_model_requests", "input_tokens": "input_tokens"},
        ("embed",),
    ),
    "organization.usage.images.result": ({"requests": "num_model_requests", "images": "images"}, ("image",)),
    "organization.usage.audio_speeches.result": (
        {"requests": "num_model_requests", "characters": "characters"},
        ("speak",),
    ),
    "organization.usage.audio_transcriptions.result": (
        {"requests": "num_model_requests", "seconds": "seconds"},
        ("transcribe",),
    ),
}
"""For each kind of result: its amounts, and the operations of calls that it counts."""

COSTS = "organization.costs.result"
OPENAI_PLACES = ("object", "project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "size", "source")
PARTS = (
    *("input_uncached_tokens", "input_text_tokens", "output_text_tokens", "input_cached_text_tokens"),
    *("input_cached_audio_tokens", "input_image_tokens", "input_cached_image_tokens", "output_image_tokens"),
    *("input_cache_write_tokens", "input_cache_write_30m_tokens", "input_cache_write_12h_tokens", "api_source"),
)
"""Fields that repeat or split others, and are not compared."""

OPENAI_COST_FIELDS = (*OPENAI_PLACES, "amount", "line_item", "quantity", "quantity_unit", "api_source")
TIMES = ("start_time", "end_time", "start_time_iso", "end_time_iso")
ORGANIZATION = ("organization_id", "organization_name", "project_name", "api_key_name", "user_name", "user_email")
COST_COLUMNS = (*TIMES, *ORGANIZATION, "amount_value", "amount_currency", *OPENAI_COST_FIELDS[1:])
FLOAT_ROUNDING = Decimal("0.000001")
"""Costs are floating point numbers."""


def read_openai_json(text: str) -> UsageExport:
    """Reads answers of the usage or costs API.

    Raises:
        ExportError: If the text has another format.
    """
    builder = ExportBuilder(OPENAI)
    for page in pages_of(text, OPENAI):
        builder.complete = not page.get("has_more")
        builder.note_unknown(page, ("object", "data", "has_more", "next_page"))
        for bucket in page["data"]:
            read_openai_bucket(builder, bucket)
    return builder.build(FLOAT_ROUNDING if builder.kind == "costs" else Decimal(0))


def read_openai_bucket(builder: ExportBuilder, bucket: Json) -> None:
    """Reads the results of one time."""
    if not isinstance(bucket, dict) or "start_time" not in bucket or "end_time" not in bucket:
        raise ExportError("openai: a bucket of the export has no start_time and end_time. Save whole answers.")
    begins, ends = (time_in(bucket[name], "openai: a bucket of the export") for name in ("start_time", "end_time"))
    builder.note_unknown(bucket, (*TIMES, "object", "results", "result"))
    builder.spans.append((begins, ends))
    results = bucket.get("results") or bucket.get("result") or []
    if results:
        builder.note_repeated(begins, bucket)
    for result in results:
        kind = result.get("object")
        where = f"openai: the bucket of {begins:%Y-%m-%d %H:%M}"
        if kind == COSTS:
            builder.kind = "costs"
            builder.note_unknown(result, (*OPENAI_COST_FIELDS, *ORGANIZATION))
            amount = result.get("amount") or {}
            cost = cost_in(amount, "value", amount.get("currency"), where)
            model = model_of_item(text_in(result, "line_item"))
            builder.rows.append(ExportRow(begins, ends, {"cost": cost}, model, text_in(result, "api_key_id")))
        elif kind in RESULTS:
            amounts, operations = RESULTS[kind]
            builder.operations.update(operations)
            builder.note_unknown(result, (*OPENAI_PLACES, *PARTS, *ORGANIZATION, *amounts.values()))
            read = {name: number_in(result, theirs, where) for name, theirs in amounts.items() if theirs in result}
            batch = result.get("batch")
            model, key = text_in(result, "model"), text_in(result, "api_key_id")
            builder.rows.append(ExportRow(begins, ends, read, model, key, None if batch is None else bool(batch)))
        else:
            builder.skipped.add(str(kind))


def read_openai_csv(text: str) -> UsageExport:
    """Reads a CSV file of the dashboard: usage of completions, or costs.

    Raises:
        ExportError: If the text has another format.
    """
    columns, rows = table_of(text)
    builder = ExportBuilder(OPENAI)
    if "amount_value" in columns:
        builder.kind = "costs"
        require_columns(columns, ("start_time", "end_time", "amount_value"), "openai, costs")
        builder.note_unknown(columns, COST_COLUMNS)
    else:
        needed = ("start_time", "end_time", "num_model_requests", "input_tokens", "output_tokens")
        require_columns(columns, needed, "openai, usage of completions")
        builder.note_unknown(columns, (*TIMES, *ORGANIZATION, *OPENAI_PLACES, *PARTS, *COMPLETION_AMOUNTS.values()))
        builder.operations.update(("chat", "batch"))
    for line, row in rows:
        where = f"openai: line {line} of the export"
        begins, ends = time_in(row["start_time"], where), time_in(row["end_time"], where)
        builder.spans.append((begins, ends))
        key = text_in(row, "api_key_id")
        if builder.kind == "costs":
            if row["amount_value"]:
                cost = cost_in(row, "amount_value", row.get("amount_currency"), where)
                model = model_of_item(text_in(row, "line_item"))
                builder.rows.append(ExportRow(begins, ends, {"cost": cost}, model, key))
        elif row["num_model_requests"]:
            builder.note_repeated(begins, dict(row))
            named = {name: theirs for name, theirs in COMPLETION_AMOUNTS.items() if theirs in columns}
            read = {name: number_in(row, theirs, where) for name, theirs in named.items()}
            batch = row.get("batch", "").lower()
            is_batch = None if batch == "" else batch in ("true", "1")
            builder.rows.append(ExportRow(begins, ends, read, text_in(row, "model"), key, is_batch))
    return builder.build(FLOAT_ROUNDING if builder.kind == "costs" else Decimal(0))


def cost_in(fields: Mapping[str, Json], name: str, currency: Json, where: str) -> Decimal:
    """An amount of US dollars.

    Raises:
        ExportError: If it is in another currency.
    """
    if str(currency or "usd").lower() != "usd":
        raise ExportError(f"{where}: the amount is in {currency}. Ledgers are in US dollars.")
    return number_in(fields, name, where)


def model_of_item(item: str | None) -> str | None:
    """The model of a line item such as `gpt-5-mini-2025-08-07, input`."""
    return None if item is None else item.partition(",")[0].strip()


ANTHROPIC = "anthropic"
CENTS = Decimal(100)
CENT_ROUNDING = Decimal("0.005")
API_ROUNDING = Decimal("0.000001")
DAY = timedelta(days=1)
ANTHROPIC_PLACES = (
    *("api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo", "speed"),
    *("account_id", "service_account_id"),
)
USAGE_FIELDS = ("uncached_input_tokens", "cache_read_input_tokens", "cache_creation", "output_tokens")
CACHE_FIELDS = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
TOOL_FIELDS = ("web_search_requests",)
ANTHROPIC_COST_FIELDS = ("amount", "currency", "cost_type", "description", "token_type")

CSV_TOKENS: Final = {
    "cache_write_tokens": "usage_input_tokens_cache_write_5m",
    "cache_write_1h_tokens": "usage_input_tokens_cache_write_1h",
    "cache_read_tokens": "usage_input_tokens_cache_read",
}
CSV_PLACES = (
    *("usage_date_utc", "api_key", "workspace", "usage_type", "context_window", "inference_geo", "speed"),
    *("api_key_id", "api_key_status"),
)
CSV_COSTS = (*CSV_PLACES, "model", "token_type", "cost_usd", "list_price_usd", "cost_type")
CSV_USAGE = (
    *CSV_PLACES,
    *CSV_TOKENS.values(),
    *("model_version", "usage_input_tokens_no_cache", "usage_output_tokens", "web_search_count"),
)


def read_anthropic_json(text: str) -> UsageExport:
    """Reads answers of the usage or the cost report.

    Raises:
        ExportError: If the text has another format.
    """
    builder = ExportBuilder(ANTHROPIC, operations={"chat", "batch"})
    for page in pages_of(text, ANTHROPIC):
        builder.complete = not page.get("has_more")
        builder.note_unknown(page, ("data", "has_more", "next_page"))
        for bucket in page["data"]:
            read_anthropic_bucket(builder, bucket)
    return builder.build(API_ROUNDING if builder.kind == "costs" else Decimal(0))


def read_anthropic_bucket(builder: ExportBuilder, bucket: Json) -> None:
    """Reads the results of one time."""
    if not isinstance(bucket, dict) or "starting_at" not in bucket or "ending_at" not in bucket:
        raise ExportError("anthropic: a bucket of the export has no starting_at and ending_at. Save whole answers.")
    begins, ends = (time_in(bucket[name], "anthropic: a bucket") for name in ("starting_at", "ending_at"))
    builder.note_unknown(bucket, ("starting_at", "ending_at", "results"))
    builder.spans.append((begins, ends))
    results = bucket.get("results") or []
    if results:
        builder.note_repeated(begins, bucket)
    for result in results:
        where = f"anthropic: the bucket of {begins:%Y-%m-%d %H:%M}"
        model, key, tier = (text_in(result, name) for name in ("model", "api_key_id", "service_tier"))
        if "amount" in result:
            builder.kind = "costs"
            builder.operations.clear()
            builder.note_unknown(result, (*ANTHROPIC_PLACES, *ANTHROPIC_COST_FIELDS))
            if (currency := text_in(result, "currency") or "USD") != "USD":
                raise ExportError(f"{where}: the amount is in {currency}. Ledgers are in US dollars.")
            amounts = {"cost": number_in(result, "amount", where) / CENTS}
        elif "uncached_input_tokens" in result:
            builder.note_unknown(result, (*ANTHROPIC_PLACES, *USAGE_FIELDS, "server_tool_use"))
            amounts = usage_amounts(builder, result, where)
        else:
            raise ExportError(f"{where}: a result has neither tokens nor an amount. Save answers of the usage report.")
        batch = None if tier is None else tier == "batch"
        builder.rows.append(ExportRow(begins, ends, amounts, model, key, batch))


def usage_amounts(builder: ExportBuilder, result: Mapping[str, Json], where: str) -> dict[str, Decimal]:
    """The tokens and searches of one result."""
    written, tools = result.get("cache_creation") or {}, result.get("server_tool_use") or {}
    builder.note_unknown(written, CACHE_FIELDS)
    builder.note_unknown(tools, TOOL_FIELDS)
    read = {
        "cache_read_tokens": number_in(result, "cache_read_input_tokens", where),
        "cache_write_tokens": number_in(written, "ephemeral_5m_input_tokens", where),
        "cache_write_1h_tokens": number_in(written, "ephemeral_1h_input_tokens", where),
    }
    return {
        "input_tokens": number_in(result, "uncached_input_tokens", where) + sum(read.values()),
        **read,
        "output_tokens": number_in(result, "output_tokens", where),
        "web_searches": number_in(tools, "web_search_requests", where),
    }


def read_anthropic_csv(text: str) -> UsageExport:
    """Reads a CSV file of the console: usage or costs, by day.

    Raises:
        ExportError: If the text has another format.
    """
    columns, rows = table_of(text)
    builder = ExportBuilder(ANTHROPIC, operations={"chat", "batch"})
    if "cost_usd" in columns:
        builder.kind = "costs"
        builder.operations.clear()
        require_columns(columns, ("usage_date_utc", "model", "cost_usd"), "anthropic, costs")
        builder.note_unknown(columns, CSV_COSTS)
    else:
        needed = ("usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens")
        require_columns(columns, needed, "anthropic, usage")
        builder.note_unknown(columns, CSV_USAGE)
    for line, row in rows:
        where = f"anthropic: line {line} of the export"
        begins = time_in(row["usage_date_utc"], where)
        builder.spans.append((begins, begins + DAY))
        kind = (text_in(row, "usage_type") or "").lower()
        batch = None if kind in ("", "message") else kind == "batch"
        name = text_in(row, "api_key")
        key = text_in(row, "api_key_id") or name
        if builder.kind == "costs":
            amounts = {"cost": number_in(row, "cost_usd", where)}
            builder.rows.append(ExportRow(begins, begins + DAY, amounts, text_in(row, "model"), key, key_name=name))
            continue
        builder.note_repeated(begins, dict(row))
        read = {name: number_in(row, theirs, where) for name, theirs in CSV_TOKENS.items() if theirs in columns}
        amounts = {
            "input_tokens": number_in(row, "usage_input_tokens_no_cache", where) + sum(read.values()),
            **read,
            "output_tokens": number_in(row, "usage_output_tokens", where),
        }
        if "web_search_count" in columns:
            amounts["web_searches"] = number_in(row, "web_search_count", where)
        builder.rows.append(ExportRow(begins, begins + DAY, amounts, text_in(row, "model_version"), key, batch, name))
    return builder.build(CENT_ROUNDING if builder.kind == "costs" else Decimal(0))
