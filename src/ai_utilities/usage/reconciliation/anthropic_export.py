"""Exports of Anthropic: answers of its usage and cost reports, and the CSV files of its console.

The fields are those of the Admin API (`usage_report/messages`, `cost_report`). Its reports have no number of requests.
Costs of the API are decimal texts in cents; those of the console are dollars, rounded to cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from ...value_types import Json
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

PROVIDER = "anthropic"
CENTS = Decimal(100)
CENT_ROUNDING = Decimal("0.005")
API_ROUNDING = Decimal("0.000001")
DAY = timedelta(days=1)
PLACES = (
    *("api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo", "speed"),
    *("account_id", "service_account_id"),
)
USAGE_FIELDS = ("uncached_input_tokens", "cache_read_input_tokens", "cache_creation", "output_tokens")
CACHE_FIELDS = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
TOOL_FIELDS = ("web_search_requests",)
COST_FIELDS = ("amount", "currency", "cost_type", "description", "token_type")

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
    builder = ExportBuilder(PROVIDER, operations={"chat", "batch"})
    for page in pages_of(text, PROVIDER):
        builder.complete = not page.get("has_more")
        builder.note_unknown(page, ("data", "has_more", "next_page"))
        for bucket in page["data"]:
            read_bucket(builder, bucket)
    return builder.build(API_ROUNDING if builder.kind == "costs" else Decimal(0))


def read_bucket(builder: ExportBuilder, bucket: Json) -> None:
    """Reads the results of one time."""
    if not isinstance(bucket, dict) or "starting_at" not in bucket or "ending_at" not in bucket:
        raise ExportError("anthropic: a bucket of the export has no starting_at and ending_at. Save whole answers.")
    begins, ends = (time_in(bucket[name], "anthropic: a bucket") for name in ("starting_at", "ending_at"))
    builder.note_unknown(bucket, ("starting_at", "ending_at", "results"))
    builder.spans.append((begins, ends))
    for result in bucket.get("results") or []:
        where = f"anthropic: the bucket of {begins:%Y-%m-%d %H:%M}"
        model, key, tier = (text_in(result, name) for name in ("model", "api_key_id", "service_tier"))
        if "amount" in result:
            builder.kind = "costs"
            builder.operations.clear()
            builder.note_unknown(result, (*PLACES, *COST_FIELDS))
            if (currency := text_in(result, "currency") or "USD") != "USD":
                raise ExportError(f"{where}: the amount is in {currency}. Ledgers are in US dollars.")
            amounts = {"cost": number_in(result, "amount", where) / CENTS}
        elif "uncached_input_tokens" in result:
            builder.note_unknown(result, (*PLACES, *USAGE_FIELDS, "server_tool_use"))
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
    builder = ExportBuilder(PROVIDER, operations={"chat", "batch"})
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
