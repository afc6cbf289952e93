"""Exports of OpenAI: answers of its usage and costs API, and the CSV files of its dashboard.

The fields are those of the API reference (`organization/usage/*`, `organization/costs`) and of the SDK's types; the
dashboard's CSV has the same names, with times in Unix seconds and empty rows for days without usage.
"""

from __future__ import annotations

from collections.abc import Mapping
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

PROVIDER = "openai"
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
PLACES = ("object", "project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "size", "source")
PARTS = (
    *("input_uncached_tokens", "input_text_tokens", "output_text_tokens", "input_cached_text_tokens"),
    *("input_cached_audio_tokens", "input_image_tokens", "input_cached_image_tokens", "output_image_tokens"),
    *("input_cache_write_tokens", "input_cache_write_30m_tokens", "input_cache_write_12h_tokens", "api_source"),
)
"""Fields that repeat or split others, and are not compared."""

COST_FIELDS = (*PLACES, "amount", "line_item", "quantity", "quantity_unit", "api_source")
TIMES = ("start_time", "end_time", "start_time_iso", "end_time_iso")
ORGANIZATION = ("organization_id", "organization_name", "project_name", "api_key_name", "user_name", "user_email")
COST_COLUMNS = (*TIMES, *ORGANIZATION, "amount_value", "amount_currency", *COST_FIELDS[1:])
FLOAT_ROUNDING = Decimal("0.000001")
"""Costs are floating point numbers."""


def read_openai_json(text: str) -> UsageExport:
    """Reads answers of the usage or costs API.

    Raises:
        ExportError: If the text has another format.
    """
    builder = ExportBuilder(PROVIDER)
    for page in pages_of(text, PROVIDER):
        builder.complete = not page.get("has_more")
        builder.note_unknown(page, ("object", "data", "has_more", "next_page"))
        for bucket in page["data"]:
            read_bucket(builder, bucket)
    return builder.build(FLOAT_ROUNDING if builder.kind == "costs" else Decimal(0))


def read_bucket(builder: ExportBuilder, bucket: Json) -> None:
    """Reads the results of one time."""
    if not isinstance(bucket, dict) or "start_time" not in bucket or "end_time" not in bucket:
        raise ExportError("openai: a bucket of the export has no start_time and end_time. Save whole answers.")
    begins, ends = (time_in(bucket[name], "openai: a bucket of the export") for name in ("start_time", "end_time"))
    builder.note_unknown(bucket, (*TIMES, "object", "results", "result"))
    builder.spans.append((begins, ends))
    for result in bucket.get("results") or bucket.get("result") or []:
        kind = result.get("object")
        where = f"openai: the bucket of {begins:%Y-%m-%d %H:%M}"
        if kind == COSTS:
            builder.kind = "costs"
            builder.note_unknown(result, COST_FIELDS)
            amount = result.get("amount") or {}
            cost = cost_in(amount, "value", amount.get("currency"), where)
            model = model_of_item(text_in(result, "line_item"))
            builder.rows.append(ExportRow(begins, ends, {"cost": cost}, model, text_in(result, "api_key_id")))
        elif kind in RESULTS:
            amounts, operations = RESULTS[kind]
            builder.operations.update(operations)
            builder.note_unknown(result, (*PLACES, *PARTS, *amounts.values()))
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
    builder = ExportBuilder(PROVIDER)
    if "amount_value" in columns:
        builder.kind = "costs"
        require_columns(columns, ("start_time", "end_time", "amount_value"), "openai, costs")
        builder.note_unknown(columns, COST_COLUMNS)
    else:
        needed = ("start_time", "end_time", "num_model_requests", "input_tokens", "output_tokens")
        require_columns(columns, needed, "openai, usage of completions")
        builder.note_unknown(columns, (*TIMES, *ORGANIZATION, *PLACES, *PARTS, *COMPLETION_AMOUNTS.values()))
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
